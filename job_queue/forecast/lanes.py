"""Pure: how a forecast begins with each printer: what it does now, and when it may take a job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from core.config import HeatingConfig, PrinterConfig
from job_queue.forecast.estimates import Figures, Spread
from job_queue.forecast.prediction import Moment, PrinterNow, Running
from job_queue.job import Job, JobState
from job_queue.matching.candidates import REST_S
from job_queue.matching.heating import Load, too_small
from job_queue.matching.match import Candidate, Reason
from job_queue.records import QueueState
from printers.registry import Snapshot
from printers.status import PrinterState, PrinterStatus

LAST_S = 60.0
"""A print that should have ended is expected to end within this time."""
SOON_S = 60.0
"""Homing, loading filament: over in about so long."""
_PAST = frozenset({"bed_not_clear", "resting"})
"""Reasons that pass without anybody knowing more than that time goes by."""


def of_farm(
    snapshots: Iterable[Snapshot],
    candidates: Iterable[Candidate],
    configs: Mapping[str, PrinterConfig],
    view: QueueState,
    figures: Figures,
    now: float,
    slicer_of: Callable[[Job], str],
) -> list[PrinterNow]:
    """One for every printer, in the order given. ``candidates`` match the snapshots."""
    found = []
    for snapshot, candidate in zip(snapshots, candidates, strict=True):
        name = snapshot.status.printer_id
        model = model_of(snapshot.status, configs.get(name))
        job = view.open_jobs.get(name)
        slicer = slicer_of(job) if job else ""
        running = _running(snapshot, job, model, slicer, figures, now)
        free_in, out = _free(snapshot, candidate, job, running, figures, now)
        found.append(
            PrinterNow(candidate=candidate, model=model, running=running, free_in=free_in, out=out)
        )
    return found


def on_circuit(printer: PrinterNow, limits: HeatingConfig, loads: Mapping[str, Load]) -> PrinterNow:
    """The same, or never free where its circuit cannot bear it."""
    candidate = printer.candidate
    load = loads.get(candidate.printer_id)
    why = too_small(limits, load) if load is not None else None
    if why is None:
        return printer
    closed = replace(candidate, closed=candidate.closed or why)
    return replace(printer, candidate=closed, free_in=None, out=printer.out or why)


def model_of(status: PrinterStatus, config: PrinterConfig | None) -> str:
    """What its durations are learned under."""
    return status.machine.name or (config.model if config else "") or status.kind


def _free(
    snapshot: Snapshot,
    candidate: Candidate,
    job: Job | None,
    running: Running | None,
    figures: Figures,
    now: float,
) -> tuple[Spread | None, Reason | None]:
    """(until it may take a job, None) or (None, why nobody can tell)"""
    status, known, closed = snapshot.status, snapshot.conditions, candidate.closed
    if not candidate.reports or status.state in (PrinterState.UNKNOWN, PrinterState.FAULT):
        return None, closed or Reason("printer_unknown", f"{status.name} does not report.")
    if known.maintenance:
        return None, closed or Reason("maintenance", f"{status.name} is in maintenance.")
    if running is not None:
        if running.left is None:
            return None, _endless(status, job)
        return together(running.left, figures.clear()), None
    if status.state is PrinterState.BUSY:
        return Spread.exactly(SOON_S), None
    if closed is None:
        return Spread.exactly(0.0), None
    if closed.code not in _PAST:
        return None, closed
    if closed.code == "resting":
        return Spread.exactly(REST_S), None
    return figures.clear(max(0.0, now - (known.bed_since or now))), None


def _endless(status: PrinterStatus, job: Job | None) -> Reason:
    if job is not None and job.state is JobState.NEEDS_HUMAN:
        return Reason("start_uncertain", f"It is not certain what {status.name} prints.")
    if status.state is PrinterState.PAUSED:
        return Reason("paused", f"{status.name} is paused; it goes on when somebody lets it.")
    return Reason("unknown_time", f"Nobody knows how long {status.name} still prints.")


def _running(
    snapshot: Snapshot,
    job: Job | None,
    model: str,
    slicer: str,
    figures: Figures,
    now: float,
) -> Running | None:
    status = snapshot.status
    shown = status.job
    if job is None and not status.state.has_job:
        return None
    name = job.file_name if job else ((shown.name or shown.file) if shown else "")
    left: Spread | None = None
    if status.state is not PrinterState.PAUSED and (
        job is None or job.state not in (JobState.NEEDS_HUMAN, JobState.PAUSED)
    ):
        left = _left(status, job, model, slicer, figures, now)
    return Running(
        job_id=job.id if job else "",
        name=name,
        started_at=job.started_at if job else None,
        began=job is not None and job.state is JobState.PRINTING,
        left=left,
    )


def _left(
    status: PrinterStatus,
    job: Job | None,
    model: str,
    slicer: str,
    figures: Figures,
    now: float,
) -> Spread | None:
    """The printer's own word counts most once it prints; its spread is that of its model."""
    shown = status.job
    if job is not None and (job.state.is_before_start or job.state is JobState.STARTING):
        whole = figures.duration(model, slicer, job.seconds)
        return None if whole is None else together(figures.handover, whole)
    if shown is not None and shown.remaining_min is not None and status.state.has_job:
        ratio = figures.ratio(model, slicer)
        left = max(LAST_S / 2, shown.remaining_min * 60.0)
        return Spread(left, left * ratio.p90 / ratio.p50, left)
    if job is None or job.started_at is None:
        return None
    whole = figures.duration(model, slicer, job.seconds)
    return None if whole is None else whole.less(now - job.started_at, LAST_S)


def together(one: Spread, other: Spread) -> Spread:
    """One after the other, as one spread."""
    whole = Moment(0.0).plus(one).plus(other)
    return Spread(whole.p50, whole.p90, whole.mean)
