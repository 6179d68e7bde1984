"""What the fleet has done since the farm's start, counted: for /metrics."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from core.clock import Clock
from core.errors import FarmError, NotFound

UPLOAD_BUCKETS_S = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """All at one moment; none of them ever goes down."""

    commands: Mapping[tuple[str, str], int]  # (printer, command) -> taken by the printer
    refusals: Mapping[tuple[str, str], int]  # (printer, error code) -> refused, here or there
    starts: Mapping[str, int]  # printer -> starts that were sent
    uploads: tuple[int, ...]  # whole ones, at most as long as each of UPLOAD_BUCKETS_S, and all
    upload_s: float  # of all whole ones
    upload_failures: int  # also those that were called off


class FleetCounts:
    """Thread-safe; nobody waits for more than an addition."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._commands: Counter[tuple[str, str]] = Counter()
        self._refusals: Counter[tuple[str, str]] = Counter()
        self._starts: Counter[str] = Counter()
        self._uploads = [0] * (len(UPLOAD_BUCKETS_S) + 1)
        self._upload_s = 0.0
        self._upload_failures = 0

    @contextmanager
    def command(self, printer_id: str, name: str) -> Iterator[None]:
        """Around one command: taken, or refused by the gate or the printer."""
        with self.refusal(printer_id):
            yield
        with self._lock:
            self._commands[printer_id, name] += 1

    @contextmanager
    def refusal(self, printer_id: str) -> Iterator[None]:
        """Around what may be refused before it becomes a command: a job's claim of its printer.
        A name that is none counts for nobody: people can think of any number of them."""
        try:
            yield
        except NotFound:
            raise
        except FarmError as error:
            with self._lock:
                self._refusals[printer_id, error.error_code] += 1
            raise

    @contextmanager
    def start(self, printer_id: str, name: str) -> Iterator[None]:
        """Around a start. One whose answer is missing may have been sent too: that is the
        history's to know, here only what the printer has taken counts."""
        with self.command(printer_id, name):
            yield
        with self._lock:
            self._starts[printer_id] += 1

    @contextmanager
    def upload(self) -> Iterator[None]:
        """Around one transfer."""
        began = self._clock.monotonic()
        try:
            yield
        except BaseException:
            with self._lock:
                self._upload_failures += 1
            raise
        took = self._clock.monotonic() - began
        with self._lock:
            self._upload_s += took
            for place, bound in enumerate((*UPLOAD_BUCKETS_S, float("inf"))):
                self._uploads[place] += took <= bound

    def read(self) -> Counts:
        with self._lock:
            return Counts(
                commands=dict(self._commands),
                refusals=dict(self._refusals),
                starts=dict(self._starts),
                uploads=tuple(self._uploads),
                upload_s=self._upload_s,
                upload_failures=self._upload_failures,
            )
