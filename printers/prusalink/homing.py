"""Whether the head still knows where it is: PrusaLink does not say, so only our own orders count.

A home that was taken counts until the motors may have let go: some time after the last move, or
at once when a job, an error or a new session came in between.
"""

from __future__ import annotations

import threading

from printers import commands as c
from printers.status import PrinterState


class Homing:
    """Thread-safe. ``hold``: seconds."""

    def __init__(self, hold: float) -> None:
        self._hold = hold
        self._lock = threading.Lock()
        self._axes = ""
        self._moved_at = 0.0

    def ordered(self, command: c.Command, now: float) -> None:
        """A command was taken at monotonic ``now``."""
        with self._lock:
            if isinstance(command, c.Home):
                everything = not command.axes or "z" in command.axes
                fresh = set("xyz") if everything else set(command.axes)
                self._axes = "".join(sorted(fresh | set(self._now(now))))
                self._moved_at = now
            elif isinstance(command, c.Jog) and self._now(now):
                self._moved_at = now

    def forget(self) -> None:
        with self._lock:
            self._axes = ""

    def axes(self, state: PrinterState, now: float) -> str:
        """ "", "xy" or "xyz" for a report of ``state`` at monotonic ``now``."""
        with self._lock:
            if not state.is_at_rest and state is not PrinterState.BUSY:
                self._axes = ""
            return self._now(now)

    def _now(self, now: float) -> str:
        return self._axes if now - self._moved_at <= self._hold else ""
