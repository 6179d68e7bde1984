"""Pure: which print a printer shows, whether it is the recorded one, and how it ended.

A printer that is offline, stale or unknown proves nothing: the print may go on behind it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from cameras.timelapse.manifest import Manifest, PrintMark
from printers.status import JobProgress, PrinterState, PrinterStatus

CANCEL_CODES = frozenset({"0300-400C", "0500-400E"})
"""print_error of a stop on a Bambu printer, shown for a second or two (bambu-lan A5.1)."""
SETTLE_S = {"finished": 0.0, "failed": 4.0, "cancelled": 0.0, "unknown": 10.0, "replaced": 0.0}
"""How long an end must be shown: the sign of a cancellation may come after the state."""
_FELL_PERCENT = 20
_ENDING = re.compile(r"(\.gcode)?\.(3mf|gcode|bgcode|gco|g)$", re.IGNORECASE)
_AT_REST = {
    PrinterState.FINISHED: "finished",
    PrinterState.FAILED: "failed",
    PrinterState.IDLE: "unknown",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one report says of the print that was being recorded."""

    same: bool = True  # it is still there, running or paused, or nothing speaks against it
    result: str = ""  # it is over: how


def title(name: str) -> str:
    """A print's name for people: without its file's endings."""
    return _ENDING.sub("", name) or name


def mark_of(job: JobProgress | None) -> PrintMark:
    if job is None:
        return PrintMark()
    ids = ("" if one == "0" else one for one in (job.task_id, job.subtask_id))
    return PrintMark(name=job.name, file=job.file, task_id=next(ids), subtask_id=next(ids))


def is_same(mark: PrintMark, shown: PrintMark) -> bool:
    """Ids that one of the two does not tell speak neither for nor against it: they come late."""
    ids = ((mark.task_id, shown.task_id), (mark.subtask_id, shown.subtask_id))
    if any(a and b and a != b for a, b in ids):
        return False
    if any(a and a == b for a, b in ids):
        return True
    names = ((mark.name, shown.name), (mark.file, shown.file))
    return not any(a and b and a != b for a, b in names)


def fuller(mark: PrintMark, shown: PrintMark) -> PrintMark:
    """The mark with what this report tells besides."""
    return PrintMark(
        name=mark.name or shown.name,
        file=mark.file or shown.file,
        task_id=mark.task_id or shown.task_id,
        subtask_id=mark.subtask_id or shown.subtask_id,
    )


def is_believable(status: PrinterStatus, monotonic_now: float) -> bool:
    known = status.state.is_connected and status.state is not PrinterState.UNKNOWN
    return known and not status.is_stale(monotonic_now)


def is_cancel(status: PrinterStatus) -> bool:
    return status.cancelled or any(fault.code in CANCEL_CODES for fault in status.faults)


def look(recorded: Manifest, status: PrinterStatus) -> Seen:
    """Of a believable report. ``result`` "replaced": another print runs, this one's end is past."""
    job = status.job
    shown = mark_of(job)
    same = is_same(recorded.mark, shown)
    if status.state.has_job:
        if job is None or shown == PrintMark():
            return Seen()
        if not same or _began_anew(recorded, status.state, job):
            return Seen(False, "replaced")
        return Seen()
    if job is not None and job.ended and same:
        return Seen(result=job.ended)
    if job is not None and not same:
        return Seen(result="unknown")
    return Seen(result=_AT_REST.get(status.state, ""))


def _began_anew(recorded: Manifest, state: PrinterState, job: JobProgress) -> bool:
    """The same file once more: it prepares again, or it is seen further back, and at work there.

    A fall to 0 alone is none: a P1S shows it when its print is stopped, before it says so.
    """
    if state is PrinterState.PREPARING and recorded.percent >= _FELL_PERCENT:
        return job.percent is None or job.percent < recorded.percent - _FELL_PERCENT
    if state is not PrinterState.PRINTING or job.percent is None:
        return False
    if job.percent >= recorded.percent - _FELL_PERCENT:
        return False
    if recorded.layer:
        return job.layer is not None and 0 < job.layer < recorded.layer
    return job.percent > 0


def followed(recorded: Manifest, job: JobProgress | None) -> Manifest:
    """The manifest with what this report adds; the very same object when that is nothing."""
    if job is None:
        return recorded
    mark = fuller(recorded.mark, mark_of(job))
    percent = max(recorded.percent, job.percent or 0)
    if mark == recorded.mark and percent == recorded.percent:
        return recorded
    return replace(recorded, mark=mark, percent=percent)
