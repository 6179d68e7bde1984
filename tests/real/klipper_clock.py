"""The board's clock and the things it will do at a given tick."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable

from tests.real.klipper_wire import FREQ

Due = Callable[[int], None]
"""Called with the clock it was due at."""


class Clock:
    """Counts FREQ ticks a second. Timers of a reset board are forgotten."""

    def __init__(self) -> None:
        self._zero = time.monotonic() - 1.0
        self._timers: list[tuple[int, int, Due]] = []
        self._order = 0

    def now(self) -> int:
        return int((time.monotonic() - self._zero) * FREQ)

    def wide(self, clock32: int) -> int:
        """The full clock near now of which the host sent the low 32 bits."""
        now = self.now()
        ahead = (clock32 - now) & 0xFFFFFFFF
        return now + (ahead - (1 << 32) if ahead & 0x80000000 else ahead)

    def at(self, clock: int, act: Due) -> None:
        self._order += 1
        heapq.heappush(self._timers, (clock, self._order, act))

    def forget(self, keep: Callable[[Due], bool] = lambda act: False) -> None:
        self._timers = [timer for timer in self._timers if keep(timer[2])]
        heapq.heapify(self._timers)

    def run(self) -> float:
        """Do what is due; seconds until the next."""
        while self._timers and self._timers[0][0] <= self.now():
            clock, _, act = heapq.heappop(self._timers)
            act(clock)
        return (self._timers[0][0] - self.now()) / FREQ if self._timers else 1.0


def low(clock: int) -> int:
    """The 32 bits of a clock that travel."""
    return clock & 0xFFFFFFFF
