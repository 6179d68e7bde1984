"""Follows what printers report: the bed's permission, the evidence for open jobs, clean-up.

``look`` is called for every new snapshot and once a second for all printers with something open;
it talks to no printer, and looks at one printer take turns. ``look`` is the watcher thread's alone;
``see_bed`` is anybody's.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

from core.clock import Clock
from job_queue.board import Board
from job_queue.identity import echoes, signature
from job_queue.job import Job, JobError, JobState
from job_queue.starting import beds
from job_queue.starting.closing import doubt, end_after_start, end_before_start
from job_queue.starting.evidence import CANCEL_CODES, Finding, describe, judge
from job_queue.starting.sight import Gap, Sight
from job_queue.timing import Timing
from printers.registry import Snapshot
from printers.status import Fault, PrinterState, PrinterStatus, Severity

logger = logging.getLogger(__name__)

WATCHED_S = Timing().watched_s
PRINTER_GONE = "printer_gone"
RESTARTED = "The farm server stopped during the transfer. Nothing was started."


class Watch:
    """Turns snapshots into durable facts. Used by the watcher thread and, in tests, directly."""

    def __init__(
        self,
        board: Board,
        clock: Clock,
        timing: Timing,
        simulated: Callable[[str], bool],
        machine: Callable[[str], str],
    ) -> None:
        self._board = board
        self._sight = Sight(board.store, clock, timing, machine=machine)
        self._simulated = simulated
        self._clock = clock
        self._timing = timing
        # by the attempt's token: a job's next attempt must know nothing of the one before
        self._found: dict[int, tuple[Finding, float]] = {}  # finding, since
        self._waiting: dict[int, float] = {}  # monotonic time of the first look at the start
        self._percent: dict[int, int] = {}
        self._cancel_seen: set[int] = set()
        self._only_prepared: set[int] = set()
        self._halted: set[int] = set()  # the machine stopped itself in the middle of it
        self._resting_at: dict[str, float] = {}  # printer -> monotonic time it was seen at rest
        self._running_at: dict[int, float] = {}  # monotonic time it was last seen at work
        self._last_fault: dict[int, JobError] = {}
        self._stops: dict[str, float] = {}  # printer -> monotonic time of our Stop
        self._lock = threading.Lock()  # of _looks, whose locks are taken before the store's
        self._looks: dict[str, threading.Lock] = {}

    # -- what others tell ----------------------------------------------------------------------

    def stop_sent(self, printer_id: str) -> None:
        """We sent Stop: shown until it has an effect, and its end is a cancellation."""
        now = self._clock.time()
        self._stops[printer_id] = self._clock.monotonic()
        self._board.set_stopping(printer_id, True)
        job = self._board.store.view().open_jobs.get(printer_id)
        if job is not None and not job.state.is_before_start:
            with self._board.change() as tx:
                current = tx.job(job.id)
                if current.state.holds_printer and current.token == job.token:
                    tx.note(job.id, now, "Stop was sent from the farm")
                    tx.touch(job.id, stop_sent_at=now)

    def reconcile(self) -> None:
        """After a restart: what had not been sent ends; what may have been waits for evidence."""
        now = self._clock.time()
        for job in self._board.store.view().open_jobs.values():
            if job.state.is_before_start:
                with self._board.change() as tx:
                    error = JobError(code="farm_restarted", text=RESTARTED)
                    ended = end_before_start(tx, job, error, now)
                logger.warning(
                    "%s: %s was in transfer when the farm stopped, now %s",
                    job.printer_id, job.id, ended.state.value,
                )  # fmt: skip
            elif self._is_gone(job.printer_id):
                self._doubt_without_printer(job, now)
            else:
                self._waiting[job.token] = self._clock.monotonic()
                seen = self._sight.at_work(job)
                if seen is not None:
                    self._running_at[job.token] = seen
                logger.info("%s: %s (%s) looked for again", job.printer_id, job.id, job.state.value)

    def _is_gone(self, printer_id: str) -> bool:
        """Out of the configuration, or another farm's by now."""
        known = self._board.registry.get(printer_id)
        return known is None or known.status.shown_only

    def _doubt_without_printer(self, job: Job, now: float) -> None:
        """Its printer was taken out of the configuration: no report will ever end the job."""
        if job.state is JobState.NEEDS_HUMAN:
            return
        text = (
            f"{job.printer_id} is not in the configuration any more, so nobody sees how "
            f"{job.file_name} ends. Say how it went, give it up, or enter the printer again."
        )
        with self._board.change() as tx:
            doubt(tx, tx.job(job.id), JobError(code=PRINTER_GONE, text=text), now)
        logger.warning("%s: %s needs a person: not configured", job.printer_id, job.id)

    def stopping(self) -> set[str]:
        """Printers whose Stop has not shown an effect yet."""
        return set(self._stops)

    def in_transfer(self) -> list[Job]:
        """Jobs that a thread should be working on."""
        jobs = self._board.store.view().open_jobs.values()
        return [job for job in jobs if job.state.is_before_start]

    def end_orphan(self, job: Job) -> None:
        """A job before its start that no thread works on (the disk refused to note its end)."""
        text = "The farm could not write its job file during the transfer. Nothing was started."
        with self._board.change() as tx:
            current = tx.job(job.id)
            if current.state.is_before_start and current.token == job.token:
                error = JobError(code="storage_error", text=text)
                end_before_start(tx, current, error, self._clock.time())

    def tend(self) -> None:
        """Once a second."""
        self._sight.tend()

    def close(self) -> None:
        """The last call, at a clean stop."""
        self._sight.keep()

    # -- what printers report ------------------------------------------------------------------

    def look(self, snapshot: Snapshot) -> None:
        """One printer's newest snapshot. What another farm owns is no evidence of anything here."""
        status = snapshot.status
        if status.shown_only:
            return
        printer_id = status.printer_id
        self._lift_stopping(printer_id, status)
        job = self._board.store.view().open_jobs.get(printer_id)
        if self._is_believable(status):
            self._look_at_bed(status, job)
            if job is not None and not job.state.is_before_start:
                self._remember(job, status)
                self._follow(job, status)
                job = self._board.store.view().open_jobs.get(printer_id)
        if job is not None and job.state is JobState.STARTING:
            self._check_deadline(job, status)

    def see_bed(self, status: PrinterStatus) -> None:
        """What a start is about to rely on, judged before it does: the watcher may be late.

        Raises StorageError.
        """
        if self._is_believable(status) and not status.shown_only:
            job = self._board.store.view().open_jobs.get(status.printer_id)
            self._look_at_bed(status, job)

    def _is_believable(self, status: PrinterStatus) -> bool:
        return (
            status.state.is_connected
            and status.state is not PrinterState.UNKNOWN
            and not status.is_stale(self._clock.monotonic())
        )

    def _lift_stopping(self, printer_id: str, status: PrinterStatus) -> None:
        since = self._stops.get(printer_id)
        if since is None:
            return
        done = status.state.is_connected and not status.state.has_job
        if done or self._clock.monotonic() - since >= self._timing.stopping_s:
            self._stops.pop(printer_id, None)
            self._board.set_stopping(printer_id, False)

    def _look_at_bed(self, status: PrinterStatus, job: Job | None) -> None:
        """One look after the other: a gap that somebody else has judged meanwhile would withdraw
        the approval that a person gave after that."""
        with self._lock:
            look = self._looks.setdefault(status.printer_id, threading.Lock())
        with look:
            self._look_once(status)
            self._sight.saw(status, job)

    def _look_once(self, status: PrinterStatus) -> None:
        printer_id, mono = status.printer_id, self._clock.monotonic()
        job = self._board.store.view().open_jobs.get(printer_id)
        gap = self._sight.gap(status)
        if gap.seconds >= self._timing.watched_s:
            self._resting_at.pop(printer_id, None)
            if job is not None:
                self._running_at.pop(job.token, None)
        watched = mono - self._resting_at.get(printer_id, -inf) < self._timing.watched_s
        self._judge_bed(status, watched, gap)
        if status.state.is_at_rest:  # only now: who looks meanwhile must judge as strictly
            self._resting_at[printer_id] = mono

    def _judge_bed(self, status: PrinterStatus, watched: bool, gap: Gap) -> None:
        store, printer_id = self._board.store, status.printer_id
        now = self._clock.time()
        distrust = bool(store.trouble) or not self._simulated(printer_id)
        away = gap.sentence if gap.seconds >= self._timing.unwatched_s else ""
        rules: dict[str, Any] = {
            "distrust": distrust, "watched": watched, "away": away, "replaced": gap.replaced
        }  # fmt: skip
        known, job = store.view().bed(printer_id), store.view().open_jobs.get(printer_id)
        if beds.after_report(known, status, job, now, **rules) is known:
            return
        with self._board.change() as tx:  # decide again on what is true inside the write
            current = tx.bed(printer_id)
            bed = beds.after_report(current, status, tx.open_job(printer_id), now, **rules)
            if bed is not None and bed is not current:
                tx.set_bed(printer_id, bed)
                logger.info("%s: bed %s: %s", printer_id, _word(bed.clear), bed.why)

    # -- one open job --------------------------------------------------------------------------

    def _remember(self, job: Job, status: PrinterStatus) -> None:
        """Facts that later reports no longer show."""
        progress = status.job
        ours = echoes(job, progress)
        if status.state.has_job and ours and progress:
            self._running_at[job.token] = self._clock.monotonic()
            if progress.percent is not None:
                self._percent[job.token] = progress.percent
        if ours and status.state is PrinterState.PREPARING and job.state is JobState.STARTING:
            self._only_prepared.add(job.token)
        elif status.state in (PrinterState.PRINTING, PrinterState.PAUSED):
            self._only_prepared.discard(job.token)
        if status.cancelled and (ours or job.state is not JobState.STARTING):
            self._cancel_seen.add(job.token)  # else it may be the job before that was cancelled
        if any(fault.code in CANCEL_CODES for fault in status.faults):
            self._cancel_seen.add(job.token)
        known = CANCEL_CODES.union(job.baseline.faults)
        worst = next((f for f in status.faults if f.severity.blocks and f.code not in known), None)
        if worst is not None:  # faults come worst first, and the first says why
            self._last_fault[job.token] = JobError(code=worst.code, text=worst.text)
        if worst is not None and _has_halted(status, worst):
            self._halted.add(job.token)
        elif status.state.has_job:
            self._halted.discard(job.token)

    def _forget_old_stop(self, job: Job, status: PrinterStatus) -> Job:
        """A print that goes on long after our Stop was not stopped by it."""
        sent = job.stop_sent_at
        if sent is None or not status.state.has_job or not echoes(job, status.job):
            return job
        if self._clock.time() - sent < 3 * self._timing.stopping_s:
            return job
        with self._board.change() as tx:
            return tx.touch(job.id, stop_sent_at=None)

    def _follow(self, job: Job, status: PrinterStatus) -> None:
        job = self._forget_old_stop(job, status)
        stopped = job.stop_sent_at is not None or job.token in self._cancel_seen
        only_prepared = job.token in self._only_prepared
        at_work = self._running_at.get(job.token, -inf)
        watched = self._clock.monotonic() - at_work < self._timing.watched_s
        finding = judge(job, status, stopped=stopped, only_prepared=only_prepared, watched=watched)
        if self._is_no_cancel(job, finding):
            finding = replace(finding, state=JobState.FAILED, code="halted")
        if finding.state is None:
            self._found.pop(job.token, None)
            return
        before = self._found.get(job.token)
        mono = self._clock.monotonic()
        if before is None or before[0].state is not finding.state:
            before = (finding, mono)
            self._found[job.token] = before
        if mono - before[1] < finding.settle_s:
            return
        del self._found[job.token]
        self._apply(job, finding, status)

    def _is_no_cancel(self, job: Job, finding: Finding) -> bool:
        """PrusaLink says "stopped" of a print, too, whose machine halted and was reset since."""
        halted = job.token in self._halted and job.stop_sent_at is None
        return halted and finding.state is JobState.CANCELLED

    def _apply(self, job: Job, finding: Finding, status: PrinterStatus) -> None:
        state = finding.state or job.state
        now = self._clock.time()
        with self._board.change() as tx:
            current = tx.job(job.id)
            if current.rev != job.rev:
                return  # somebody was faster; the next look decides anew
            tx.note(job.id, now, finding.text)
            if state is JobState.NEEDS_HUMAN:
                doubt(tx, current, JobError(code=finding.code, text=finding.text), now)
            elif state.has_ended:
                end_after_start(
                    tx, current, state, self._error_of(current, state, finding), now,
                    percent=self._percent.get(job.token), timing=self._timing,
                )  # fmt: skip
            else:
                tx.move(job.id, state, error=None)
        logger.info("%s: %s is %s: %s", job.printer_id, job.id, state.value, finding.text)
        self._after(job, state, status)

    def _error_of(self, job: Job, state: JobState, finding: Finding) -> JobError | None:
        """The printer's own fault, if one was seen, says more than how it ended."""
        if state is JobState.FINISHED:
            return None
        if state is JobState.FAILED and job.token in self._last_fault:
            return self._last_fault[job.token]
        return JobError(code=finding.code or state.value, text=finding.text)

    def _after(self, job: Job, state: JobState, status: PrinterStatus) -> None:
        if state is not JobState.NEEDS_HUMAN:
            self._waiting.pop(job.token, None)
        if state.has_ended:
            self._percent.pop(job.token, None)
            self._running_at.pop(job.token, None)
            self._cancel_seen.discard(job.token)
            self._only_prepared.discard(job.token)
            self._halted.discard(job.token)
            self._last_fault.pop(job.token, None)
        elif state is JobState.NEEDS_HUMAN:
            self._waiting.setdefault(job.token, self._clock.monotonic())
            logger.warning("%s: %s needs a person: %s", job.printer_id, job.id, describe(status))

    def _check_deadline(self, job: Job, status: PrinterStatus) -> None:
        mono = self._clock.monotonic()
        since = self._waiting.setdefault(job.token, mono)
        if mono - since < self._timing.evidence_s:
            return
        now = self._clock.time()
        fault = self._last_fault.get(job.token)
        text = (
            f"{status.name} did not show the start of {job.file_name} "
            f"within {self._timing.evidence_s:.0f} s. Look at the printer: is it printing this job?"
        )
        with self._board.change() as tx:
            current = tx.job(job.id)
            if current.rev != job.rev or current.state is not JobState.STARTING:
                return
            before = job.baseline
            shown = before.name or before.file or "no job"
            tx.note(job.id, now, f"Before the start: {before.state}, {shown}")
            tx.note(job.id, now, f"Now: {describe(status)}")
            if fault is not None:
                tx.note(job.id, now, f"Fault seen since: {fault.text}")
            doubt(tx, tx.job(job.id), JobError(code="start_uncertain", text=text), now)
        logger.warning("%s: %s needs a person: %s", job.printer_id, job.id, describe(status))

    def alias_of(self, status: PrinterStatus) -> str:
        """What a person confirms when they say "it is printing this job"."""
        return signature(status.job) if self._is_believable(status) else ""


def _has_halted(status: PrinterStatus, fault: Fault) -> bool:
    """Not for a question at its screen, which a person may answer by cancelling."""
    return status.state is PrinterState.FAULT and fault.severity is Severity.FATAL


def _word(clear: bool) -> str:
    return "clear" if clear else "not clear"
