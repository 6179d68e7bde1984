"""Recorded replies of the real server (tests/data/prusalink), and firmware replies built by the
public specification: nothing of the latter was recorded."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "data" / "prusalink"


def recorded(name: str) -> dict[str, Any]:
    """One recording of PrusaLink 0.8.1 (MK3S) with a pretended board: "mk3_idle", …"""
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    return found


FIRMWARE_VERSION: dict[str, Any] = {
    "api": "2.0.0",
    "server": "2.1.2",
    "nozzle_diameter": 0.40,
    "text": "PrusaLink",
    "hostname": "prusa-mk4",
    "capabilities": {"upload-by-put": True},
}
FIRMWARE_INFO: dict[str, Any] = {
    "nozzle_diameter": 0.40,
    "mmu": False,
    "serial": "10589-3742441631337133",
    "hostname": "prusa-mk4",
    "min_extrusion_temp": 170,
}
FIRMWARE_STORAGE: dict[str, Any] = {
    "storage_list": [
        {"path": "/usb/", "name": "usb", "type": "USB", "read_only": False, "available": True}
    ]
}
_STATUS: dict[str, Any] = {
    "storage": {"path": "/usb/", "name": "usb", "read_only": False},
    "printer": {
        "state": "IDLE",
        "temp_bed": 24.9,
        "target_bed": 0.0,
        "temp_nozzle": 26.1,
        "target_nozzle": 0.0,
        "axis_z": 12.0,
        "axis_x": 0.0,
        "axis_y": 0.0,
        "flow": 100,
        "speed": 100,
        "fan_hotend": 0,
        "fan_print": 0,
    },
}
FIRMWARE_JOB: dict[str, Any] = {
    "id": 326,
    "state": "PRINTING",
    "progress": 41.0,
    "time_remaining": 1230,
    "time_printing": 900,
    "file": {
        "refs": {"download": "/usb/FARM/CUBE-1~1.BGC", "icon": "/thumb/s/usb/CUBE-1~1.BGC"},
        "name": "CUBE-1~1.BGC",
        "display_name": "cube-12.bgcode",
        "path": "/usb/FARM",
        "size": 4711,
        "m_timestamp": 1795249382,
    },
}


def firmware_status(state: str, *, job: bool = False, **more: Any) -> dict[str, Any]:
    """The firmware's /api/v1/status in ``state``; ``job``: with the number 326."""
    status = copy.deepcopy(_STATUS)
    status["printer"]["state"] = state
    if job:
        keys = ("id", "progress", "time_remaining", "time_printing")
        status["job"] = {key: FIRMWARE_JOB[key] for key in keys}
    return status | more
