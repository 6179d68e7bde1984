"""print_stats and exclude_object: what Klippy says about the job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class PrintStats:
    """Clocks in simulated seconds. ``state``: standby, printing, paused, complete, cancelled,
    error. ``print_duration`` leaves out pauses and what comes before the first extrusion."""

    filename: str = ""
    state: str = "standby"
    message: str = ""
    total_duration: float = 0.0
    print_duration: float = 0.0
    filament_used: float = 0.0
    total_layer: int | None = None
    current_layer: int | None = None
    _running: bool = False

    def begin(self, filename: str) -> None:
        """A file was chosen: everything starts anew."""
        self.filename, self.state, self.message = filename, "standby", ""
        self.total_duration = self.print_duration = self.filament_used = 0.0
        self.total_layer = self.current_layer = None
        self._running = False

    def go(self) -> None:
        """Printing starts or goes on."""
        self.state, self._running = "printing", True

    def end(self, state: str, message: str = "") -> None:
        """paused, or one of the final states."""
        self.state, self.message = state, message
        self._running = self._running and state == "paused"

    def step(self, dt: float) -> None:
        """Let the clocks run."""
        if not self._running:
            return
        self.total_duration += dt
        if self.state == "printing" and self.filament_used > 0:
            self.print_duration += dt

    def status(self) -> dict[str, Any]:
        """The object as JSON."""
        return {
            "filename": self.filename,
            "total_duration": self.total_duration,
            "print_duration": self.print_duration,
            "filament_used": self.filament_used,
            "state": self.state,
            "message": self.message,
            "info": {"total_layer": self.total_layer, "current_layer": self.current_layer},
        }


@dataclass(slots=True)
class PrintObjects:
    """The objects of the file that can be excluded; names in capitals."""

    defined: list[dict[str, Any]] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    current: str | None = None

    def define(self, entry: dict[str, Any]) -> None:
        """Add an object, once."""
        if all(one["name"] != entry["name"] for one in self.defined):
            self.defined = sorted([*self.defined, entry], key=lambda one: str(one["name"]))

    def clear(self) -> None:
        """Another file."""
        self.defined, self.excluded, self.current = [], [], None

    @property
    def skipping(self) -> bool:
        """Whether what the file does now is left out."""
        return self.current is not None and self.current in self.excluded

    def status(self) -> dict[str, Any]:
        """The object as JSON."""
        return {
            "objects": self.defined,
            "excluded_objects": self.excluded,
            "current_object": self.current,
        }
