"""A person's answer to an uncertain start, and the fence that makes "not started" true."""

from __future__ import annotations

import logging
from math import ceil

from core.clock import Clock
from core.errors import BadRequest, Blocked, FarmError
from job_queue.board import Board
from job_queue.identity import echoes, signature
from job_queue.job import Job, JobError, JobState
from job_queue.records import Cleanup
from job_queue.starting import beds
from job_queue.starting.cleanup import remove
from job_queue.starting.closing import back_to_queue, end_after_start, mark_used
from job_queue.starting.evidence import END_UNSEEN
from job_queue.starting.watch import Watch
from job_queue.store.base import Transaction
from job_queue.timing import Timing
from printers.base import Printer
from printers.fleet import Fleet
from printers.status import PrinterState

logger = logging.getLogger(__name__)

OUTCOMES = ("printing", "not_started", "give_up", "finished", "failed")


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
        self._fenced: dict[int, float] = {}  # token -> monotonic time its file was proved gone

    def resolve(self, job: Job, outcome: str, rev: int) -> Job:
        """ "not_started" is said twice: the first time the file goes and Blocked ``too_early`` says
        how long to wait, the second time the job ends.

        Raises BadRequest, Blocked (code ``stale`` for another revision), or the printer's own
        error when the fence is not possible now.
        """
        if outcome not in OUTCOMES:
            raise BadRequest(f"There is no outcome {outcome!r}; known are {', '.join(OUTCOMES)}.")
        self._require(job, rev)
        if outcome == "printing":
            return self._is_printing(job)
        if outcome in ("finished", "failed"):
            return self._has_ended(job, well=outcome == "finished")
        if outcome == "not_started":
            self._fence(job)
            text = "A person saw that it did not start; the file was removed from the printer."
            return self._close(job, JobError(code="not_started", text=text), late_start=False)
        self._remove_if_possible(job)
        text = "A person gave this job up. It is not known whether it printed."
        return self._close(job, JobError(code="given_up", text=text), late_start=True)

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
        over = status.state is PrinterState.FINISHED and not echoes(job, status.job)
        if over or status.state in (PrinterState.IDLE, PrinterState.FAILED):
            # the end of another print there would count as this job's at once
            raise Blocked(
                f"{status.name} is not printing: it reports {status.state.value}.",
                code="not_printing",
            )
        with self._board.change() as tx:
            self._require(tx.job(job.id), job.rev)
            tx.note(job.id, self._clock.time(), "A person says that the printer prints this job")
            alias = self._watch.alias_of(status)
            return tx.move(job.id, JobState.PRINTING, error=None, alias=alias)

    def _has_ended(self, job: Job, *, well: bool) -> Job:
        """It was printed, and a person has looked at the part. A start that nobody saw taken
        may still be under way all the same."""
        known = self._board.registry.get(job.printer_id)  # None: not configured any more
        status = known.status if known else None
        if (
            status
            and status.state.has_job
            and (echoes(job, status.job) or not signature(status.job))
        ):
            raise Blocked(
                f"{status.name} is {status.state.value}: the print is not over.",
                code="printer_busy",
            )
        error = job.error or JobError(code=END_UNSEEN, text="")
        now = self._clock.time()
        at = _noticed(job, now)
        with self._board.change() as tx:
            self._require(tx.job(job.id), job.rev)
            how = "was printed to its end" if well else "did not come out well"
            current = tx.note(job.id, now, f"A person looked at the part: it {how}")
            ended = end_after_start(
                tx, current, JobState.FINISHED if well else JobState.FAILED,
                None if well else error, at, percent=None, timing=self._timing,
            )  # fmt: skip
            if error.code != END_UNSEEN:
                _expect_late_start(tx, job, now)
        self._fenced.pop(job.token, None)
        return ended

    def _close(self, job: Job, error: JobError, *, late_start: bool) -> Job:
        """The job's end, or its way back into the queue; the bed asks for a look either way.
        ``late_start``: one may still come, so nothing is started there before the clean-up has
        fenced it and waited."""
        now = self._clock.time()
        with self._board.change() as tx:
            current = tx.job(job.id)
            self._require(current, job.rev)
            current = tx.note(job.id, now, error.text)
            bed = tx.bed(job.printer_id)
            ended = self._end(tx, current, error, now)
            if late_start:
                _expect_late_start(tx, job, now)
            if bed is not None and not bed.active:
                why = beds.after_end(job, JobState.NEEDS_HUMAN, None, now)
                tx.set_bed(job.printer_id, why)
        self._fenced.pop(job.token, None)
        return ended

    def _end(self, tx: Transaction, job: Job, error: JobError, now: float) -> Job:
        state, timing = JobState.FAILED, self._timing
        if job.from_queue and error.code == "not_started":
            mark_used(tx, job, state, error, now, percent=None, timing=timing)
            return back_to_queue(tx, job, error, now, by_person=True)
        return end_after_start(tx, job, state, error, now, percent=None, timing=timing)

    def _fence(self, job: Job) -> None:
        """The printer shows nothing of it, the file is proved gone, and so it was all the quiet
        period: a start that was read just before the deletion has shown itself by then."""
        adapter = self._fleet.adapter(job.printer_id)
        self._require_nothing_shown(job, adapter)
        if job.token not in self._fenced or adapter.remote_size(job.remote_name) is not None:
            self._fenced.pop(job.token, None)
            self._remove(job, adapter)
        self._require_quiet(job, adapter.config.name)

    def _require_nothing_shown(self, job: Job, adapter: Printer) -> None:
        """By a report newer than the question."""
        status, name = adapter.refresh(), adapter.config.name
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

    def _remove(self, job: Job, adapter: Printer) -> None:
        try:
            remove(adapter, job.remote_name, prove=True)
        except FarmError as error:
            raise Blocked(
                f"{adapter.config.name} would not delete the file, so a late start cannot be "
                f"ruled out: {error.message}",
                code="fence_failed",
            ) from error
        logger.info("%s: %s removed, %s is in doubt", job.printer_id, job.remote_name, job.id)

    def _require_quiet(self, job: Job, name: str) -> None:
        mono = self._clock.monotonic()
        left = self._timing.quiet_s - (mono - self._fenced.setdefault(job.token, mono))
        if left > 0:
            raise Blocked(
                f"The file was removed from {name}. Answer again in {ceil(left)} s: a start that "
                "the printer took before that would show by then.",
                code="too_early",
                details={"seconds": ceil(left)},
            )

    def _remove_if_possible(self, job: Job) -> None:
        """At once, if the printer can be asked and does nothing; else it is the clean-up's."""
        try:
            adapter = self._fleet.adapter(job.printer_id)
            if adapter.refresh().state.is_at_rest:
                remove(adapter, job.remote_name, prove=True)
        except FarmError as error:
            logger.info("%s: %s stays for now: %s", job.printer_id, job.remote_name, error.message)


def _expect_late_start(tx: Transaction, job: Job, now: float) -> None:
    """Its file goes, and nothing is started there until that has been quiet for a while."""
    tx.add_cleanup(
        Cleanup(printer_id=job.printer_id, remote_name=job.remote_name, due_at=now, late_start=True)
    )


def _noticed(job: Job, now: float) -> float:
    """When the farm saw that it was over; epoch s."""
    text = job.error.text if job.error else ""
    return next((e.at for e in reversed(job.evidence) if e.text == text), now)
