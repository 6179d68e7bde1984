"""The printers as the queue wants to know them: from reports, settings and records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.config import PrinterConfig
from job_queue.job import NOT_ITS_FAULT, Attempt, Job
from job_queue.matching.match import Candidate, Reason, names_of
from job_queue.records import FILE_LEFT, QueueState, why_barred
from printers import safety
from printers.registry import Snapshot

REST_S = 30.0
MOST_REST_S = 1920.0
_AHEAD_S = 60.0
_LONG_AGO_S = 2 * 3600.0
_SAYS_NOTHING = NOT_ITS_FAULT | {"not_started"}
"""Of the printer: the farm's own end, and what a person has looked at."""


def of_farm(
    snapshots: Iterable[Snapshot],
    configs: Mapping[str, PrinterConfig],
    view: QueueState,
    now: float,
    mono: float,
    revocable: Mapping[str, float] | None = None,
) -> list[Candidate]:
    """In the order of the configuration, which says nothing about whose turn it is.
    ``revocable``: by printer, seconds for which a person can take back that its bed is clear."""
    failures = _failures(view, now)
    hours = hours_printed(view.jobs.values())
    return [
        _candidate(
            snapshot,
            configs.get(snapshot.status.printer_id),
            failures.get(snapshot.status.printer_id, []),
            hours.get(snapshot.status.printer_id, 0.0),
            why_barred(view.cleanup, snapshot.status.printer_id, snapshot.status.name),
            now,
            mono,
            (revocable or {}).get(snapshot.status.printer_id),
        )
        for snapshot in snapshots
    ]


def _candidate(
    snapshot: Snapshot,
    config: PrinterConfig | None,
    failures: list[Attempt],
    hours: float,
    barred: str,
    now: float,
    mono: float,
    undo_s: float | None,
) -> Candidate:
    status, known = snapshot.status, snapshot.conditions
    gate = safety.gates(snapshot, mono)["start"]
    closed = None if gate.ok else Reason(gate.code, gate.why)
    since = known.bed_since or 0.0
    if closed is None and barred:
        closed = Reason(FILE_LEFT, barred)
    if closed is None and undo_s is not None:
        text = f"{status.name} was marked clear just now. It starts when that stands for good."
        closed = Reason("just_cleared", text)
    if closed is None:
        closed = _resting(status.name, [a for a in failures if (a.ended_at or 0.0) >= since], now)
    return Candidate(
        printer_id=status.printer_id,
        name=status.name,
        models=names_of(status.machine.code, status.machine.name, config.model if config else ""),
        tags=names_of(*config.tags, config.group) if config else frozenset(),
        reports=status.state.is_connected and not status.is_stale(mono) and not status.shown_only,
        closed=closed,
        opens_in=undo_s if closed is not None and closed.code == "just_cleared" else None,
        ready_since=since,
        hours=hours,
        ours=not status.shown_only,
    )


def _failures(view: QueueState, now: float) -> dict[str, list[Attempt]]:
    """By printer: late attempts of jobs that are waiting again, which came to no start there."""
    found: dict[str, list[Attempt]] = {}
    for job in view.jobs.values():
        if not job.attempts or not job.state.is_waiting:
            continue
        for attempt in job.attempts:
            counts = attempt.error is None or attempt.error.code not in _SAYS_NOTHING
            late = now - (attempt.ended_at or 0.0) < _LONG_AGO_S
            if attempt.outcome == "not_started" and counts and late:
                found.setdefault(attempt.printer_id, []).append(attempt)
    return found


def _resting(name: str, failures: list[Attempt], now: float) -> Reason | None:
    """A printer where transfers keep failing is left alone for a while, longer each time, so that
    it does not eat up the tries of every job. Until its bed is marked anew."""
    if not failures:
        return None
    last = max(failures, key=lambda attempt: attempt.ended_at or 0.0)
    passed = now - (last.ended_at or 0.0)
    wait = min(REST_S * 4.0 ** (len(failures) - 1), MOST_REST_S)
    if passed >= wait or passed < -_AHEAD_S:  # the clock was set back
        return None
    why = last.error.text if last.error else ""
    return Reason("resting", f"{name} is tried again in a moment. Last time: {why}")


def hours_printed(jobs: Iterable[Job]) -> dict[str, float]:
    """By printer: hours of the farm's own prints that are still on record."""
    found: dict[str, float] = {}
    for job in jobs:
        if job.started_at is not None and job.finished_at is not None and job.printer_id:
            hours = max(0.0, job.finished_at - job.started_at) / 3600
            found[job.printer_id] = found.get(job.printer_id, 0.0) + hours
    return found


def last_started(view: QueueState) -> dict[str, Job]:
    """By printer: what the farm started there last."""
    found: dict[str, Job] = {}
    for job in view.jobs.values():
        if job.started_at is not None and job.printer_id:
            last = found.get(job.printer_id)
            if last is None or (last.started_at or 0.0) < job.started_at:
                found[job.printer_id] = job
    return found


def in_transfer(view: QueueState) -> int:
    """How many files are on their way to printers, or about to be."""
    return sum(job.state.is_before_start for job in view.open_jobs.values())
