"""Pure: in which order jobs are considered, and how one is put somewhere by hand.

The rule: higher priority first; among the same priority by hand (``rank``), which without anybody's
hand is the order of arrival. Nothing starves: every AGE_STEP_S of waiting counts as one step of
priority. A job moved by hand takes the priority and the waiting time of the job it is put before,
so that ageing never undoes what a hand did.

Deadlines: a job's latest start is its deadline less the slicer's estimate. From HEADROOM_S before
it the job goes before all others of its priority, however long they have waited; several such
jobs go by their latest start. Before that time a deadline changes nothing. See docs/adr/0008.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from job_queue.job import Job

AGE_STEP_S = 4 * 3600.0
HEADROOM_S = 4 * 3600.0
"""So long before its latest start a job begins to press: a printer that works on another one now
is free by then, more often than not."""
LOWEST, HIGHEST = -10, 10
_FINEST = 1e-6

Key = tuple[int, int, float, float, float, int]


def urgency(job: Job, now: float) -> int:
    """Priority plus the steps of its age; time before ``not_before`` is no waiting."""
    since = job.waiting_since
    if job.not_before is not None and job.not_before > since:
        since = job.not_before
    return job.priority + (int((now - since) // AGE_STEP_S) if now > since else 0)


def latest_start(job: Job) -> float | None:
    """Epoch s; None without a deadline. Copies for one printer are printed one after the other;
    of others it is the last one's, as if all were printed side by side."""
    if job.deadline is None:
        return None
    copies = job.left if job.target.one_printer else 1
    return job.deadline - (job.seconds or 0) * max(1, copies)


def is_pressing(job: Job, now: float) -> bool:
    """Its deadline is missed unless it goes soon, or has been already."""
    latest = latest_start(job)
    return latest is not None and now >= latest - HEADROOM_S


def sort_key(job: Job, now: float, most: Mapping[int, int] | None = None) -> Key:
    """``most``: the highest urgency among all that wait, by priority."""
    level = urgency(job, now)
    latest = None if job.deadline is None else latest_start(job)
    if latest is None or not is_pressing(job, now):
        return -level, 1, 0.0, job.rank, job.waiting_since, number_of(job)
    level = max(level, (most or {}).get(job.priority, level))
    return -level, 0, latest, job.rank, job.waiting_since, number_of(job)


def number_of(job: Job) -> int:
    """12 for "j-12"; ids of another form (no farm makes them) come last."""
    tail = job.id.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else 2**53


def in_order(jobs: Iterable[Job], now: float) -> list[Job]:
    """The waiting ones of ``jobs``, most urgent first."""
    waiting = [job for job in jobs if job.state.is_waiting]
    most: dict[int, int] = {}
    if any(job.deadline is not None for job in waiting):
        for job in waiting:
            most[job.priority] = max(most.get(job.priority, LOWEST), urgency(job, now))
    return sorted(waiting, key=lambda job: sort_key(job, now, most))


def equals(job: Job, now: float) -> Hashable:
    """Neighbours in order with the same answer may go in any order: equally urgent, no deadline
    that presses, and not put there by hand."""
    if job.by_hand or is_pressing(job, now):
        return job.id
    return urgency(job, now)


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
    if former is None or urgency(former, now) != urgency(before, now) or is_pressing(former, now):
        return before.rank - 1.0
    gap = before.rank - former.rank
    return None if gap < _FINEST else former.rank + gap / 2
