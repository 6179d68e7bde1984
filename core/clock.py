"""Time as a parameter, so that tests own it. UTC in data, monotonic for waits."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the farm reads time from."""

    def time(self) -> float:
        """Seconds since the epoch, UTC: for records."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump: for ages, time-outs and intervals."""
        ...


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that stands still until told to move; for tests and rehearsals."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._time = start
        self._monotonic = 1_000.0

    def time(self) -> float:
        return self._time

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by ``seconds`` (>= 0)."""
        if seconds < 0:
            raise ValueError("time does not run backwards; use jump() for the wall clock")
        self._time += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Move only the wall clock, as NTP or a sleeping laptop does."""
        self._time += seconds
