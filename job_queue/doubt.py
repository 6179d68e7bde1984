"""A person's answer to an uncertain start, and the fence that makes "not started" true."""

from __future__ import annotations

from core.clock import Clock
from core.errors import BadRequest, Blocked, FarmError, NotFound, PrinterTimeout
from job_queue import beds
from job_queue.board import Board
from job_queue.closing import back_to_queue, end_after_start, mark_used
from job_queue.identity import echoes
from job_queue.job import Job, JobError, JobState
from job_queue.store import Transaction
from job_queue.timing import Timing
from job_queue.watch import Watch
from printers.fleet import Fleet
from printers.status import PrinterState

OUTCOMES = ("printing", "not_started", "give_up")


class Doubt:
    """Resolves needs_human. Every answer ends with the bed asking for a look."""

    def __init__(
        self, board: Board, fleet: Fleet, watch: Watch, clock: Clock, timing: Timing
    ) -> None:
        self._board = board
        self._fleet = fleet
        self._watch = watch
        self._clock = clock
        self._timing = timing

    def resolve(self, job: Job, outcome: str, rev: int) -> Job:
        """Raises BadRequest, Blocked (code ``stale`` for another revision), or the printer's own
        error when the fence is not possible now."""
        if outcome not in OUTCOMES:
            raise BadRequest(f"There is no outcome {outcome!r}; known are {', '.join(OUTCOMES)}.")
        self._require(job, rev)
        if outcome == "printing":
            return self._is_printing(job)
        if outcome == "not_started":
            self._fence(job)
            text = "A person saw that it did not start; the file was removed from the printer."
            return self._close(job, JobError(code="not_started", text=text))
        text = "A person gave this job up. It is not known whether it printed."
        return self._close(job, JobError(code="given_up", text=text))

    def _require(self, job: Job, rev: int) -> None:
        if rev != job.rev:
            raise Blocked(
                f"{job.file_name} has changed since you looked. Look at it again.",
                code="stale",
                details={"rev": job.rev},
            )
        if job.state is not JobState.NEEDS_HUMAN:
            raise Blocked(
                f"{job.file_name} is {job.state.value}; there is nothing to decide.",
                code="not_uncertain",
            )

    def _is_printing(self, job: Job) -> Job:
        status = self._fleet.snapshot(job.printer_id).status
        if status.state in (PrinterState.IDLE, PrinterState.FAILED):
            raise Blocked(
                f"{status.name} is not printing: it reports {status.state.value}.",
                code="not_printing",
            )
        with self._board.change() as tx:
            self._require(tx.job(job.id), job.rev)
            tx.note(job.id, self._clock.time(), "A person says that the printer prints this job")
            alias = self._watch.alias_of(status)
            return tx.move(job.id, JobState.PRINTING, error=None, alias=alias)

    def _close(self, job: Job, error: JobError) -> Job:
        """The job's end, or its way back into the queue; the bed asks for a look either way."""
        now = self._clock.time()
        with self._board.change() as tx:
            current = tx.job(job.id)
            self._require(current, job.rev)
            current = tx.note(job.id, now, error.text)
            bed = tx.bed(job.printer_id)
            ended = self._end(tx, current, error, now)
            if bed is not None and not bed.active:
                why = beds.after_end(job, JobState.NEEDS_HUMAN, None, now)
                tx.set_bed(job.printer_id, why)
            return ended

    def _end(self, tx: Transaction, job: Job, error: JobError, now: float) -> Job:
        state, timing = JobState.FAILED, self._timing
        if job.from_queue and error.code == "not_started":
            mark_used(tx, job, state, error, now, percent=None, timing=timing)
            return back_to_queue(tx, job, error, now, by_person=True)
        return end_after_start(tx, job, state, error, now, percent=None, timing=timing)

    def _fence(self, job: Job) -> None:
        """The quiet period, the printer's newest report, and the file proved gone."""
        name = self._fleet.snapshot(job.printer_id).status.name
        self._require_quiet(job, name)
        adapter = self._fleet.adapter(job.printer_id)
        status = adapter.refresh()
        if not status.state.is_at_rest:
            raise Blocked(
                f"{name} is {status.state.value}: it cannot be said that nothing started.",
                code="printer_busy",
            )
        if echoes(job, status.job) and status.state is not PrinterState.IDLE:
            raise Blocked(
                f"{name} shows this job on its screen, so it was taken. "
                "Say that it printed, or give it up.",
                code="printer_shows_job",
            )
        try:
            adapter.delete_remote(job.remote_name)
        except NotFound:
            pass
        except FarmError as error:
            raise Blocked(
                f"{name} would not delete the file, so a late start cannot be ruled out: "
                f"{error.message}",
                code="fence_failed",
            ) from error
        if adapter.remote_size(job.remote_name) is not None:
            raise PrinterTimeout(
                f"{name} still has the file after it was deleted. Try again in a minute.",
                code="fence_failed",
            )

    def _require_quiet(self, job: Job, name: str) -> None:
        since = self._watch.waiting_since(job)
        waited = 0.0 if since is None else self._clock.monotonic() - since
        left = self._timing.quiet_s - waited
        if left > 0:
            raise Blocked(
                f"{name} may still begin by itself. Answer this in {left:.0f} s, or give it up.",
                code="too_early",
                details={"seconds": round(left)},
            )
