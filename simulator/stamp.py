"""For benchmarks: when a printer reports, and the moment of it inside the report.

The moment is hidden in numbers of the job that pass through a farm unchanged and come out in its
smallest update: milliseconds modulo CYCLE_MS as the layer (Bambu, Klipper) or as the minutes that
are left (OctoPrint, PrusaLink), their hundredths as the percentage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

CYCLE_MS = 20_000
_ODD = 1 / 7  # of an interval: no moment on a timetable is a whole second, which would read as 0


def stamp_of(now_ns: int) -> tuple[int, int]:
    """(milliseconds 0–19,999, hundredths 0–99) of time.time_ns()."""
    return now_ns // 1_000_000 % CYCLE_MS, now_ns // 10_000 % 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """``hertz`` 0: as the make does by itself. ``phase`` 0–1 spreads printers over an interval."""

    hertz: float = 0.0
    phase: float = 0.0
    stamp: bool = False

    def next_after(self, now: float) -> float:
        """The next moment on the timetable, s; ``hertz`` must be above 0."""
        return (math.floor(now * self.hertz - self.phase) + 1 + self.phase) / self.hertz

    def last_change_ns(self, now_ns: int) -> int:
        """When something that is only polled has changed last: once a second without ``hertz``."""
        every = int(1e9 / (self.hertz or 1.0))
        shift = int((self.phase + _ODD) * every)
        return now_ns - (now_ns - shift) % every
