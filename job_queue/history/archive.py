"""Every ended attempt, kept for good. The queue forgets old jobs; this does not.

What has ended is heard on the bus (topic "job") and looked for in the queue's own records at every
start, so an end that nobody heard is written then: each attempt once, by job id and number. The
newest records stay in memory, older ones are read from their month's file when asked for.
"""

from __future__ import annotations

import bisect
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.clock import Clock
from core.errors import StorageError
from core.events import Bus
from job_queue.board import TOPIC
from job_queue.history.attempts import Cleared, Ended, Record, ended_of, month_of, with_cleared
from job_queue.history.months import Months, Place
from job_queue.history.sums import Sums
from job_queue.history.tallies import Statistics
from job_queue.history.wanted import Wanted
from job_queue.job import Job
from job_queue.records import BedRecord, QueueState

logger = logging.getLogger(__name__)

NEWEST = 200
"""So many records are kept in memory."""
TICK_S = 2.0
RETRY_S = 15.0
"""After a write that the disk refused."""
SURE_S = 10.0
"""A bed that stays clear for so long will not be taken back any more (starting/approval.py)."""

Describe = Callable[[Job, Ended, Job | None], Record]
Recorded = Callable[[Record], None]
"""Told of every new record, once it is on the disk; must return at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Newest first; ``next`` is where the following page begins, None = that is all."""

    records: tuple[Record, ...]
    next: Place | None


