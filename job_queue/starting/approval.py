"""People's marks on printers: the bed is clear (with six seconds to think again), maintenance."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from core.clock import Clock
from core.errors import Blocked
from job_queue.board import Board
from job_queue.records import BedRecord, Maintenance
from job_queue.starting import beds
from job_queue.starting.start import See
from job_queue.timing import Timing
from printers import safety
from printers.fleet import Fleet


class Approval:
    """One approval = one start. Refused while a job is open there."""

    def __init__(self, board: Board, fleet: Fleet, clock: Clock, timing: Timing, see: See) -> None:
        self._board = board
        self._see = see
        self._fleet = fleet
        self._clock = clock
        self._timing = timing
        self._lock = threading.Lock()
        self._undo: dict[str, _Given] = {}
        self._taken_back: set[str] = set()  # by somebody this very moment

    def mark_clear(self, printer_id: str, by: str = "") -> None:
        """``by``: the user's name. Raises Blocked: job_open, printer_busy, …; PrinterOffline:
        unknown is not clear."""
        snapshot = self._fleet.snapshot(printer_id)
        name = snapshot.status.name
        job = self._board.store.view().open_jobs.get(printer_id)
        if job is not None:
            raise _job_open(name, job.file_name)
        self._see(snapshot.status)  # an approval of before may have lapsed, this one must not
        before = self._board.store.view().bed(printer_id)
        if before is not None and before.clear:
            return  # said twice is still said
        snapshot = self._fleet.snapshot(printer_id)
        safety.check_act("mark-clear", snapshot, self._clock.monotonic())
        bed = beds.approved(self._clock.time(), snapshot.status, by)
        at = self._clock.monotonic()
        with self._lock:  # before the write: no pass may come between
            self._undo[printer_id] = (bed, None, at)
        with self._board.change() as tx:
            job = tx.open_job(printer_id)
            if job is not None:
                raise _job_open(name, job.file_name)
            before = tx.bed(printer_id)
            tx.set_bed(printer_id, bed)
        with self._lock:
            self._undo[printer_id] = (bed, before, at)

    def revocable(self) -> dict[str, float]:
        """By printer: seconds for which the last approval of its bed can still be taken back. The
        dispatcher waits for so long."""
        mono, most = self._clock.monotonic(), self._timing.hold_s
        most = self._timing.undo_s if most is None else most
        with self._lock:
            ages = {name: mono - at for name, (_, _, at) in self._undo.items()}
            left = {name: most - age for name, age in ages.items() if age < most}
            return dict.fromkeys(self._taken_back, most) | left

    def undo(self, printer_id: str) -> None:
        """Raises Blocked when it is too late or something else has happened since, StorageError
        when the disk refuses (it can be tried again then)."""
        name = self._fleet.snapshot(printer_id).status.name
        with self._taking_back(printer_id, name) as (bed, before, _), self._board.change() as tx:
            job = tx.open_job(printer_id)
            if job is not None:
                raise _job_open(name, job.file_name)
            if not _is_of(tx.bed(printer_id), bed):
                raise Blocked(f"The bed of {name} has changed since.", code="undo_expired")
            tx.set_bed(printer_id, before or BedRecord(since=self._clock.time()))

    @contextmanager
    def _taking_back(self, printer_id: str, name: str) -> Iterator[_Given]:
        """No pass comes between the question whether it is in time and the write, however long
        the disk takes; once it is written, it cannot be taken back again."""
        with self._lock:
            given = self._undo.get(printer_id)
            if given is None or self._clock.monotonic() - given[2] > self._timing.undo_s:
                raise Blocked(f"It is too late to undo this on {name}.", code="undo_expired")
            self._taken_back.add(printer_id)
        try:
            yield given
            with self._lock:
                self._undo.pop(printer_id, None)
        finally:
            with self._lock:
                self._taken_back.discard(printer_id)

    def set_maintenance(self, printer_id: str, on: bool, note: str) -> None:
        """Keeps new jobs away; a running one goes on."""
        snapshot = self._fleet.snapshot(printer_id)
        safety.check_act("maintenance", snapshot, self._clock.monotonic())
        since = self._clock.time() if on else None
        with self._board.change() as tx:
            maintenance = Maintenance(on=on, note=note if on else "", since=since)
            tx.set_maintenance(printer_id, maintenance)


_Given = tuple[BedRecord, BedRecord | None, float]
"""The approval, the bed before it (None: not known yet), when (monotonic s)."""


def _is_of(bed: BedRecord | None, approval: BedRecord) -> bool:
    """Whether it is clear by this very approval, whatever the screen has told since."""
    return bed is not None and replace(bed, shown=approval.shown) == approval


def _job_open(name: str, file_name: str) -> Blocked:
    return Blocked(
        f"{file_name} is still open on {name}. Its bed can be marked clear once that has ended.",
        code="job_open",
    )
