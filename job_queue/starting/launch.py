"""From a request, or from the queue, to a claimed printer and a running transfer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from core.clock import Clock
from core.errors import Blocked
from job_queue.board import Board
from job_queue.draft import draft_of
from job_queue.identity import baseline_of, shown_ids
from job_queue.job import Job, JobError, JobState
from job_queue.matching.fit import PrinterFit, answered, check_request, require_start
from job_queue.matching.fitting import Fitting
from job_queue.naming import remote_name
from job_queue.records import FILE_LEFT, Cleanup, why_barred
from job_queue.starting.staging import Stager
from job_queue.starting.start import See, StartRun
from job_queue.store.base import Transaction
from job_queue.target import Target
from printers import safety
from printers.fleet import Fleet
from printers.registry import Snapshot
from printers.status import PrinterStatus
from slicer.library import FileLibrary

BOUNDS_WAIT_S = 20.0
"""How long a direct start waits for the farm to have read where the file's moves go."""

Claim = Callable[[Transaction], Job]


class Launcher:
    """Owns the threads of all attempts that have not been started yet. Thread-safe."""

    def __init__(
        self,
        board: Board,
        fleet: Fleet,
        library: FileLibrary,
        fitting: Fitting,
        clock: Clock,
        see: See,
        stager: Stager,
    ) -> None:
        self._board = board
        self._fleet = fleet
        self._library = library
        self._fitting = fitting
        self._clock = clock
        self._see = see
        self._stager = stager
        self._runs: dict[str, StartRun] = {}
        self._lock = threading.Lock()

    # -- a direct start ------------------------------------------------------------------------

    def start_file(
        self,
        printer_id: str,
        file_id: str,
        plate: int,
        *,
        ams_mapping: Sequence[int] | None,
        options: Mapping[str, bool],
        confirm: Collection[str],
        created_by: str,
    ) -> Job:
        """See JobService.start_file."""
        self._require_trust()
        snapshot = self._fleet.snapshot(printer_id)
        stored = self._library.get(file_id)
        check_request(snapshot.status.name, ams_mapping, options)
        self._require_free(snapshot)
        self._library.await_bounds(file_id, plate, BOUNDS_WAIT_S)
        fit = self._fitting.of_file(
            stored, plate, snapshot.status, ams_mapping=ams_mapping, options=options
        )
        require_start(fit, confirm)
        self._fitting.remember(stored, plate, snapshot.status, fit, confirm, created_by)
        if confirm:
            self._board.tell_file(file_id, stored)
        draft = replace(
            draft_of(stored, plate),
            target=Target.printer(printer_id),
            created_at=self._clock.time(),
            created_by=created_by,
            options=dict(options),
            confirm=answered(fit, confirm),
            ams_wanted=None if ams_mapping is None else tuple(ams_mapping),
        )

        def claim(tx: Transaction) -> Job:
            job = tx.add(replace(draft, id=tx.new_id()))
            return tx.add(self._claimed(tx, job, fit, snapshot.status))

        return self._launch(draft, snapshot, claim)

    # -- from the queue ------------------------------------------------------------------------

    def start_queued(self, job: Job, printer_id: str) -> Job:
        """One copy of a queued job on this printer. Raises what start_file raises, and Blocked
        when the job is not what it was (code ``stale``)."""
        self._require_trust()
        snapshot = self._fleet.snapshot(printer_id)
        stored = self._library.get(job.file_id)
        self._require_free(snapshot)
        fit = self._fitting.of_file(
            stored, job.plate, snapshot.status, ams_mapping=job.ams_wanted, options=job.options,
            wishes=job.filaments,
        )  # fmt: skip
        require_start(fit, job.confirm)
        if job.target.one_printer:  # else nobody has looked at this very printer
            self._fitting.remember(
                stored, job.plate, snapshot.status, fit, job.confirm, job.created_by
            )

        def claim(tx: Transaction) -> Job:
            current = tx.job(job.id)
            if current.rev != job.rev or current.state is not JobState.QUEUED:
                raise Blocked(f"{job.file_name} has just been changed.", code="stale")
            if tx.pause.on:
                raise Blocked("The queue is paused.", code="paused")
            if current.left > 1:
                current = _split_off(tx, current)
            tx.move(current.id, JobState.CLAIMED)
            claimed = self._claimed(tx, current, fit, snapshot.status)
            return tx.add(replace(claimed, state=JobState.CLAIMED, rev=current.rev + 1))

        return self._launch(job, snapshot, claim)

    # -- both ----------------------------------------------------------------------------------

    def _require_trust(self) -> None:
        trouble = self._board.store.trouble
        if trouble:
            raise Blocked(trouble, code="store_trouble")

    def _require_free(self, snapshot: Snapshot) -> None:
        job = self._board.store.view().open_jobs.get(snapshot.status.printer_id)
        if job is not None:
            raise Blocked(
                f"{job.file_name} is still open on {snapshot.status.name}.",
                code="job_open",
                details={"job_id": job.id},
            )
        safety.check_act("start", snapshot, self._clock.monotonic())
        _require_unbarred(self._board.store.view().cleanup, snapshot.status)

    def _launch(self, draft: Job, snapshot: Snapshot, claim: Claim) -> Job:
        source = self._library.path(draft.file_id)
        self._see(self._fleet.snapshot(snapshot.status.printer_id).status)
        with self._lock:  # the run is known before the watcher could call it an orphan
            with self._board.change() as tx:  # W1: reserved, or somebody was faster
                _require_claimable(tx, snapshot.status)
                job = claim(tx)
            run = StartRun(
                job, source, self._board, self._fleet, self._clock, self._see, self._recheck
            )
            self._runs[job.id] = run
            run.thread.start()
        return job

    def _claimed(self, tx: Transaction, job: Job, fit: PrinterFit, status: PrinterStatus) -> Job:
        token, name, staged = self._named(tx, job, status)
        return replace(
            job,
            printer_id=status.printer_id,
            claimed_at=self._clock.time(),
            token=token,
            remote_name=name,
            staged=staged,
            ams_mapping=fit.ams_mapping,
            baseline=baseline_of(status),
            error=None,
        )

    def _named(self, tx: Transaction, job: Job, status: PrinterStatus) -> tuple[int, str, bool]:
        """Token and name of this attempt and of no other; whether its file lies there already."""
        ahead = self._stager.take(tx, job, status)
        if ahead is not None and ahead.staged is not None:
            return ahead.staged.token, ahead.remote_name, True
        token = tx.new_token(shown_ids(status.job))
        return token, remote_name(job.file_name, token, job.kind), False

    def _recheck(self, job: Job, status: PrinterStatus) -> None:
        """The last look's repetition: trays or nozzle may have changed during the transfer."""
        stored = self._library.get(job.file_id)
        fit = self._fitting.of_file(
            stored, job.plate, status, ams_mapping=job.ams_mapping, options=job.options,
            wishes=job.filaments,
        )  # fmt: skip
        require_start(fit, job.confirm)

    # -- the threads ---------------------------------------------------------------------------

    def cancel(self, job: Job, error: JobError) -> bool:
        """End the transfer of this attempt; False when there is none, or too late."""
        with self._lock:
            run = self._runs.get(job.id)
        at_work = run is not None and run.token == job.token and run.thread.is_alive()
        return run is not None and at_work and job.state.is_before_start and run.cancel(error)

    def running(self) -> list[StartRun]:
        with self._lock:
            return [run for run in self._runs.values() if run.thread.is_alive()]

    def alive(self) -> set[str]:
        """Ids of the jobs whose thread is at work; the others' are forgotten."""
        with self._lock:
            for job_id in [i for i, run in self._runs.items() if not run.thread.is_alive()]:
                del self._runs[job_id]
            return set(self._runs)


def _require_claimable(tx: Transaction, status: PrinterStatus) -> None:
    if tx.trouble:
        raise Blocked(tx.trouble, code="store_trouble")
    other = tx.open_job(status.printer_id)
    if other is not None:
        raise Blocked(f"{other.file_name} is still open on {status.name}.", code="job_open")
    bed = tx.bed(status.printer_id)
    if bed is None or not bed.clear:
        raise Blocked(f"The bed of {status.name} is not marked clear.", code="bed_not_clear")
    _require_unbarred(tx.cleanup, status)


def _require_unbarred(cleanup: Sequence[Cleanup], status: PrinterStatus) -> None:
    why = why_barred(cleanup, status.printer_id, status.name)
    if why:
        raise Blocked(why, code=FILE_LEFT)


def _split_off(tx: Transaction, job: Job) -> Job:
    """One copy becomes a job of its own; the last one never does."""
    copy = replace(
        job,
        id=tx.new_id(),
        rev=1,
        copies=1,
        made=0,
        handed=0,
        series=job.id,
        tries=0,
        attempts=(),
        attempt=1,
        error=None,
        evidence=(),
    )
    tx.touch(job.id, handed=job.handed + 1)
    return tx.add(copy)
