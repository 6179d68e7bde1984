"""Statistics of long histories: sums of what was read once are kept, only new lines are read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from job_queue.history.attempts import month_of
from job_queue.history.months import Months
from job_queue.history.tallies import Statistics
from job_queue.history.wanted import Wanted

KEPT = 60
"""Parts of the history (a month, or the wanted days of one) whose sums stay in memory."""


@dataclass(slots=True)
class _Part:
    """The sums of a month's first ``size`` bytes."""

    mended: int
    size: int = 0
    found: Statistics = field(default_factory=Statistics)


class Sums:
    """Thread-safe."""

    def __init__(self, months: Months) -> None:
        self._months = months
        self._lock = threading.Lock()
        self._parts: OrderedDict[tuple[str, Wanted], _Part] = OrderedDict()

    def of(self, wanted: Wanted) -> Statistics:
        """Raises StorageError."""
        total = Statistics()
        with self._lock:
            for month in self._months.names():
                if wanted.takes_month(month):
                    total.merge(self._part(month, _within(month, wanted)))
        return total

    def _part(self, month: str, wanted: Wanted) -> Statistics:
        part = self._parts.pop((month, wanted), None)
        if part is None or part.mended != self._months.mended:
            part = _Part(self._months.mended)
        self._parts[month, wanted] = part
        while len(self._parts) > KEPT:
            self._parts.popitem(last=False)
        size = self._months.size(month)
        try:
            for _, record in self._months.records(month, part.size, size):
                if wanted.takes(record):
                    part.found.add(record)
        except BaseException:
            del self._parts[month, wanted]  # added up in part
            raise
        part.size = size
        if part.mended != self._months.mended:  # just now: what was read may have moved
            return self._part(month, wanted)
        return part.found


def _within(month: str, wanted: Wanted) -> Wanted:
    """Without the ends that lie in other months, so that whole months are asked for in one way."""
    since = wanted.since if wanted.since is not None and month_of(wanted.since) == month else None
    until = wanted.until if wanted.until is not None and month_of(wanted.until) == month else None
    return replace(wanted, since=since, until=until)
