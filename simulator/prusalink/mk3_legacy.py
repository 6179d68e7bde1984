"""The older calls of the server beside an MK3, in OctoPrint's words (octoprint-moonraker 3)."""

from __future__ import annotations

from typing import Any

from simulator.prusalink.mk3_files import ROOT
from simulator.prusalink.mk3_replies import CONNECT, FREE, TOTAL, Mk3Replies
from simulator.prusalink.printer import NO_SERIAL

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


class Mk3Legacy(Mk3Replies):
    """Adds what clients of OctoPrint ask for."""

    def legacy_printer(self) -> dict[str, Any]:
        machine, state = self.machine, self.machine.state
        known = {} if machine.knobs.sparse_telemetry else self.heat_and_place()
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
        return {"files": [self.files.legacy()], "free": _human(FREE), "total": _human(TOTAL)}

    def legacy_job(self) -> dict[str, Any]:
        run = self.machine.plain_run
        left, printing = self.times()
        file: dict[str, Any] = dict.fromkeys(
            ("name", "path", "date", "size", "origin", "display"), None
        )
        if run is not None:
            size, modified = self.files.shown(run.path) or (run.size, 0)
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
                "completion": self.machine.shown_percent / 100 if run else None,
                "filepos": 0,
                "printTime": printing if run else None,
                "printTimeLeft": total - printing if run else None,
                "printTimeLeftOrigin": "estimate",
                "pos_z_mm": None
                if self.machine.knobs.sparse_telemetry
                else self.machine.axes.position["Z"],
                "printSpeed": round(self.machine.feed_percent),
                "flow_factor": round(self.machine.flow_percent),
            },
            "state": _LEGACY_STATE[self.machine.state],
        }

    def settings(self, key: str) -> dict[str, Any]:
        printer = {
            "name": self.machine.spec.name,
            "location": "",
            "farm_mode": False,
            "network_error_chime": False,
        }
        return {"api-key": key, "username": self.machine.spec.user, "printer": printer}

    def connection(self) -> dict[str, Any]:
        port = "/dev/ttyAMA0"
        ok = self.machine.connected
        return {
            "current": {
                "baudrate": 115200,
                "port": port,
                "printerProfile": "_default",
                "state": _LEGACY_STATE[self.machine.state],
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
                "connect": CONNECT,
            },
        }


def _human(size: int) -> str:
    return f"{size // 2**30} G"
