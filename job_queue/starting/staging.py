"""Sends the file of a printer's next job ahead, while it still prints. Off unless switched on.

A file that lies on a printer is no start. It has a name and a token of its own, given before the
first byte is sent and reserved for one attempt: the claim that takes it takes it off the record in
the same write, and an attempt's name is never used again. What no claim takes is removed like any
file left behind. Everything here gives way to a real start and is no more than a saved transfer:
in doubt the file goes, and the start sends its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from core.clock import Clock
from core.errors import FarmError, StorageError
from job_queue.board import Board
from job_queue.identity import names_start, shown_ids, signature
from job_queue.job import Job, JobState
from job_queue.naming import remote_name
from job_queue.records import Cleanup, Staged, staged_on
from job_queue.starting.stage_run import StageRun
from job_queue.starting.watch import WATCHED_S
from job_queue.store.base import Transaction
from job_queue.timing import Timing
from printers.fleet import Fleet
from printers.registry import Snapshot
from printers.status import PrinterState, PrinterStatus
from slicer.library import FileLibrary

logger = logging.getLogger(__name__)

ARRIVED = "lies there before its start"
"""In the log, once for each file."""
Moment = tuple[float, float]
"""Monotonic s, epoch s."""
Useful = Callable[[str, Staged], bool]
"""Whether the next job on that printer may still be one of this file."""


class Stager:
    """Thread-safe. ``arrange`` is the dispatcher's, ``take`` a claim's, the rest the service's."""

    def __init__(
        self, board: Board, fleet: Fleet, library: FileLibrary, clock: Clock, timing: Timing
    ) -> None:
        self._board = board
        self._fleet = fleet
        self._library = library
        self._clock = clock
        self._timing = timing
        self._runs: dict[str, StageRun] = {}  # by printer
        self._seen: dict[int, Moment] = {}  # by token: when the printer last reported
        self._rests: dict[str, float] = {}  # by printer: monotonic time of the next try
        self._stopped = False
        # a file on record has its transfer, or nobody looks; never taken inside the store's own
        self._lock = threading.RLock()

    # -- the dispatcher's ----------------------------------------------------------------------

    def arrange(self, wanted: Mapping[str, Job], useful: Useful, slots: int) -> None:
        """Begin the transfers in ``wanted`` (by printer), as far as ``slots`` transfers may run;
        end those that are too many, and let go of files that are of no use any more."""
        for item in self.ahead():
            if item.staged is not None and not useful(item.printer_id, item.staged):
                self._let_go(item)
        running = self._running()
        for run in running[max(0, slots) :]:
            run.cancel.set()
        room = slots - len(running)
        for printer_id, job in wanted.items():
            if room > 0 and self._begin(printer_id, job):
                room -= 1

    def ahead(self) -> list[Cleanup]:
        """The files on record, on their way or there."""
        return [item for item in self._board.store.view().cleanup if item.staged is not None]

    def _running(self) -> list[StageRun]:
        return [run for run in list(self._runs.values()) if run.thread.is_alive()]

    def _begin(self, printer_id: str, job: Job) -> bool:
        run = self._runs.get(printer_id)
        busy = run is not None and run.thread.is_alive()
        if busy or self._stopped or self._rests.get(printer_id, 0.0) > self._clock.monotonic():
            return False
        source = self._library.path(job.file_id)
        with self._lock:
            item = self._reserve(job, self._fleet.snapshot(printer_id).status)
            if item is None or item.staged is None:
                return False
            self._seen[item.staged.token] = self._now()
            run = StageRun(item, source, self._fleet, self._ended)
            self._runs[printer_id] = run
            run.thread.start()
        if self._starts_there(printer_id):  # claimed since the record was written
            run.cancel.set()
        return True

    def _starts_there(self, printer_id: str) -> bool:
        job = self._board.store.view().open_jobs.get(printer_id)
        return job is not None and job.state.is_before_start

    def _reserve(self, job: Job, status: PrinterStatus) -> Cleanup | None:
        """On the record before the first byte: a crash leaves no file that nobody knows of."""
        printer_id, now = status.printer_id, self._clock.time()
        with self._board.change() as tx:
            current = tx.jobs.get(job.id)
            same = current is not None and current.rev == job.rev and current.state.is_waiting
            if not same or tx.trouble or tx.pause.on or staged_on(tx.cleanup, printer_id):
                return None
            other = tx.open_job(printer_id)
            if other is not None and other.state is not JobState.PRINTING:
                return None
            token = tx.new_token(shown_ids(status.job))
            staged = Staged(
                token=token, file_id=job.file_id, sha256=job.sha256, size_bytes=job.size_bytes,
                job_id=job.id, at=now,
            )  # fmt: skip
            item = Cleanup(
                printer_id=printer_id,
                remote_name=remote_name(job.file_name, token, job.kind),
                due_at=now + self._timing.keep_staged_s,
                staged=staged,
            )
            tx.add_cleanup(item)
        logger.info("%s: sending %s ahead as %s", printer_id, job.file_name, item.remote_name)
        return item

    def _ended(self, run: StageRun, error: FarmError | None) -> None:
        """The last act of a transfer's thread: the file is there, or it is to be removed."""
        item = run.item
        whole = error is None
        if error is not None and not run.cancel.is_set():
            logger.info("%s: not sent ahead: %s", item.printer_id, error.message)
            self._rests[item.printer_id] = self._clock.monotonic() + self._timing.stage_rest_s
        with self._board.change() as tx:
            current = staged_on(tx.cleanup, item.printer_id)
            if current is None or current.staged is None or current.staged != item.staged:
                return
            if whole and not run.cancel.is_set():
                tx.add_cleanup(replace(current, staged=replace(current.staged, ready=True)))
                logger.info("%s: %s %s", item.printer_id, item.remote_name, ARRIVED)
            else:
                _void(tx, current, self._clock.time())

    # -- the claim's ---------------------------------------------------------------------------

    def take(self, tx: Transaction, job: Job, status: PrinterStatus) -> Cleanup | None:
        """The file that lies there for this job, taken off the record; None: it is to be sent.

        Whatever lies there for another job goes: a file sent ahead never outlives a start.
        """
        item = staged_on(tx.cleanup, status.printer_id)
        if item is None or item.staged is None:
            return None
        staged = item.staged
        if not staged.ready:
            self._cancel(item)  # its thread takes it off the record when it has ended
            return None
        same = (staged.file_id, staged.sha256, staged.size_bytes) == (
            job.file_id, job.sha256, job.size_bytes
        )  # fmt: skip
        if not same or not self._vouches(item, staged, status):
            _void(tx, item, self._clock.time())
            return None
        tx.drop_cleanup(item.printer_id, item.remote_name)
        return item

    def _vouches(self, item: Cleanup, staged: Staged, status: PrinterStatus) -> bool:
        """The printer has been watched ever since, and has never shown this name."""
        watched = self._has_watched(staged.token, self._now())
        in_time = item.due_at > self._clock.time()
        return in_time and watched and not _is_shown(staged, item, status)

    def _now(self) -> Moment:
        return self._clock.monotonic(), self._clock.time()

    def _has_watched(self, token: int, now: Moment) -> bool:
        """Without a gap in which a print may have come and gone, by either clock: one stands still
        while the computer sleeps, the other may be set."""
        last = self._seen.get(token)
        if last is None:
            return False
        return all(abs(new - old) <= WATCHED_S for new, old in zip(now, last, strict=True))

    # -- the service's -------------------------------------------------------------------------

    def recover(self) -> None:
        """After a restart: a farm that was away cannot say what became of them."""
        for item in self.ahead():
            self._let_go(item)

    def look(self, snapshot: Snapshot) -> None:
        """One printer's newest report: it vouches for the file there, or gives it away."""
        with self._lock:
            item = staged_on(self._board.store.view().cleanup, snapshot.status.printer_id)
            if item is not None and item.staged is not None:
                self._look_at(item, item.staged, snapshot.status)

    def _look_at(self, item: Cleanup, staged: Staged, status: PrinterStatus) -> None:
        if status.observed_mono is None:
            return
        state, token = status.state, staged.token
        if not state.is_connected or state is PrinterState.UNKNOWN:
            return
        at = (status.observed_mono, status.observed_at or 0.0)
        may_be_it = _is_shown(staged, item, status) or self._prints_unknown(status)
        if may_be_it or not self._has_watched(token, at):
            logger.info("%s: %s is not trusted any more", status.printer_id, item.remote_name)
            self._let_go(item)
            return
        self._seen[token] = max(at, self._seen[token])
        if not staged.ready and not (state is PrinterState.PRINTING or state.is_at_rest):
            self._cancel(item)

    def _prints_unknown(self, status: PrinterStatus) -> bool:
        """Somebody prints there, and the printer does not say what: it may be the file."""
        if not status.state.has_job or signature(status.job):
            return False
        job = self._board.store.view().open_jobs.get(status.printer_id)
        return job is None or job.state not in (JobState.PRINTING, JobState.PAUSED)

    def tend(self) -> None:
        """Files that nothing took in time, and those whose thread could not write its end."""
        now = self._clock.time()
        with self._lock:
            for item in self.ahead():
                if item.due_at <= now or not self._is_cared_for(item):
                    self._let_go(item)
            tokens = {item.staged.token for item in self.ahead() if item.staged is not None}
            for token in self._seen.keys() - tokens:
                del self._seen[token]

    def _is_cared_for(self, item: Cleanup) -> bool:
        return item.staged is None or item.staged.ready or self._run_of(item) is not None

    def stop(self, timeout: float) -> None:
        """No transfer goes on, and none begins."""
        self._stopped = True
        for run in self._running():
            run.cancel.set()
        for run in self._running():
            run.thread.join(timeout)

    # -- letting go ----------------------------------------------------------------------------

    def _run_of(self, item: Cleanup) -> StageRun | None:
        run = self._runs.get(item.printer_id)
        mine = run is not None and run.item.remote_name == item.remote_name
        return run if mine and run is not None and run.thread.is_alive() else None

    def _cancel(self, item: Cleanup) -> bool:
        run = self._run_of(item)
        if run is not None:
            run.cancel.set()
        return run is not None

    def _let_go(self, item: Cleanup) -> None:
        """For good. A transfer under way first ends: what is removed before its last byte would
        come back."""
        if self._cancel(item):
            return
        try:
            with self._board.change() as tx:
                current = staged_on(tx.cleanup, item.printer_id)
                if current is not None and current.remote_name == item.remote_name:
                    _void(tx, current, self._clock.time())
        except StorageError as error:
            logger.error("%s: %s", item.printer_id, error.message)  # the next round tries again


def _void(tx: Transaction, item: Cleanup, now: float) -> None:
    """From now on it is a file left behind, whose name no start will ever have."""
    tx.add_cleanup(replace(item, staged=None, due_at=now))


def _is_shown(staged: Staged, item: Cleanup, status: PrinterStatus) -> bool:
    """Somebody started the file at the printer's screen, or the printer by itself."""
    return names_start(status.job, staged.token, item.remote_name)
