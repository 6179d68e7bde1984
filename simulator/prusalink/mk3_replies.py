"""What the server beside an MK3 says, key by key as recorded (octoprint-moonraker 3)."""

from __future__ import annotations

from typing import Any

from simulator.prusalink.mk3_files import ROOT, Mk3Files
from simulator.prusalink.printer import PrusaMachine
from simulator.prusalink.transfers import Transfer

FREE, TOTAL = 82_831_810_560, 270_553_174_016
CONNECT = {"ok": True, "message": "Connect isn't configured"}


class Mk3Replies:
    """Makes the JSON objects of one printer."""

    def __init__(self, machine: PrusaMachine, files: Mk3Files) -> None:
        self.machine = machine
        self.files = files

    def version(self) -> dict[str, Any]:
        return {
            "api": "2.0.0",
            "server": "0.8.1",
            "original": f"PrusaLink I3{self.machine.model.code}",
            "text": "PrusaLink 0.8.1",
            "firmware": self.machine.model.firmware,
            "sdk": "0.8.1",
            "capabilities": {"upload-by-put": True},
            "hostname": "prusalink",
        }

    def info(self) -> dict[str, Any]:
        return {
            "name": self.machine.spec.name,
            "location": "",
            "farm_mode": False,
            "network_error_chime": False,
            "nozzle_diameter": self.machine.options.nozzle_diameter,
            "min_extrusion_temp": 170,
            "serial": self.machine.spec.serial,
            "hostname": "connect.prusa3d.com",
            "port": 0,
        }

    def status(self, transfer: Transfer | None) -> dict[str, Any]:
        reply: dict[str, Any] = {
            "storage": [
                {"path": "/local", "read_only": False, "free_space": FREE, "name": ROOT},
                {"path": "/sdcard", "read_only": True, "name": "SD Card"},
            ],
            "printer": self._printer(),
        }
        if self.machine.run is not None:
            reply["job"] = self._telemetry()
        if transfer is not None:
            reply["transfer"] = {
                "id": transfer.id,
                "time_transferring": transfer.seconds,
                "progress": transfer.percent,
                "data_transferred": transfer.received,
            }
        return reply

    def _printer(self) -> dict[str, Any]:
        complaint = self.machine.complaint
        return {
            "state": self.machine.state,
            **({} if self.machine.knobs.sparse_telemetry else self.heat_and_place()),
            "flow": round(self.machine.flow_percent),
            "speed": round(self.machine.feed_percent),
            "status_connect": CONNECT,
            "status_printer": {"ok": not complaint, "message": complaint or "OK"},
        }

    def heat_and_place(self) -> dict[str, Any]:
        machine = self.machine
        nozzle, bed = machine.heat.nozzles[0], machine.heat.bed
        place = machine.axes.position
        still = machine.state != "PRINTING"
        return {
            "temp_nozzle": round(nozzle.actual, 1),
            "target_nozzle": nozzle.target,
            "temp_bed": round(bed.actual, 1),
            "target_bed": bed.target,
            **({"axis_x": place["X"], "axis_y": place["Y"]} if still else {}),
            "axis_z": place["Z"],
            "fan_hotend": 4500 if nozzle.actual > 50 else 0,
            "fan_print": round(machine.fans[1] * 40),
        }

    def times(self) -> tuple[int | None, int]:
        """(seconds left or None, seconds of printing)."""
        run = self.machine.plain_run
        if run is None:
            return None, 0
        known = self.machine.shown_percent > 0 or self.machine.job.minutes > 0
        return self.machine.shown_left_s if known else None, int(run.printing_s)

    def _telemetry(self) -> dict[str, Any]:
        left, printing = self.times()
        reply: dict[str, Any] = {
            "id": self.machine.job_id,
            "progress": float(self.machine.shown_percent),
        }
        if left is not None:
            reply["time_remaining"] = left
        if printing:
            reply["time_printing"] = printing
        return reply

    def job(self) -> dict[str, Any] | None:
        """None: 204."""
        run = self.machine.plain_run
        if run is None:
            return None
        left, printing = self.times()
        size, modified = self.files.shown(run.path) or (run.size, 0)
        path = f"/{ROOT}{run.path}"
        return {
            "file": {
                "name": run.name,
                "display_name": run.name,
                "path": path,
                "display_path": path,
                "size": size,
                "m_timestamp": modified,
                "refs": self.files.refs(run.path),
                "meta": self.files.meta(run.path),
            },
            "id": self.machine.job_id,
            "state": self.machine.state,
            "progress": float(self.machine.shown_percent),
            "time_remaining": left,
            "time_printing": printing,
            "inaccurate_estimates": left is None,
        }

    def storage(self) -> dict[str, Any]:
        return {
            "storage_list": [
                {
                    "type": "LOCAL",
                    "path": "/local",
                    "available": True,
                    "free_space": FREE,
                    "total_space": TOTAL,
                    "read_only": False,
                    "name": ROOT,
                    "print_files": self.files.size_of("/"),
                    "system_files": 0,
                },
                {
                    "type": "SDCARD",
                    "path": "/sdcard",
                    "available": True,
                    "read_only": True,
                    "name": "SD Card",
                    "print_files": 0,
                    "system_files": 0,
                },
            ]
        }

    def transfer(self, transfer: Transfer) -> dict[str, Any]:
        return {
            "type": "FROM_CLIENT",
            "display_name": transfer.name,
            "path": transfer.folder,
            "url": None,
            "size": transfer.size,
            "progress": transfer.percent,
            "transferred": transfer.received,
            "time_remaining": transfer.seconds_left,
            "time_transferring": transfer.seconds,
            "to_print": transfer.to_print,
        }
