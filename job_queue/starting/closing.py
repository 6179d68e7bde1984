"""The writes that end a job or put it in doubt: always together with the bed and the clean-up."""

from __future__ import annotations

from dataclasses import replace

from job_queue.job import NOT_ITS_FAULT, Attempt, Job, JobError, JobState, archived
from job_queue.records import Cleanup
from job_queue.starting import beds
from job_queue.starting.evidence import END_UNSEEN
from job_queue.store.base import Transaction
from job_queue.timing import Timing

MOST_TRIES = 5
"""Attempts in a row that came to no start; then a job of the queue waits for a person."""
MOST_REFUSALS = 2
"""The same for starts that the printer refused in its own words (reliability 1.1, row 9)."""
BEGAN_AFTER_ALL = "began_after_all"
"""A start that counted as not made was one (starting/belied.py)."""
_HELD_AT_ONCE = frozenset({"file_damaged", "file_missing", "file_not_found", BEGAN_AFTER_ALL})
_GIVEN_UP = frozenset({"given_up", "not_started"})
"""A person has let go of these: their file must not start by itself at the next power-up."""
_CANCELLED_BEFORE, _NOT_STARTED = "Cancelled before it started", "Not started"


def was_not_made(past: Attempt) -> bool:
    """By all the farm knows, nothing was printed in this attempt."""
    let_go = past.error is not None and past.error.code in _GIVEN_UP
    return (
        let_go or past.outcome == "not_started" or past.result in (_CANCELLED_BEFORE, _NOT_STARTED)
    )


def end_before_start(
    tx: Transaction, job: Job, error: JobError, now: float, *, cancelled: bool = False
) -> Job:
    """Nothing was started: the bed's permission stays, a file left behind goes.

    A job of the queue goes back to it, unless a person cancelled the transfer.
    """
    if job.staged or job.state is not JobState.CLAIMED:
        tx.add_cleanup(Cleanup(printer_id=job.printer_id, remote_name=job.remote_name, due_at=now))
    job = tx.note(job.id, now, error.text)
    if job.from_queue and not cancelled:
        return back_to_queue(tx, job, error, now)
    state = JobState.CANCELLED if cancelled else JobState.FAILED
    result = _CANCELLED_BEFORE if cancelled else _NOT_STARTED
    return tx.move(job.id, state, finished_at=now, error=error, result=result)


def back_to_queue(
    tx: Transaction, job: Job, error: JobError, now: float, *, by_person: bool = False
) -> Job:
    """The attempt is over and certainly nothing was printed: queued again, or held when more
    tries would be of no use and no person has asked for one."""
    past = archived(replace(job, error=error), "not_started", now)
    tries = job.tries + (error.code not in NOT_ITS_FAULT and not by_person)
    recent = past.attempts[-tries:] if tries else ()  # since a person last looked at it
    refusals = sum(a.outcome == "not_started" and a.started_at is not None for a in recent)
    is_over = tries >= MOST_TRIES or refusals >= MOST_REFUSALS or error.code in _HELD_AT_ONCE
    state = JobState.HELD if is_over and not by_person else JobState.QUEUED
    tx.move(job.id, state)
    return tx.add(replace(past, state=state, rev=job.rev + 1, tries=tries, error=error))


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
    mark_used(tx, job, state, error, now, percent=percent, timing=timing)
    bed = beds.after_end(job, state, percent, now)
    made = job.made
    if state is JobState.FINISHED:
        made += 1
        if job.series in tx.jobs:
            tx.touch(job.series, made=tx.job(job.series).made + 1)
    return tx.move(job.id, state, finished_at=now, error=error, result=bed.why, made=made)


def mark_used(
    tx: Transaction,
    job: Job,
    state: JobState,
    error: JobError | None,
    now: float,
    *,
    percent: int | None,
    timing: Timing,
) -> None:
    """What a start leaves behind: a bed to look at, a file to remove."""
    resumable = state is JobState.FAILED and (error is None or error.code not in _GIVEN_UP)
    wait = timing.keep_failed_s if resumable else timing.cleanup_delay_s
    tx.add_cleanup(
        Cleanup(printer_id=job.printer_id, remote_name=job.remote_name, due_at=now + wait)
    )
    current = tx.bed(job.printer_id)
    if current is None or not current.active:  # someone else's job there outweighs ours
        tx.set_bed(job.printer_id, beds.after_end(job, state, percent, now))


def doubt(tx: Transaction, job: Job, error: JobError, now: float) -> Job:
    """needs_human: the printer stays reserved and its bed without permission."""
    current = tx.bed(job.printer_id)
    if current is None or not current.active:
        bed = beds.after_end(job, JobState.NEEDS_HUMAN, None, now)
        if error.code == END_UNSEEN:
            bed = replace(bed, why=f"{job.file_name} ended while the farm was not watching")
        tx.set_bed(job.printer_id, bed)
    tx.note(job.id, now, error.text)
    return tx.move(job.id, JobState.NEEDS_HUMAN, error=error)
