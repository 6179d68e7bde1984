"""When each printer was last seen: what was not watched may have been printed on.

Known over restarts by a small file of the store, written for all printers at once and seldom. It
may be older than the truth, never newer; without it everything counts as long ago.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from pathlib import Path

from core.clock import Clock
from job_queue.identity import echoes
from job_queue.job import Job
from job_queue.records import Seen
from job_queue.store.base import JobStore
from job_queue.timing import Timing
from printers.status import PrinterStatus

CLOCKS_AGREE_S = 5.0
"""The wall clock and the monotonic one tell the same time between two looks, within this. When
they do not, a clock was set or the computer slept: then neither is believed."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Gap:
    """How long a printer was not seen before this report. ``seconds`` inf: nobody knows."""

    seconds: float
    since: float | None = None  # epoch s, None: not known
    until: float = 0.0  # epoch s
    replaced: bool = False  # the printer of this id was another machine then

    @property
    def sentence(self) -> str:
        """For the person who has to look."""
        if self.replaced:
            return "Another machine than before; look at its bed once"
        if self.since is None:
            return "Not watched for a time nobody knows; look at the bed once"
        since, until = _local(self.since), _local(self.until)
        days = since.date() != until.date()
        times = " to ".join(f"{one.day} {one:%b %H:%M}" if days else f"{one:%H:%M}"
                            for one in (since, until))  # fmt: skip
        return f"Not watched from {times}; look at the bed once"


class Sight:
    """Thread-safe. ``gap`` before a report is judged, ``saw`` once what follows is durable."""

    def __init__(
        self,
        store: JobStore,
        clock: Clock,
        timing: Timing,
        boot: Callable[[], str] | None = None,
        machine: Callable[[str], str] = lambda _: "",
    ) -> None:
        """``machine``: which one has a printer's id by the configuration of this process."""
        self._store, self._clock, self._timing = store, clock, timing
        self._machine = machine
        self._boot = (boot or boot_id)()
        self._known = dict(store.seen())
        self._own: set[str] = set()  # seen by this process
        self._lock = threading.Lock()
        self._changed = False
        self._kept_at = clock.monotonic()

    def gap(self, status: PrinterStatus) -> Gap:
        """Between the last report that was judged and this one, which must be believable."""
        at, mono = self._moment(status)
        seen = self._known.get(status.printer_id)
        if seen is None:
            return Gap(inf)
        if self._is_replaced(seen, status):
            return Gap(inf, replaced=True)
        passed = self._passed(seen, at, mono)
        if passed < 0:  # somebody else has judged a newer one already
            return Gap(0.0 if status.printer_id in self._own else inf)
        is_told = passed < inf or at - seen.at > self._timing.unwatched_s
        return Gap(passed, seen.at if is_told else None, at)

    def saw(self, status: PrinterStatus, job: Job | None) -> None:
        """``job``: the farm's open one there."""
        at, mono = self._moment(status)
        at_work = job is not None and status.state.has_job and echoes(job, status.job)
        seen = Seen(
            at=at, mono=mono, boot=self._boot, token=job.token if job and at_work else 0,
            machine=self._machine(status.printer_id), serial=status.machine.serial,
        )  # fmt: skip
        with self._lock:
            known = self._known.get(status.printer_id)
            if known is not None and not seen.serial and not self._is_replaced(known, status):
                seen = replace(seen, serial=known.serial)  # not every report says it
            if known is None or status.printer_id not in self._own or mono >= known.mono:
                self._known[status.printer_id] = seen
                self._own.add(status.printer_id)
                self._changed = True

    def _is_replaced(self, seen: Seen, status: PrinterStatus) -> bool:
        """By the configuration, or by what it says of itself: routers give addresses away."""
        said = status.machine.serial
        by_its_word = bool(said and seen.serial) and said != seen.serial
        return by_its_word or seen.machine != self._machine(status.printer_id)

    def at_work(self, job: Job) -> float | None:
        """When this attempt was last seen at work by the process before (monotonic); None: not
        the last thing that it saw, or nobody knows how long ago."""
        seen = self._known.get(job.printer_id)
        if seen is None or seen.token != job.token:
            return None
        if seen.machine != self._machine(job.printer_id):
            return None
        passed = self._passed(seen, self._clock.time(), self._clock.monotonic())
        return seen.mono if 0 <= passed < inf else None

    def tend(self) -> None:
        """Once a second: write it down when it is time."""
        if self._clock.monotonic() - self._kept_at >= self._timing.sight_every_s:
            self.keep()

    def keep(self) -> None:
        """Write it down now. A disk that refuses costs people a look at the beds, no more."""
        with self._lock:
            if not self._changed:
                return
            known, self._changed = dict(self._known), False
        self._kept_at = self._clock.monotonic()
        self._store.keep_seen(known)

    def _passed(self, seen: Seen, at: float, mono: float) -> float:
        """Seconds since then, inf when the clocks do not agree about it."""
        by_wall, by_mono = at - seen.at, mono - seen.mono
        if seen.boot != self._boot or abs(by_wall - by_mono) > CLOCKS_AGREE_S:
            return inf
        return by_mono if by_mono < 0 else max(by_wall, by_mono)

    def _moment(self, status: PrinterStatus) -> tuple[float, float]:
        at, mono = status.observed_at, status.observed_mono
        if at is None or mono is None:
            return self._clock.time(), self._clock.monotonic()
        return at, mono


def boot_id() -> str:
    """Which run of the computer this is, "" where it does not tell: its monotonic clock begins
    anew then, and a clock without battery may tell the time of the last run."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at).astimezone()
