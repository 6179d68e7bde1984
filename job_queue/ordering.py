"""Pure: in which order jobs are considered, and how one is put somewhere by hand.

The rule: higher priority first; among the same priority by hand (``rank``), which without anybody's
hand is the order of arrival. Nothing starves: every AGE_STEP_S of waiting counts as one step of
priority. A job moved by hand takes the priority and the waiting time of the job it is put before,
so that ageing never undoes what a hand did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from job_queue.job import Job

AGE_STEP_S = 4 * 3600.0
LOWEST, HIGHEST = -10, 10
_FINEST = 1e-6

Key = tuple[int, float, float, int]


def urgency(job: Job, now: float) -> int:
    """Priority plus the steps of its age; time before ``not_before`` is no waiting."""
    waited = now - max(job.waiting_since, job.not_before or 0.0)
    return job.priority + max(0, int(waited // AGE_STEP_S))


def sort_key(job: Job, now: float) -> Key:
    return -urgency(job, now), job.rank, job.waiting_since, number_of(job)


def number_of(job: Job) -> int:
    """12 for "j-12"; ids of another form (no farm makes them) come last."""
    tail = job.id.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else 2**53


def in_order(jobs: Iterable[Job], now: float) -> list[Job]:
    """The waiting ones of ``jobs``, most urgent first."""
    waiting = [job for job in jobs if job.state.is_waiting]
    return sorted(waiting, key=lambda job: sort_key(job, now))


def last_rank(jobs: Iterable[Job]) -> float:
    """Of the waiting job that is last by hand; 0 when none waits."""
    return max((job.rank for job in jobs if job.state.is_waiting), default=0.0)


def rank_before(others: Sequence[Job], before: Job | None, now: float) -> float | None:
    """The rank that puts a job right before ``before`` (None = at the end of ``others``, which
    are in order and without it). None: there is no room left between two, renumber first."""
    if before is None:
        return last_rank(others) + 1.0
    place = next(n for n, job in enumerate(others) if job.id == before.id)
    former = others[place - 1] if place else None
    if former is None or urgency(former, now) != urgency(before, now):
        return before.rank - 1.0
    gap = before.rank - former.rank
    return None if gap < _FINEST else former.rank + gap / 2
