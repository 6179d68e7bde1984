"""What the server beside an MK3 says, key by key as recorded (octoprint-moonraker 3)."""

from __future__ import annotations

from typing import Any

from simulator.prusalink.mk3_files import ROOT, Mk3Files
from simulator.prusalink.printer import NO_SERIAL, PrusaMachine
from simulator.prusalink.transfers import Transfer

FREE, TOTAL = 82_831_810_560, 270_553_174_016
_CONNECT = {"ok": True, "message": "Connect isn't configured"}
_LEGACY_STATE = {
    "IDLE": "Operational",
    "FINISHED": "Operational",
    "STOPPED": "Cancelling",
    "PRINTING": "Printing",
    "PAUSED": "Paused",
    "BUSY": "Busy",
    "ERROR": "Error",
    "ATTENTION": "Error",
}


class Mk3Replies:
    """Makes the JSON objects of one printer."""

    def __init__(self, machine: PrusaMachine, files: Mk3Files) -> None:
        self._m = machine
        self._files = files

    def version(self) -> dict[str, Any]:
        return {
            "api": "2.0.0",
            "server": "0.8.1",
            "original": f"PrusaLink I3{self._m.model.code}",
            "text": "PrusaLink 0.8.1",
            "firmware": self._m.model.firmware,
            "sdk": "0.8.1",
            "capabilities": {"upload-by-put": True},
            "hostname": "prusalink",
        }

    def info(self) -> dict[str, Any]:
        return {
            "name": self._m.spec.name,
            "location": "",
            "farm_mode": False,
            "network_error_chime": False,
            "nozzle_diameter": self._m.options.nozzle_diameter,
            "min_extrusion_temp": 170,
            "serial": self._m.spec.serial,
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
        if self._m.run is not None:
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
        complaint = self._m.complaint
        return {
            "state": self._m.state,
            **({} if self._m.knobs.sparse_telemetry else self._heat_and_place()),
            "flow": round(self._m.flow_percent),
            "speed": round(self._m.feed_percent),
            "status_connect": _CONNECT,
            "status_printer": {"ok": not complaint, "message": complaint or "OK"},
        }

    def _heat_and_place(self) -> dict[str, Any]:
        machine = self._m
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

    def _times(self) -> tuple[int | None, int]:
        """(seconds left or None, seconds of printing)."""
        run = self._m.plain_run
        if run is None:
            return None, 0
        known = self._m.shown_percent > 0 or self._m.job.minutes > 0
        return self._m.shown_left_s if known else None, int(run.printing_s)

    def _telemetry(self) -> dict[str, Any]:
        left, printing = self._times()
        reply: dict[str, Any] = {"id": self._m.job_id, "progress": float(self._m.shown_percent)}
        if left is not None:
            reply["time_remaining"] = left
        if printing:
            reply["time_printing"] = printing
        return reply

    def job(self) -> dict[str, Any] | None:
        """None: 204."""
        run = self._m.plain_run
        if run is None:
            return None
        left, printing = self._times()
        size, modified = self._files.shown(run.path) or (run.size, 0)
        path = f"/{ROOT}{run.path}"
        return {
            "file": {
                "name": run.name,
                "display_name": run.name,
                "path": path,
                "display_path": path,
                "size": size,
                "m_timestamp": modified,
                "refs": self._files.refs(run.path),
                "meta": self._files.meta(run.path),
            },
            "id": self._m.job_id,
            "state": self._m.state,
            "progress": float(self._m.shown_percent),
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
                    "print_files": self._files.size_of("/"),
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

    # --- the older calls ------------------------------------------------------------------------

    def legacy_printer(self) -> dict[str, Any]:
        machine, state = self._m, self._m.state
        known = {} if machine.knobs.sparse_telemetry else self._heat_and_place()
        rest = state in ("IDLE", "FINISHED", "STOPPED")
        return {
            "temperature": {
                "tool0": {"actual": known.get("temp_nozzle"), "target": known.get("target_nozzle")},
                "bed": {"actual": known.get("temp_bed"), "target": known.get("target_bed")},
            },
            "sd": {"ready": True},
            "state": {
                "text": _LEGACY_STATE[state],
                "flags": {
                    "operational": rest,
                    "paused": state == "PAUSED",
                    "printing": state == "PRINTING",
                    "cancelling": state == "STOPPED",
                    "pausing": state == "PAUSED",
                    "sdReady": True,
                    "error": state == "ERROR",
                    "ready": state == "IDLE",
                    "closedOrError": state == "ERROR",
                    "finished": state == "FINISHED",
                    "prepared": False,
                    "link_state": state,
                },
            },
            "telemetry": {
                "temp-bed": known.get("temp_bed"),
                "temp-nozzle": known.get("temp_nozzle"),
                "material": " - ",
                "z-height": known.get("axis_z"),
                "print-speed": round(machine.feed_percent),
                "axis_x": known.get("axis_x"),
                "axis_y": known.get("axis_y"),
                "axis_z": known.get("axis_z"),
            },
            "storage": {"local": {"free_space": FREE, "total_space": TOTAL}, "sd_card": None},
        }

    def legacy_files(self) -> dict[str, Any]:
        return {"files": [self._files.legacy()], "free": _human(FREE), "total": _human(TOTAL)}

    def legacy_job(self) -> dict[str, Any]:
        run = self._m.plain_run
        left, printing = self._times()
        file: dict[str, Any] = dict.fromkeys(
            ("name", "path", "date", "size", "origin", "display"), None
        )
        if run is not None:
            size, modified = self._files.shown(run.path) or (run.size, 0)
            file = {
                "name": run.name,
                "path": f"/{ROOT}{run.path}",
                "date": modified,
                "size": size,
                "origin": "local",
                "display": run.name,
            }
        total = 0 if run is None else printing + (left or round(run.timeline.total_s))
        return {
            "job": {
                "estimatedPrintTime": total,
                "averagePrintTime": None,
                "lastPrintTime": None,
                "filament": None,
                "file": file,
                "user": "_api",
            },
            "progress": {
                "completion": self._m.shown_percent / 100 if run else None,
                "filepos": 0,
                "printTime": printing if run else None,
                "printTimeLeft": total - printing if run else None,
                "printTimeLeftOrigin": "estimate",
                "pos_z_mm": None if self._m.knobs.sparse_telemetry else self._m.axes.position["Z"],
                "printSpeed": round(self._m.feed_percent),
                "flow_factor": round(self._m.flow_percent),
            },
            "state": _LEGACY_STATE[self._m.state],
        }

    def settings(self, key: str) -> dict[str, Any]:
        printer = {
            "name": self._m.spec.name,
            "location": "",
            "farm_mode": False,
            "network_error_chime": False,
        }
        return {"api-key": key, "username": self._m.spec.user, "printer": printer}

    def connection(self) -> dict[str, Any]:
        port = "/dev/ttyAMA0"
        ok = self._m.connected
        return {
            "current": {
                "baudrate": 115200,
                "port": port,
                "printerProfile": "_default",
                "state": _LEGACY_STATE[self._m.state],
            },
            "options": {
                "ports": [port],
                "baudrates": [115200],
                "printerProfiles": [{"id": "_default", "name": "Prusa MK3S"}],
                "autoconnect": True,
            },
            "connect": {
                "hostname": "connect.prusa3d.com",
                "port": 0,
                "tls": True,
                "registration": "NO_REGISTRATION",
                "code": None,
            },
            "states": {
                "printer": {"ok": ok, "message": "OK" if ok else NO_SERIAL},
                "connect": _CONNECT,
            },
        }


def _human(size: int) -> str:
    return f"{size // 2**30} G"
