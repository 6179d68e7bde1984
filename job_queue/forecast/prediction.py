"""What a forecast is made from and what it says: uncertain times, lanes, jobs. See play.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import erf, sqrt

from core.config import HeatingConfig
from job_queue.forecast.estimates import Figures, Spread
from job_queue.job import Job
from job_queue.matching.heating import Load
from job_queue.matching.match import Candidate, Fits, Reason

_SIGMAS_TO_P90 = 1.2816


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a printer works on now. ``left`` None: nobody knows how long."""

    job_id: str = ""  # "" = not the farm's
    name: str = ""
    started_at: float | None = None  # epoch s
    began: bool = False  # the printer has been seen at it
    left: Spread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterNow:
    """A printer as the forecast begins with it."""

    candidate: Candidate
    model: str = ""  # what its durations are learned under
    running: Running | None = None
    free_in: Spread | None = None  # until it may take a job; None = nobody knows
    out: Reason | None = None  # why not, when nobody knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a forecast looks at."""

    now: float  # epoch s
    printers: Sequence[PrinterNow]
    jobs: Iterable[Job]  # those that do not wait are left out
    figures: Figures
    fits: Fits
    slots: int = 4  # transfers at once
    auto_assign: bool = True
    slicer_of: Callable[[Job], str] = field(default=lambda _: "")
    heating: HeatingConfig = field(default_factory=HeatingConfig)
    loads: Mapping[str, Load] = field(default_factory=dict)  # by printer, for the limits of heating


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One copy on one printer; epoch s. ``end`` None: its duration is not known."""

    job_id: str
    copy: int  # 1…copies
    printer_id: str
    start: float
    start_p90: float
    end: float | None
    end_p90: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    printer_id: str
    name: str
    running: Running | None = None
    out: Reason | None = None
    planned: tuple[Planned, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A waiting job: its first copy's start, its last one's end. ``placed`` of its ``left``."""

    start: float
    end: float | None
    end_p90: float | None
    placed: int
    left: int
    printers: tuple[str, ...]
    deadline: float | None = None
    late: str = ""  # "" in time, "maybe" (one in ten or more), "yes" (more likely than not)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    at: float  # epoch s
    lanes: tuple[Lane, ...] = ()
    jobs: Mapping[str, Outcome] = field(default_factory=dict)
    never: tuple[tuple[str, Reason], ...] = ()
    never_count: int = 0
    pending: int = 0  # copies whose files are still being read or judged
    beyond: int = 0  # copies behind the last one that was looked at
    unknown: int = 0  # prints whose ends nobody can tell; not counted in the end of all
    all_done_at: float | None = None  # of everything that will start by itself
    all_done_p90: float | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """An uncertain time: mean, variance, and how far the mean lies from the middle."""

    mean: float
    var: float = 0.0
    skew: float = 0.0

    def plus(self, more: Spread) -> Moment:
        """Independent of what came before. The sum of many leans less than each of them."""
        var = (more.p90 - more.p50) ** 2
        skew = self.skew + var * (more.mean - more.p50)
        return Moment(self.mean + more.mean, self.var + var, skew)

    @property
    def p50(self) -> float:
        return self.mean - self.skew / self.var if self.var else self.mean

    @property
    def p90(self) -> float:
        return self.p50 + sqrt(self.var)


def lateness(deadline: float | None, end: float | None, p90: float | None) -> str:
    if deadline is None or end is None or p90 is None or p90 <= deadline:
        return ""
    return "yes" if end > deadline else "maybe"


def latest(ends: Sequence[Moment], share: float) -> float:
    """By when all of them are over with this probability: later than each one's own time."""
    low = max(end.p50 for end in ends)
    high = max(end.p90 for end in ends) + 4 * max(sqrt(end.var) for end in ends)
    if _all_over(ends, low) >= share:
        return low
    for _ in range(40):
        middle = (low + high) / 2
        if _all_over(ends, middle) >= share:
            high = middle
        else:
            low = middle
    return high


def _all_over(ends: Iterable[Moment], at: float) -> float:
    chance = 1.0
    for end in ends:
        sigma = sqrt(end.var) / _SIGMAS_TO_P90
        apart = at - end.p50
        chance *= 0.5 * (1 + erf(apart / sigma / sqrt(2))) if sigma else float(apart >= 0)
    return chance
