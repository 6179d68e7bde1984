"""Recorded replies and frames of a real OctoPrint 1.11.8, and a Reading that hears them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.clock import Clock, SystemClock
from core.config import PrinterConfig
from core.secret import Secret
from printers.lan.report import Report
from printers.octoprint.machine import profile_of
from printers.octoprint.reading import Reading
from printers.octoprint.settings import Limits

DATA = Path(__file__).parents[2] / "data" / "octoprint"
REST: dict[str, Any] = json.loads((DATA / "rest.json").read_text())
LIVE: list[dict[str, Any]] = json.loads((DATA / "live.json").read_text())
CONFIG = PrinterConfig(
    id="op", name="Maple", type="octoprint", model="MK3S", url="http://x", api_key=Secret("k")
)


class Rig:
    """A Reading and all it published."""

    def __init__(self, config: PrinterConfig = CONFIG, clock: Clock | None = None) -> None:
        self.reports: list[Report] = []
        self.reading = Reading(config, Limits(), clock or SystemClock(), self.reports.append)
        self.reading.opened("OctoPrint 1.11.8", profile_of(body("profiles")), has_camera=True)

    @property
    def last(self) -> Report:
        return self.reports[-1]

    def hear(self, message: dict[str, Any]) -> None:
        for key, value in message.items():
            if key in ("current", "history"):
                self.reading.frame(value, live=key == "current")
            elif key == "event":
                self.reading.event(value)

    def show(self, word: str, *flags: str, path: str = "", **progress: Any) -> Report:
        state = {"text": word, "flags": dict.fromkeys(flags, True), "error": ""}
        job = {"file": {"path": path or None, "name": path.rsplit("/", 1)[-1] or None}}
        self.reading.frame({"state": state, "job": job, "progress": progress})
        return self.last


def body(note: str) -> Any:
    return REST[note]["body"]


def rest_frame(job: str, printer: str = "") -> dict[str, Any]:
    """As the client lays the two replies together."""
    shown = body(job)
    state = body(printer)["state"] if printer else {"text": shown["state"]}
    if not printer:
        state["error"] = shown.get("error")
    temps = [body(printer)["temperature"]] if printer else [None]
    return {"state": state, "job": shown["job"], "progress": shown["progress"], "temps": temps}