class History:
    """Thread-safe; ``start`` before use."""

    def __init__(
        self,
        view: Callable[[], QueueState],
        describe: Describe,
        months: Months,
        bus: Bus,
        clock: Clock,
        recorded: Recorded | None = None,
    ) -> None:
        self._recorded = recorded
        self._view = view
        self._describe = describe
        self._months = months
        self._sums = Sums(months)
        self._bus = bus
        self._clock = clock
        self._lock = threading.Lock()
        self._written: dict[str, set[int]] = {}  # of the jobs the queue knows: attempts on record
        self._newest: list[tuple[Place, Record]] = []  # in order, without a gap
        self._uncleared: dict[str, Record] = {}  # by printer: the last print, its bed not clear yet
        self._seen_clear: dict[str, BedRecord] = {}
        self._is_open = False
        self._late = False  # a write was refused: everything is looked through again
        self._retry_at = 0.0
        self._mended = 0
        self._box = bus.subscribe(TOPIC)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="jobs:history", daemon=True)

    # -- life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Read the newest, write what ended unheard, begin to listen. A folder that cannot be
        used now is tried again: printing does not wait for the history."""
        self._guarded(self.open)
        self._thread.start()

    def open(self) -> None:
        """The first half of ``start``. Raises StorageError."""
        self._months.open()
        self._read_newest()
        self._uncleared = self._last_uncleared()
        self.reconcile()
        self._is_open = True

    def stop(self, timeout: float = 5.0) -> None:
        """What has ended until now is written."""
        self._stopping.set()
        self._bus.unsubscribe(self._box)  # wakes the thread
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _follow(self) -> None:
        while not self._stopping.is_set():
            slots = self._box.take(TICK_S)
            self._guarded(partial(self.hear, slots))
        if self._is_open:
            self._guarded(self.reconcile)

    def _guarded(self, act: Callable[[], None]) -> None:
        """The thread's barrier. What the disk refused is tried again."""
        try:
            act()
        except StorageError as error:
            self._late, self._retry_at = True, self._clock.monotonic() + RETRY_S
            logger.error("history: %s", error.message)
        except Exception:
            self._late, self._retry_at = True, self._clock.monotonic() + RETRY_S
            logger.exception("history: an end could not be written")

    # -- writing -------------------------------------------------------------------------------

    def hear(self, slots: dict[Any, Any]) -> None:
        """News of jobs, and once in a while none. Raises StorageError."""
        if not self._is_open:
            if self._clock.monotonic() >= self._retry_at:
                self.open()
            return
        if self._months.mended != self._mended:
            self._read_newest()
            self._late, self._retry_at = True, 0.0  # what was lost is written again
        if not self._late:
            self._write(job for job in slots.values() if isinstance(job, Job))
        elif self._clock.monotonic() >= self._retry_at:
            self.reconcile()
        self._look_at_beds()
        for (_, job_id), value in slots.items():
            if value is None and job_id not in self._view().jobs:
                self._written.pop(job_id, None)

    def reconcile(self) -> None:
        """Everything that has ended in the queue and is not on record. Raises StorageError."""
        jobs = self._view().jobs
        ends = {month_of(end.ended_at) for job in jobs.values() for end in ended_of(job)}
        known: dict[str, set[int]] = {}
        for month in sorted(ends):
            for _, record in self._months.records(month):
                if record.job_id in jobs:
                    known.setdefault(record.job_id, set()).add(record.attempt)
        with self._lock:
            self._written = known
        self._write(jobs.values())
        self._late = False

    def _write(self, jobs: Iterable[Job]) -> None:
        by_month: dict[str, list[Record]] = {}
        for job in jobs:
            for ended in ended_of(job):
                if ended.number not in self._written.get(job.id, ()):
                    record = self._describe(job, ended, self._view().jobs.get(job.series))
                    by_month.setdefault(record.month, []).append(record)
        for month, records in sorted(by_month.items()):
            records.sort(key=lambda record: record.ended_at)
            places = self._months.append(month, records)
            with self._lock:
                for place, record in zip(places, records, strict=True):
                    self._written.setdefault(record.job_id, set()).add(record.attempt)
                    self._remember(place, record)
            for record in records:
                if record.started_at is not None:
                    self._uncleared[record.printer_id] = record
                    self._seen_clear.pop(record.printer_id, None)
                    if self._recorded is not None:
                        self._recorded(record)

    def _remember(self, place: Place, record: Record) -> None:
        """Among the newest, unless it belongs before them."""
        if len(self._newest) >= NEWEST and place < self._newest[0][0]:
            return
        bisect.insort(self._newest, (place, record), key=lambda entry: entry[0])
        del self._newest[:-NEWEST]

    def _look_at_beds(self) -> None:
        """When a person marked the bed of the last print clear. Raises StorageError."""
        view, now = self._view(), self._clock.time()
        for printer_id, record in list(self._uncleared.items()):
            bed = view.bed(printer_id)
            if bed is None:
                continue
            seen = self._cleared(record, bed, claimed=printer_id in view.open_jobs, now=now)
            if seen is None:
                continue
            cleared = Cleared(
                job_id=record.job_id, attempt=record.attempt, at=seen.since, by=seen.by
            )
            self._months.append(record.month, [cleared])
            self._uncleared.pop(printer_id)
            self._seen_clear.pop(printer_id, None)
            with self._lock:
                self._newest = [
                    (place, with_cleared(known, cleared if known.key == record.key else None))
                    for place, known in self._newest
                ]

    def _cleared(
        self, record: Record, bed: BedRecord, *, claimed: bool, now: float
    ) -> BedRecord | None:
        """The bed as it was called clear; None while nobody has, or may still think again. What
        comes after an approval (a claim, another job on the bed) proves it."""
        seen = self._seen_clear.get(record.printer_id)
        if bed.clear and bed.since >= record.ended_at:
            self._seen_clear[record.printer_id] = bed
            return bed if claimed or now - bed.since >= SURE_S else None
        if seen is None:
            return None
        if bed.job_id not in ("", record.job_id) or bed.active:
            return seen
        del self._seen_clear[record.printer_id]  # taken back
        return None

    # -- reading -------------------------------------------------------------------------------

    @property
    def problems(self) -> tuple[str, ...]:
        """What was found wrong with the files, in sentences for people."""
        late = "The history cannot be written at the moment. The farm goes on trying."
        return (*self._months.problems, *([late] if self._late else []))

    def is_recorded(self, job_id: str, attempt: int) -> bool:
        """Whether this attempt is durably on record. Of jobs that the queue still knows; of
        others it says no."""
        with self._lock:
            return attempt in self._written.get(job_id, ())

    def has_all_of(self, job: Job) -> bool:
        """Whether the queue may forget this job: everything of it that has ended is on record."""
        with self._lock:
            written = self._written.get(job.id, set())
            return all(ended.number in written for ended in ended_of(job))

    def page(self, wanted: Wanted, limit: int, before: Place | None = None) -> Page:
        """``limit`` 1–500 records that end before that place. Raises StorageError."""
        found: list[tuple[Place, Record]] = []
        for place, record in self._backwards(wanted, limit + 1, before):
            found.append((place, record))
            if len(found) > limit:
                break
        more = len(found) > limit
        return Page(
            records=tuple(record for _, record in found[:limit]),
            next=found[limit - 1][0] if more else None,
        )

    def _backwards(
        self, wanted: Wanted, most: int, before: Place | None
    ) -> Iterator[tuple[Place, Record]]:
        """Newest first: from memory, then month by month with at most ``most`` of each."""
        with self._lock:
            newest = self._newest
            kept = [e for e in newest if before is None or e[0] < before]
            oldest = newest[0][0] if newest else None
        yield from (entry for entry in reversed(kept) if wanted.takes(entry[1]))
        if oldest is None or before is None or oldest < before:
            before = oldest
        for month in reversed(self._months.names()):
            if before is None or month > before[0] or not wanted.takes_month(month):
                continue
            window: deque[tuple[Place, Record]] = deque(maxlen=most)
            for place, record in self._months.records(month):
                if place >= before:
                    break
                if wanted.takes(record):
                    window.append((place, record))
            yield from reversed(window)

    def statistics(self, wanted: Wanted) -> Statistics:
        """Sums over what is wanted. Raises StorageError."""
        return self._sums.of(wanted)

    def all(self, wanted: Wanted) -> Iterator[Record]:
        """Oldest first, read a piece at a time. Raises StorageError, at the start or later."""
        for month in self._months.names():
            if wanted.takes_month(month):
                yield from (r for _, r in self._months.records(month) if wanted.takes(r))

    # -- the newest ----------------------------------------------------------------------------

    def _read_newest(self) -> None:
        self._mended = self._months.mended
        newest: list[tuple[Place, Record]] = []
        for month in reversed(self._months.names()):
            part = deque(self._months.records(month), maxlen=NEWEST - len(newest))
            newest = [*part, *newest]
            if len(newest) >= NEWEST:
                break
        with self._lock:
            self._newest = newest

    def _last_uncleared(self) -> dict[str, Record]:
        last = {r.printer_id: r for _, r in self._newest if r.started_at is not None}
        return {name: record for name, record in last.items() if record.cleared_at is None}
