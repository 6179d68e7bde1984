"""What P1 and A1 add to the common keys (bambu-lan B6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.ams import EXTERNAL
from simulator.bambu.reports.spools import external

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_UPGRADE = {
    "sequence_id": 0,
    "progress": "",
    "status": "IDLE",
    "consistency_request": False,
    "cur_state_code": 0,
    "dis_state": 0,
    "err_code": 0,
    "force_upgrade": False,
    "idx2": 0,
    "message": "",
    "module": "",
    "new_ver_list": [],
    "new_version_state": 2,
}
_UPLOAD = {"status": "idle", "progress": 0, "message": ""}
_ONLINE = {"ahb": False, "rfid": False, "version": 7}


def legacy_part(machine: BambuMachine) -> dict[str, Any]:
    """P1P, P1S, A1, A1 mini. No mc_print_error_code, no fail_reason, no device, no fun."""
    options = machine.options
    keys: dict[str, Any] = {
        "chamber_temper": 5,  # there is no sensor: the constant is real (A4.2)
        "filam_bak": [],
        "flag3": 15,
        "k": "0.0200",
        "lifecycle": "product",
        "mc_print_line_number": str(machine.job.line),
        "mess_production_state": "active",
        "vt_tray": external(machine, EXTERNAL, "254"),
        "ipcam": {
            "ipcam_dev": "1",
            "ipcam_record": "enable" if options.recording else "disable",
            "timelapse": "enable" if options.timelapse else "disable",
            "resolution": options.resolution if machine.model.family == "a1" else "",
            "tutk_server": "disable",
            "mode_bits": 3,
        },
        "upgrade_state": _UPGRADE,
        "upload": _UPLOAD,
        "online": _ONLINE,
    }
    if machine.model.family == "a1":
        marker = options.xcam["buildplate_marker_detector"]
        keys["xcam"] = {"buildplate_marker_detector": marker}
    return keys
