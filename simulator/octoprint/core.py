"""What all parts of a virtual OctoPrint share: its state, its events and its log."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from simulator.octoprint.files import FileTree
from simulator.octoprint.knobs import OctoPrintKnobs
from simulator.octoprint.states import State
from simulator.octoprint.temperatures import Temperatures
from simulator.plain_machine import PlainPrinter

USER = "admin"  # whose API key it is
_MARKINGS_KEPT = 60
_LINES_KEPT = 300

Listener = Callable[[str, Any], None]


class Core:
    """``revision`` grows with everything a ``current`` message would show differently."""

    def __init__(self, machine: PlainPrinter, files: FileTree) -> None:
        self.machine = machine
        self.files = files
        self.listeners: list[Listener] = []
        self.reset()

    def reset(self) -> None:
        """As after a start of the server."""
        self.state = State.OFFLINE
        self.error = ""
        self.error_details: dict[str, Any] = {"error": "", "reason": ""}
        self.revision = 0
        self.temperatures = Temperatures(self.machine)
        self.markings: deque[dict[str, Any]] = deque(maxlen=_MARKINGS_KEPT)
        self.lines: deque[str] = deque(maxlen=_LINES_KEPT)  # of the serial log
        self.lines_written = 0
        self.offsets: dict[str, float] = {}
        self.transmitted = 0
        self.current_z: float | None = None

    @property
    def knobs(self) -> OctoPrintKnobs:
        """The machine's, with OctoPrint's own."""
        return cast(OctoPrintKnobs, self.machine.knobs)

    @property
    def state_text(self) -> str:
        """The state in words."""
        if self.state is State.OFFLINE and self.error:
            return "Offline after error"
        return self.state.text

    def flags(self) -> dict[str, bool]:
        """``state.flags``."""
        flags = self.state.flags
        return {**flags, "sdReady": False} if self.knobs.sd_missing else flags

    def touch(self) -> None:
        """Something that is pushed has changed."""
        self.revision += 1

    def emit(self, event: str, payload: Any = None) -> None:
        """Tell the listeners."""
        for listener in self.listeners:
            listener(event, payload)

    def enter(self, state: State) -> None:
        """Change the state and say so."""
        if state is self.state:
            return
        self.log(f'Changing monitoring state from "{self.state.text}" to "{state.text}"')
        self.state = state
        self.touch()
        self.emit("PrinterStateChanged", {"state_id": state.name, "state_string": state.text})

    def mark(self, kind: str, label: str) -> None:
        """A mark in the temperature graph."""
        self.markings.append({"type": kind, "label": label, "time": time.time()})
        self.emit("ChartMarked", {"type": kind, "label": label})

    def log(self, line: str) -> None:
        """One line of the serial log."""
        self.lines.append(line)
        self.lines_written += 1

    def send(self, gcode: str) -> None:
        """One line of G-code to the machine."""
        self.transmitted += 1
        self.log(f"Send: {gcode}")
        self.machine.console.send(gcode)
        self.touch()
