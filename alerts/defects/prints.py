"""Which print a printer shows, and what the watch has done about it. Pure; kept over restarts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from cameras.timelapse.manifest import PrintMark
from cameras.timelapse.prints import fuller, is_same, mark_of
from printers.status import JobProgress, PrinterState, PrinterStatus

FELL_PERCENT = 20
GONE_S = 600.0
"""A print that shows up again within this, and not further back, had not ended: a session that
is opened anew can show an empty printer for a moment."""
REST = frozenset({PrinterState.IDLE, PrinterState.FINISHED, PrinterState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """One print on one printer. Times are epoch seconds, 0 = not (yet)."""

    run: str  # tells it apart from all others, for events
    job: str = ""  # what results name it, "" = not known: then ``run`` is made of its mark
    mark: PrintMark = field(default_factory=PrintMark)
    percent: int = 0  # the highest seen
    seen_at: float = 0.0
    printing_at: float = 0.0  # first seen at work
    ended_at: float = 0.0
    held: bool = False  # paused when last seen
    resumed_at: float = 0.0
    looked_at: float = 0.0
    wish: bool | None = None  # a person wants this print watched, or not
    told: int = 0  # alerts so far
    alarm: str = ""  # key of the open alert, "" = none
    kind: str = ""  # what it showed, a key of KINDS
    seen: str = ""  # "in 2 of 3 pictures"
    score: float = 0.0
    photo: str = ""  # file of the evidence in the alerts' photo folder
    pause: str = ""  # asked, done, late, failed, over, lost; not "": no further automatic pause
    pause_text: str = ""
    blind_told: int = 0
    blind_key: str = ""

    @property
    def open(self) -> bool:
        return self.ended_at == 0.0


def follow(old: Print | None, status: PrinterStatus, job: str, at: float) -> Print | None:
    """The print after this believable report; a new ``run`` is another print.

    ``job``: what results name this print: the farm's own job and attempt, or what the alerts'
    watch calls another's; "" = not known, or not yet.
    """
    if status.state.has_job:
        if old is None or not _goes_on(old, status, job, at):
            return _follow_on(_begin(status, job, at), status)
        if not old.open:  # or a new one that looks like it: its first minutes count anew
            old = replace(old, ended_at=0.0, printing_at=0.0)
        return _follow_on(_called(old, job), status)
    if old is None or not old.open:
        return old
    ended = status.state in REST or bool(status.job and status.job.ended)
    return replace(old, ended_at=at, held=False) if ended else old


def _called(one: Print, job: str) -> Print:
    """By the name that is known now; what was told of under another one keeps that."""
    if one.job or not job:
        return one
    return replace(one, job=job, run=one.run if one.told or one.blind_told else job)


def _begin(status: PrinterStatus, job: str, at: float) -> Print:
    mark = mark_of(status.job)
    told = "|".join((mark.file or mark.name, mark.task_id, mark.subtask_id))
    # the second of its first sight is on the disk before anything is told of it
    foreign = f"{hashlib.sha256(told.encode()).hexdigest()[:12]}-{int(at)}"
    return Print(run=job or foreign, job=job, mark=mark, seen_at=at)


def _follow_on(now: Print, status: PrinterStatus) -> Print:
    percent = (status.job.percent if status.job else None) or 0
    mark = fuller(now.mark, mark_of(status.job))
    if percent <= now.percent and mark == now.mark:
        return now
    return replace(now, mark=mark, percent=max(now.percent, percent))


def _goes_on(old: Print, status: PrinterStatus, job: str, at: float) -> bool:
    if old.job and job:
        return old.job == job
    if not old.open and at - old.ended_at > GONE_S:
        return False
    shown = mark_of(status.job)
    if shown != PrintMark() and not is_same(old.mark, shown):
        return False
    return not _began_anew(old, status.state, status.job)


def _began_anew(old: Print, state: PrinterState, job: JobProgress | None) -> bool:
    """The same file once more: it is seen further back, at work there or preparing again."""
    if state is PrinterState.PREPARING and not old.open:
        return True
    if state is PrinterState.PREPARING and old.percent >= FELL_PERCENT:
        return job is None or (job.percent or 0) < old.percent - FELL_PERCENT
    if job is None or job.percent is None:
        return not old.open
    fell = job.percent < old.percent - FELL_PERCENT
    return fell and state is PrinterState.PRINTING and (job.percent > 0 or not old.open)


def stake(one: Print | None) -> Print | None:
    """What of it must be on the disk at once; the rest may lag behind."""
    return None if one is None else replace(one, percent=0, looked_at=0.0, mark=PrintMark())


def dump(one: Print) -> dict[str, Any]:
    return asdict(one)


def load(kept: object) -> Print | None:
    """What dump() made; None for anything else."""
    if not isinstance(kept, Mapping) or not isinstance(kept.get("run"), str):
        return None
    blank = Print(run=kept["run"])
    values: dict[str, Any] = {}
    for one in fields(Print):
        value = kept.get(one.name)
        if one.name == "mark" and isinstance(value, Mapping):
            names = {f.name for f in fields(PrintMark)}
            if all(isinstance(text, str) for text in value.values()) and set(value) <= names:
                values["mark"] = PrintMark(**value)
        elif one.name == "wish" and isinstance(value, bool | None):
            values["wish"] = value
        elif _fits(value, getattr(blank, one.name)):
            values[one.name] = value
    return replace(blank, **values)


def _fits(value: object, usual: object) -> bool:
    if isinstance(usual, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(usual, bool)
    if isinstance(usual, float):
        return isinstance(value, (int, float))
    return usual is not None and type(value) is type(usual)
