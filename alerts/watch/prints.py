"""Pure: what a report says of a print that nobody but its printer knows.

The farm's own jobs are judged by job_queue, with more evidence; these are the prints of others.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from alerts.watch.memory import Run
from cameras.timelapse.manifest import PrintMark
from cameras.timelapse.prints import fuller, is_same, mark_of
from printers.status import JobProgress, PrinterState, PrinterStatus

S = PrinterState
SETTLE_S = {"finished": 0.0, "cancelled": 0.0, "failed": 4.0, "unknown": 10.0}
"""How long an end must be shown: the sign of a cancellation may come after the state, and a
printer may forget its print for a moment (bambu-lan A5.1)."""
FRESH_S = 60.0
"""A print so young may still show the percentage of the one before."""
_FELL_PERCENT = 20
_REST = {S.FINISHED: "finished", S.FAILED: "failed", S.IDLE: "unknown"}


@dataclass(frozen=True, slots=True)
class Seen:
    """``result``: it is over, how. ``other``: another print runs, and this one's end is past."""

    result: str = ""
    other: bool = False


STILL = Seen()


def mark_in(run: Run) -> PrintMark:
    return PrintMark(**run.mark)


def look(run: Run, status: PrinterStatus, now: float) -> Seen:
    """Of a believable report. ``now``: epoch s."""
    job = status.job
    shown = mark_of(job)
    same = is_same(mark_in(run), shown)
    if status.state.has_job:
        if job is None or shown == PrintMark() or not run.named:
            return STILL
        fresh = now - run.since < FRESH_S
        return Seen(other=not same or (not fresh and _began_anew(run, status.state, job)))
    if job is not None and not same:
        return Seen(result="unknown") if run.named else STILL
    if job is not None and job.ended:
        return Seen(result=job.ended)
    return Seen(result=_REST.get(status.state, ""))


def _began_anew(run: Run, state: PrinterState, job: JobProgress) -> bool:
    """The same file once more: it prepares again, or it is far behind and at work there. A fall
    to 0 alone is none: a P1S shows it when its print is stopped, before it says so."""
    percent = job.percent
    if state is S.PREPARING and run.percent >= _FELL_PERCENT:
        return percent is None or percent < run.percent - _FELL_PERCENT
    if state is not S.PRINTING or percent is None or percent >= run.percent - _FELL_PERCENT:
        return False
    if run.layer:
        return job.layer is not None and 0 < job.layer < run.layer
    return percent > 0


def follow(run: Run, status: PrinterStatus, now: float) -> None:
    """Add what this report tells. Until the print has begun, names may be the former one's: they
    are taken as they come."""
    job = status.job
    if job is None:
        return
    shown = mark_of(job)
    run.mark = asdict(fuller(mark_in(run), shown) if run.named else shown)
    if not run.own:
        run.file = job.name or job.file or run.file
    if status.state is S.PRINTING:
        known = (0, 0) if now - run.since < FRESH_S else (run.percent, run.layer)
        run.percent = max(known[0], job.percent or 0)
        run.layer = max(known[1], job.layer or 0)


def has_name(run: Run) -> bool:
    """Ids alone are none: PrusaLink has a number before it is asked for the file."""
    return bool(run.mark.get("name") or run.mark.get("file"))
