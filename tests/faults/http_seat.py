"""One printer behind a print server as the tests of its faults see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from job_queue.job import Job
from tests.faults.conftest import WAIT_S, Seat, Sim

if TYPE_CHECKING:
    from tests.faults.http_farm import Stage

OCTOPRINT, MOONRAKER, MK3, FIRMWARE = KINDS = ("octoprint", "moonraker", "mk3", "firmware")
LIVE = (OCTOPRINT, MOONRAKER)
"""Those that tell by themselves, over a web socket."""
POLLED = (MK3, FIRMWARE)
MODELS = {OCTOPRINT: "Ender 3", MOONRAKER: "Voron 2.4", MK3: "MK3S", FIRMWARE: "MK4"}
NAMES = {OCTOPRINT: "Oak", MOONRAKER: "Maple", MK3: "Pine", FIRMWARE: "Fir"}
NEIGHBOUR = "neighbour"


def http_fault(*names: str, kinds: tuple[str, ...] = KINDS) -> pytest.MarkDecorator:
    """The test is about these knobs and actions of these makes."""
    return pytest.mark.http_fault(*names, kinds=kinds)


class _MarkedSim(Sim):
    """Remembers the make together with the name."""

    def __init__(self, handle: Any, kind: str, used: set[tuple[str, str]]) -> None:
        self._names: set[str] = set()
        super().__init__(handle, self._names)
        self._kind, self._all = kind, used

    def set(self, **knobs: Any) -> None:
        super().set(**knobs)
        self._all.update((self._kind, name) for name in self._names)

    def do(self, action: str, **arguments: Any) -> Any:
        result = super().do(action, **arguments)
        self._all.update((self._kind, name) for name in self._names)
        return result


class HttpSeat(Seat):
    """One printer behind a print server, and the person who watches it."""

    every = 0.04  # less often than a single printer: many are watched at once

    def __init__(self, stage: Stage, printer_id: str, kind: str) -> None:
        super().__init__(stage, printer_id, MODELS[kind])  # type: ignore[arg-type]
        self.stage = stage
        self.target = 30.0
        self.kind = kind
        self.sim = _MarkedSim(stage.simulated.printer(printer_id), kind, stage.used)

    def __repr__(self) -> str:
        return self.id

    def ready(self, seconds: float = WAIT_S) -> dict[str, Any]:
        """At rest, somebody has looked at the bed, and its temperatures are measured. The farm's
        own first look comes before theirs: it would take back what was said during it."""
        self.until(
            lambda p: p["state"] in ("ready", "needs_clear") and p["temps"], "no rest", seconds
        )
        own = self.farm.jobs._watch._sight._own
        self.until(lambda _: self.id in own, "the farm never looked", seconds)
        if not self.panel()["bed"]["clear"]:
            self.farm.jobs.mark_clear(self.id)
        return self.until(lambda p: p["state"] == "ready" and p["temps"], "never ready", seconds)

    def is_live(self) -> None:
        """What is shown follows the machine."""
        self.target += 1.0
        goal = self.target
        self.sim.handle.peek(lambda m: setattr(m.heat.nozzles[0], "target", goal))
        self.until(lambda p: p["temps"].get("nozzle", [0, 0])[1] == goal, "frozen values")

    def stored(self) -> str:
        files = self.sim.handle.peek(lambda m: m.storage.list("/"))
        return next(e.name for e in files if e.name.endswith(".gcode"))

    def start(self, file_id: str = "", **options: Any) -> Job:
        file_id = file_id or self.stage.sliced(self.kind)
        return self.farm.jobs.start_file(self.id, file_id, confirm=("all",), **options)

    def printing(self) -> Job:
        """A print of the farm's own that is under way."""
        self.ready()
        job = self.job_until(self.start(), "printing")
        self.in_state("printing")
        return job

    def prints_locally(self) -> dict[str, Any]:
        """Somebody has started a stored file past the farm."""
        self.ready()
        self.sim.handle.do("start_local", name=self.stored())
        return self.until(lambda p: p["state"] == "printing" and p["job"], "prints nothing")

    def starts(self) -> int:
        """How many requests to start a print have reached the server."""
        return sum(map(_is_start, self.sim.handle.requests()))

    def orders(self) -> list[dict[str, Any]]:
        """Everything that reached the server and changes something."""
        return [request for request in self.sim.handle.requests() if _is_order(request)]

    def since(self, mark: int) -> list[tuple[str, str]]:
        """(state, sentence) of everything shown since ``len(seat.history)`` was ``mark``."""
        shown = [(s.state.value, s.message) for s in self.history[mark:]]
        return [now for now, before in zip(shown, [None, *shown], strict=False) if now != before]

    def fingerprint(self) -> str:
        """All of its panel that does not move while nothing happens to it."""
        panel = self.panel()
        still = ("state", "sub", "message", "pause", "fault", "faults", "notices", "lock", "bed")
        job = panel["job"]
        return json.dumps([*(panel[key] for key in still), job and job["name"], panel["caps"]])


def _is_start(request: Mapping[str, Any]) -> bool:
    body, path, method = request.get("body"), str(request.get("path")), request.get("method")
    told = body if isinstance(body, dict) else {}
    if method == "WS":
        return bool(told.get("method") == "printer.print.start")
    if path.startswith("/api/files/"):
        return told.get("command") == "select" and bool(told.get("print"))
    if path.startswith("/api/v1/files/"):
        after = request.get("headers", {}).get("Print-After-Upload", "?0") == "?1"
        return method == "POST" or (method == "PUT" and after)
    return path == "/printer/print/start" or (
        path == "/api/job" and told.get("command") in ("start", "restart")
    )


def _is_order(request: Mapping[str, Any]) -> bool:
    if request.get("method") != "WS":
        login = str(request.get("path")) in ("/api/login", "/access/login")
        return request.get("method") not in ("GET", "HEAD") and not login
    body = request.get("body")
    method = str(body.get("method", "")) if isinstance(body, dict) else ""
    return method.startswith(("printer.print.", "printer.gcode.script", "printer.emergency"))
