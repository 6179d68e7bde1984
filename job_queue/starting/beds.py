"""Pure rules of the bed's permission: one approval, one start; every job seen takes it away."""

from __future__ import annotations

from dataclasses import replace

from job_queue.identity import echoes, only_more_is_told, signature
from job_queue.job import Job, JobState
from job_queue.records import AUTO, BedRecord
from printers.status import PrinterState, PrinterStatus

P = PrinterState
HISTORY = "history:"
"""How a task id begins that names one print of all (printers/moonraker/history.py)."""


def after_report(
    bed: BedRecord | None,
    status: PrinterStatus,
    job: Job | None,
    now: float,
    *,
    distrust: bool,
    watched: bool = True,
    away: str = "",
    replaced: bool = False,
) -> BedRecord | None:
    """The bed after a believable report; the same object when nothing changes.

    ``job`` is the farm's open job there. ``distrust``: a printer seen for the first time gets
    no permission even when it is idle, because a part may lie there since before it was switched
    on. Only simulated printers, whose beds are empty when they are made, are trusted.
    ``watched``: it was seen at rest so shortly ago that nothing can have been printed since.
    ``away``: before this report it was not seen for so long that something can; in a sentence.
    ``replaced``: its id belonged to another machine when it was last seen.
    """
    if bed is None:
        return _first_sight(status, now, distrust=distrust)
    if status.state.has_job:
        return _while_active(bed, status, job, now)
    after = _at_rest(bed, status, now, watched=watched)
    told = not replaced and _tells_of_every_print(after, status)
    if away and after.clear and not told:
        return BedRecord(since=now, why=away)
    return after


def _at_rest(bed: BedRecord, status: PrinterStatus, now: float, *, watched: bool) -> BedRecord:
    """What the screen shows of the last print, if anything."""
    if status.state not in (P.FINISHED, P.FAILED, P.IDLE):
        return bed
    if bed.active:
        return _foreign_end(bed, status, now)
    told = status.job.ended if status.job else ""  # of the last job, also when all is calm again
    if bed.clear and (told or status.state is not P.IDLE):
        return _unseen_end(bed, status, now, watched=watched)
    return bed


def _tells_of_every_print(bed: BedRecord, status: PrinterStatus) -> bool:
    """Moonraker keeps a history of all prints, over restarts too: as long as the newest is the one
    that was there at the approval, none came after it. No other make has such a proof: a file's
    name can be printed again, and a printer that shows nothing may have been switched off."""
    progress = status.job
    dated = progress is not None and progress.task_id.startswith(HISTORY)
    return dated and signature(progress) == bed.shown


_FIRST_WORDS = {
    P.IDLE: "New to the farm: look at its bed once",
    P.FINISHED: "First seen with a finished print",
    P.FAILED: "First seen with a print that ended early",
}


def _first_sight(status: PrinterStatus, now: float, *, distrust: bool) -> BedRecord:
    if status.state is P.IDLE and not distrust:
        return BedRecord(clear=True, since=now, why="Simulated, idle when first seen", by=AUTO)
    name = _name(status)
    if status.state.has_job:
        why = f"Someone is printing {name} at the printer"
        return BedRecord(since=now, why=why, name=name, active=True)
    why = _FIRST_WORDS.get(status.state, "Not yet looked at")
    return BedRecord(since=now, why=why, name=name if status.job else "")


def _while_active(bed: BedRecord, status: PrinterStatus, job: Job | None, now: float) -> BedRecord:
    if job is not None and not job.state.is_before_start and _may_be_ours(job, status):
        return bed  # its permission was consumed with the intent to start
    name = _name(status)
    if bed.active and bed.name == name:
        return bed
    why = f"Someone is printing {name} at the printer"
    return BedRecord(since=now, why=why, name=name, active=True)


def _may_be_ours(job: Job, status: PrinterStatus) -> bool:
    return echoes(job, status.job) or job.state in (JobState.STARTING, JobState.NEEDS_HUMAN)


def _foreign_end(bed: BedRecord, status: PrinterStatus, now: float) -> BedRecord:
    told = status.job.ended if status.job else ""
    result = told or {P.FINISHED: "finished", P.FAILED: "failed"}.get(status.state, "")
    why = f"Someone printed {bed.name} at the printer"
    return replace(bed, active=False, since=now, why=why, result=result, clear=False)


def _unseen_end(bed: BedRecord, status: PrinterStatus, now: float, *, watched: bool) -> BedRecord:
    """The end of a job that ran while nobody was watching (farm or network down)."""
    shown = _mark(status)
    if shown == bed.shown or (watched and not signature(status.job)):
        return bed
    if watched and only_more_is_told(bed.shown, status.job):
        return replace(bed, shown=shown)  # OctoPrint dates a print seconds after its end
    name = _name(status)
    told = status.job.ended if status.job else ""
    result = told or ("finished" if status.state is P.FINISHED else "failed")
    why = f"Someone printed {name} at the printer"
    return BedRecord(since=now, why=why, name=name, result=result)


def _mark(status: PrinterStatus) -> str:
    """What the screen shows of the last print. PrusaLink's firmware shows that one has ended and,
    to a farm that was away, not which."""
    ended = status.state in (P.FINISHED, P.FAILED)
    return signature(status.job) or (status.state.value if ended else "")


def _name(status: PrinterStatus) -> str:
    progress = status.job
    return (progress.name or progress.file if progress else "") or "a print"


def approved(now: float, status: PrinterStatus, by: str = "") -> BedRecord:
    """A person vouches for the bed. What the screen shows belongs to the past from now on."""
    return BedRecord(clear=True, since=now, why="Marked clear", shown=_mark(status), by=by)


def consumed(job: Job, now: float) -> BedRecord:
    """The permission goes into this start (the W3 write)."""
    return BedRecord(
        since=now, why=f"{job.file_name} was started", name=job.file_name,
        file_id=job.file_id, job_id=job.id,
    )  # fmt: skip


def returned(before: BedRecord, current: BedRecord | None, job: Job, shown: str) -> BedRecord:
    """After a start that certainly did not happen: back, unless something else was seen since."""
    if current is None or current.job_id != job.id or current.active:
        return current or before
    return replace(before, shown=shown or before.shown)


def after_end(job: Job, state: JobState, percent: int | None, now: float) -> BedRecord:
    """Every end of a job that was started, and every doubt, asks a person to look."""
    return BedRecord(
        since=now,
        why=_end_sentence(job, state, percent),
        name=job.file_name,
        result=state.value if state.has_ended else "",
        file_id=job.file_id,
        job_id=job.id,
    )


def _end_sentence(job: Job, state: JobState, percent: int | None) -> str:
    at = f" at {percent} %" if percent is not None else ""
    if state is JobState.FINISHED:
        return f"{job.file_name} finished"
    if state is JobState.CANCELLED:
        return f"{job.file_name} was stopped{at}"
    if state is JobState.FAILED:
        return f"{job.file_name} failed{at}"
    return f"It is not certain whether {job.file_name} was started"
