"""Pure: which job a printer that still works will probably get next.

It is what matching would choose if the printers got free in the order that they say, one job each.
Nothing follows from it but a file that is sent ahead: who really goes where is decided when the
bed is clear, by the same rules as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from core.config import PrinterConfig
from job_queue.job import Job, JobState
from job_queue.matching.match import (
    Candidate,
    Changes,
    Fits,
    assign,
    may_pass,
    names_of,
    of_job,
    wanted,
)
from job_queue.records import Cleanup, QueueState, Staged
from job_queue.target import folded
from printers.registry import Snapshot
from printers.status import PrinterState

MOST = 300
"""So many jobs at the head of the queue are looked at."""
MOST_LEFT = 2
"""Files left behind on a printer that wait for their removal: then no more are sent ahead."""
SIMULATED = "simulated"
_GETS_FREE = frozenset({"printer_busy", "bed_not_clear", "just_cleared"})


def is_switched_on(words: Iterable[str], snapshot: Snapshot, config: PrinterConfig | None) -> bool:
    """``words``: makes ("octoprint"), models ("MK4"), or "simulated"."""
    status = snapshot.status
    own = set(names_of(status.kind, status.machine.code, status.machine.name))
    if config is not None:
        own |= names_of(config.model, SIMULATED if config.simulate else "")
    return any(folded(word) in own for word in words)


def free_at(snapshot: Snapshot, view: QueueState, now: float) -> float | None:
    """Epoch s from when the printer waits for a start or for a person; None: nobody can say."""
    status, printer_id = snapshot.status, snapshot.status.printer_id
    job, bed = view.open_jobs.get(printer_id), view.bed(printer_id)
    if status.state.is_at_rest and job is None and bed is not None and not bed.active:
        return min(now, bed.since)
    prints_ours = job is not None and job.state is JobState.PRINTING
    progress = status.job
    if status.state is not PrinterState.PRINTING or not prints_ours or progress is None:
        return None
    left = progress.remaining_min
    return None if left is None else now + 60.0 * left


class Scene(Protocol):
    """What one pass of the dispatcher looks at."""

    view: QueueState
    now: float
    snapshots: Mapping[str, Snapshot]
    printers: list[Candidate]
    waiting: list[Job]


def soon(scene: Scene, mono: float) -> list[Candidate]:
    """The printers that only a print of ours or an uncleared bed keeps from a start, as if they
    were free; ``ready_since`` is when they are."""
    found = []
    for printer in scene.printers:
        snapshot = scene.snapshots[printer.printer_id]
        at = free_at(snapshot, scene.view, scene.now)
        opens = printer.closed is None or printer.closed.code in _GETS_FREE
        if at is None or not opens or not _is_sound(snapshot, scene.view, mono):
            continue
        found.append(replace(printer, closed=None, ready_since=at))
    return found


def _is_sound(snapshot: Snapshot, view: QueueState, mono: float) -> bool:
    """It reports, nothing is wrong with it, and nobody is at it."""
    status, known = snapshot.status, snapshot.conditions
    barred = any(i.late_start and i.printer_id == status.printer_id for i in view.cleanup)
    return (
        status.state.is_connected
        and not status.is_stale(mono)
        and not any(fault.severity.blocks for fault in status.faults)
        and not (status.lock or known.maintenance or known.stopping or barred)
    )


def next_jobs(
    jobs: Iterable[Job],
    printers: Sequence[Candidate],
    fits: Fits,
    changes: Changes,
    equals: Callable[[Job], Hashable],
    *,
    now: float,
    auto_assign: bool,
) -> dict[str, Job]:
    """By printer, the soonest first. ``printers`` as of ``soon``; ``jobs`` in order."""
    by_id = {job.id: job for job in jobs}
    matches = assign(
        by_id.values(), printers, fits, slots=len(printers), now=now, auto_assign=auto_assign,
        changes=changes, equals=equals,
    )  # fmt: skip
    chosen = {match.printer_id: by_id[match.job_id] for match in matches}
    order = sorted(printers, key=lambda printer: printer.ready_since)
    return {p.printer_id: chosen[p.printer_id] for p in order if p.printer_id in chosen}


def may_be_sent(printer: Candidate, scene: Scene, lead_s: float) -> bool:
    """Whether a file may be sent ahead there now: its print has that much left at most, or a part
    lies on its bed; its storage is sound and not full of what we left behind."""
    status, bed = scene.snapshots[printer.printer_id].status, scene.view.bed(printer.printer_id)
    if status.state.is_at_rest:
        waits = bed is not None and not bed.clear
    else:
        waits = printer.ready_since - scene.now <= lead_s
    left = _left(scene.view.cleanup, printer.printer_id, scene.now)
    return waits and status.storage in ("", "ok") and left < MOST_LEFT


def _left(items: Iterable[Cleanup], printer_id: str, now: float) -> int:
    return sum(i.printer_id == printer_id and not i.staged and i.due_at <= now for i in items)


def is_useful(
    staged: Staged,
    printer: Candidate,
    jobs: Iterable[Job],
    fits: Fits,
    *,
    now: float,
    auto_assign: bool,
) -> bool:
    """Whether a job of this very file still waits that the printer may take."""
    for job in jobs:
        if (job.file_id, job.sha256) != (staged.file_id, staged.sha256):
            continue
        if of_job(job, now, auto_assign=auto_assign) is not None or not wanted(job, [printer]):
            continue
        against = fits(job, printer) if printer.reports else None
        if against is None or may_pass(against):
            return True
    return False
