"""What the printers' own firmware says (public specification and sources; MK4, MINI, XL)."""

from __future__ import annotations

from typing import Any

from simulator.prusalink.printer import PrusaMachine
from simulator.prusalink.short_names import ShortNames
from simulator.prusalink.transfers import Transfer
from simulator.storage import StorageError

USB = "/usb"
PRINTABLE = (".gcode", ".gco", ".gc", ".g", ".bgcode", ".bgc")
_JOB_STATES = {"PRINTING": "PRINTING", "PAUSED": "PAUSED", "ATTENTION": "PAUSED"}


def is_printable(name: str) -> bool:
    """Whether the printer lists and takes it."""
    return name.lower().endswith(PRINTABLE)


class FirmwareReplies:
    """Makes the JSON objects of one printer."""

    def __init__(self, machine: PrusaMachine, names: ShortNames) -> None:
        self._m = machine
        self._names = names

    def version(self) -> dict[str, Any]:
        return {
            "api": "2.0.0",
            "server": "2.1.2",
            "nozzle_diameter": self._m.options.nozzle_diameter,
            "text": "PrusaLink",
            "hostname": f"prusa-{self._m.model.name.lower()}",
            "capabilities": {"upload-by-put": True},
        }

    def info(self) -> dict[str, Any]:
        return {
            "nozzle_diameter": self._m.options.nozzle_diameter,
            "mmu": False,
            "serial": self._m.spec.serial,
            "hostname": f"prusa-{self._m.model.name.lower()}",
            "min_extrusion_temp": 170,
        }

    def storage(self) -> dict[str, Any]:
        stick = {
            "path": "/usb/",
            "name": "usb",
            "type": "USB",
            "read_only": False,
            "available": not self._m.knobs.usb_missing,
        }
        return {"storage_list": [stick]}

    def status(self, transfer: Transfer | None) -> dict[str, Any]:
        reply: dict[str, Any] = {}
        if self.has_job:
            reply["job"] = self._telemetry()
        reply["storage"] = {"path": "/usb/", "name": "usb", "read_only": False}
        if transfer is not None:
            reply["transfer"] = {
                "id": transfer.id,
                "time_transferring": transfer.seconds,
                "progress": transfer.percent,
                "transferred": transfer.received,
            }
        reply["printer"] = self._printer()
        return reply

    @property
    def has_job(self) -> bool:
        """Printing, paused, or asked something while printing; not afterwards."""
        return self._m.run is not None

    def _printer(self) -> dict[str, Any]:
        machine = self._m
        nozzle = machine.heat.nozzles[min(machine.ams.extruder, len(machine.heat.nozzles) - 1)]
        place = machine.axes.position
        still = machine.state != "PRINTING"
        return {
            "state": machine.state,
            "temp_bed": round(machine.heat.bed.actual, 1),
            "target_bed": machine.heat.bed.target,
            "temp_nozzle": round(nozzle.actual, 1),
            "target_nozzle": nozzle.target,
            "axis_z": place["Z"],
            **({"axis_x": place["X"], "axis_y": place["Y"]} if still else {}),
            "flow": round(machine.flow_percent),
            "speed": round(machine.feed_percent),
            "fan_hotend": 6000 if nozzle.actual > 50 else 0,
            "fan_print": round(machine.fans[1] * 60),
        }

    def _telemetry(self) -> dict[str, Any]:
        run = self._m.plain_run
        reply: dict[str, Any] = {
            "id": self._m.job_id,
            "progress": float(self._m.shown_percent),
        }
        if self._m.job.minutes > 0:
            reply["time_remaining"] = self._m.shown_left_s
        reply["time_printing"] = int(run.printing_s) if run else 0
        return reply

    def job(self) -> dict[str, Any] | None:
        """None: 204."""
        run = self._m.plain_run
        if run is None:
            return None
        short = USB + self._names.short_path(run.path)
        telemetry = self._telemetry()
        reply = {
            "id": telemetry.pop("id"),
            "state": _JOB_STATES.get(self._m.state, "ERROR"),
            **telemetry,
            "file": {
                "refs": _refs(short),
                "name": short.rsplit("/", 1)[-1],
                "display_name": run.name,
                "path": short.rsplit("/", 1)[0],
            },
        }
        try:
            reply["file"]["size"] = self._m.storage.size(run.path)
            reply["file"]["m_timestamp"] = int(self._m.storage.modified(run.path))
        except StorageError:
            return reply  # deleted at the stick: no size, no time
        return reply

    def transfer(self, transfer: Transfer) -> dict[str, Any]:
        return {
            "type": "FROM_CLIENT",
            "display_name": transfer.name,
            "path": transfer.folder,
            "size": str(transfer.size),
            "progress": transfer.percent,
            "transferred": transfer.received,
            "time_remaining": transfer.seconds_left,
            "time_transferring": transfer.seconds,
            "to_print": transfer.to_print,
        }

    # --- files ----------------------------------------------------------------------------------

    def folder(self, path: str) -> dict[str, Any]:
        """A folder's reply; children have no sizes. Raises StorageError."""
        if self._m.knobs.usb_missing and path == "/":
            return {"type": "FOLDER", "ro": False, "name": "usb", "children": []}
        names = self._names.of_folder(path)
        short = USB + self._names.short_path(path).rstrip("/")
        children = [
            self._child(short, entry.name, names[entry.name], entry.is_dir, int(entry.modified))
            for entry in self._m.storage.list(path)
            if not entry.name.startswith(".") and (entry.is_dir or is_printable(entry.name))
        ]
        name = short.rsplit("/", 1)[-1]
        return {"type": "FOLDER", "ro": False, "name": name, "children": children}

    @staticmethod
    def _child(folder: str, name: str, short: str, is_dir: bool, modified: int) -> dict[str, Any]:
        reply: dict[str, Any] = {
            "name": short,
            "ro": False,
            "type": "FOLDER" if is_dir else "PRINT_FILE",
            "m_timestamp": modified,
        }
        if not is_dir:
            reply["refs"] = _refs(f"{folder}/{short}")
        return {**reply, "display_name": name}

    def file(self, path: str) -> dict[str, Any]:
        """A file's reply. Raises StorageError."""
        short = USB + self._names.short_path(path)
        return {
            "name": short.rsplit("/", 1)[-1],
            "ro": False,
            "type": "PRINT_FILE" if is_printable(path) else "FILE",
            "m_timestamp": int(self._m.storage.modified(path)),
            "size": self._m.storage.size(path),
            "refs": _refs(short),
            "display_name": path.rsplit("/", 1)[-1],
        }

    def uploaded(self, path: str) -> dict[str, Any]:
        """The answer to an upload, in the older form."""
        short = USB + self._names.short_path(path)
        size = self._m.storage.size(path) if self._m.storage.exists(path) else 0
        refs = {
            "resource": f"/api/files{short}",
            "thumbnailSmall": f"/thumb/s{short}",
            "thumbnailBig": f"/thumb/l{short}",
            "download": short,
        }
        return {"name": path.rsplit("/", 1)[-1], "origin": "local", "size": size, "refs": refs}

    # --- the older calls ------------------------------------------------------------------------

    def legacy_printer(self) -> dict[str, Any]:
        now, state = self._printer(), self._m.state
        printing = state in ("PRINTING", "PAUSED", "ATTENTION")
        flags: dict[str, Any] = {
            "operational": not printing,
            "paused": state == "PAUSED",
            "printing": printing,
            "cancelling": self._m.settling == "cancelling",
            "pausing": self._m.settling == "pausing",
            "error": state == "ATTENTION",
            "sdReady": False,
            "closedOnError": False,
            "ready": not printing,
            "busy": state in ("BUSY", "ATTENTION"),
        }
        if state in ("PRINTING", "PAUSED", "BUSY", "ATTENTION"):
            flags = {"link_state": state, **flags}
        goal = now["target_nozzle"]
        return {
            "telemetry": {
                "temp-bed": now["temp_bed"],
                "temp-nozzle": now["temp_nozzle"],
                "print-speed": now["speed"],
                "z-height": now["axis_z"],
                "material": "PLA",
            },
            "temperature": {
                "tool0": {
                    "actual": now["temp_nozzle"],
                    "target": goal,
                    "display": goal,
                    "offset": 0,
                },
                "bed": {"actual": now["temp_bed"], "target": now["target_bed"], "offset": 0},
            },
            "state": {"text": "Printing" if printing else "Operational", "flags": flags},
        }

    def legacy_job(self) -> dict[str, Any]:
        run = self._m.plain_run
        if run is None:
            return {"state": "Operational", "job": None, "progress": None}
        left, printing = self._m.job.minutes * 60, int(run.printing_s)
        words = {"PRINTING": "Printing", "PAUSED": "Paused", "ATTENTION": "Error"}
        return {
            "state": words.get(self._m.state, "Printing"),
            "job": {
                "estimatedPrintTime": printing + left,
                "file": {
                    "name": run.name,
                    "path": USB + self._names.short_path(run.path),
                    "display": run.name,
                },
            },
            "progress": {
                "printTimeLeft": left,
                "completion": self._m.shown_percent / 100,
                "printTime": printing,
            },
        }


def _refs(short: str) -> dict[str, str]:
    if not is_printable(short):
        return {"download": short}
    return {"icon": f"/thumb/s{short}", "thumbnail": f"/thumb/l{short}", "download": short}
