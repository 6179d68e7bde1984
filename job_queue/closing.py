"""The writes that end a job or put it in doubt: always together with the bed and the clean-up."""

from __future__ import annotations

from job_queue import beds
from job_queue.job import Job, JobError, JobState
from job_queue.records import Cleanup
from job_queue.store import Transaction
from job_queue.timing import Timing

_GIVEN_UP = frozenset({"given_up", "not_started"})
"""A person has let go of these: their file must not start by itself at the next power-up."""


def end_before_start(
    tx: Transaction, job: Job, error: JobError, now: float, *, cancelled: bool = False
) -> Job:
    """Nothing was started: the bed's permission stays, a file left behind goes."""
    state = JobState.CANCELLED if cancelled else JobState.FAILED
    if job.state is not JobState.CLAIMED:
        tx.add_cleanup(Cleanup(printer_id=job.printer_id, remote_name=job.remote_name, due_at=now))
    tx.note(job.id, now, error.text)
    result = "Cancelled before it started" if cancelled else "Not started"
    return tx.move(job.id, state, finished_at=now, error=error, result=result)


def end_after_start(
    tx: Transaction,
    job: Job,
    state: JobState,
    error: JobError | None,
    now: float,
    *,
    percent: int | None,
    timing: Timing,
) -> Job:
    """W5: the end and "clear the bed" in one write."""
    resumable = state is JobState.FAILED and (error is None or error.code not in _GIVEN_UP)
    wait = timing.keep_failed_s if resumable else timing.cleanup_delay_s
    tx.add_cleanup(
        Cleanup(printer_id=job.printer_id, remote_name=job.remote_name, due_at=now + wait)
    )
    bed = beds.after_end(job, state, percent, now)
    current = tx.bed(job.printer_id)
    if current is None or not current.active:  # someone else's job there outweighs ours
        tx.set_bed(job.printer_id, bed)
    return tx.move(job.id, state, finished_at=now, error=error, result=bed.why)


def doubt(tx: Transaction, job: Job, error: JobError, now: float) -> Job:
    """needs_human: the printer stays reserved and its bed without permission."""
    current = tx.bed(job.printer_id)
    if current is None or not current.active:
        tx.set_bed(job.printer_id, beds.after_end(job, JobState.NEEDS_HUMAN, None, now))
    tx.note(job.id, now, error.text)
    return tx.move(job.id, JobState.NEEDS_HUMAN, error=error)
