"""Pure: OctoPrint's ``current`` (or the same from REST) and what is remembered -> Report."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from printers.lan.report import Report
from printers.octoprint.fields import mapping, number, path, text
from printers.octoprint.heat import Reading, heaters
from printers.octoprint.memory import Ended, LastPrint, Memory
from printers.octoprint.settings import Limits
from printers.octoprint.states import Activity, Phase
from printers.status import (
    Fan,
    Fault,
    JobProgress,
    Machine,
    Notice,
    Nozzle,
    PrinterState,
    Severity,
    Speed,
)

_MAX_MINUTES = 60 * 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The job as OctoPrint shows it: a selected file, whether or not it prints."""

    path: str = ""
    name: str = ""
    completion: float | None = None  # 0–100, by bytes of the file
    left_s: float | None = None


def shown_of(job: object, progress: object) -> Shown:
    """From the ``job`` and ``progress`` of a reply or frame; any of it may be null."""
    file, done = mapping(mapping(job).get("file")), mapping(progress)
    name = text(file.get("display")) or text(file.get("name"))
    return Shown(
        path=path(file.get("path")) or path(file.get("name")),
        name=name,
        completion=number(done.get("completion")),
        left_s=number(done.get("printTimeLeft")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the session learned before its first report."""

    machine: Machine
    nozzles: tuple[Nozzle, ...]
    settable: tuple[str, ...] | None
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """/api/printer/error: more than the state's own text; empty on older servers."""

    text: str = ""
    code: str = ""


def trouble_of(reply: object) -> Trouble:
    data = mapping(reply)
    code = text(data.get("faq")) or text(data.get("reason"))
    return Trouble(text=text(data.get("error")), code=code[:60])


def build(
    name: str,
    activity: Activity,
    shown: Shown,
    readings: Mapping[str, Reading],
    memory: Memory,
    facts: Facts,
    trouble: Trouble,
    notices: tuple[Notice, ...],
    now: float,
) -> Report:
    """A full picture of now. ``now``: monotonic s."""
    state, job = _state_and_job(activity, shown, memory, now)
    if state.has_job:
        memory.moved_at = now
    paused = state is PrinterState.PAUSED
    connected = activity.phase not in (Phase.CLOSED, Phase.ERROR, Phase.OPENING)
    more: dict[str, Any] = {}
    if connected:
        more = {
            "heaters": heaters(readings, facts.limits, facts.settable),
            "fans": () if memory.fan is None else (Fan(name="part", percent=memory.fan),),
            "speed": None if memory.speed is None else Speed(level=None, percent=memory.speed),
            "homed": "".join(sorted(memory.homed_at(now))),
        }
    return Report(
        state=state,
        raw_state=activity.raw,
        stage=activity.stage,
        pause_reason=memory.pause_reason if paused else "",
        pause_kind=memory.pause_kind if paused else "",
        message=_message(name, activity),
        job=job,
        faults=_faults(name, activity, trouble),
        cancelled=state is PrinterState.FAILED and memory.is_cancelled(now),
        nozzles=facts.nozzles,
        notices=notices,
        machine=facts.machine,
        **more,
    )


def _state_and_job(
    activity: Activity, shown: Shown, memory: Memory, now: float
) -> tuple[PrinterState, JobProgress | None]:
    ended = memory.ended
    if ended is not None and shown.path not in ("", ended.path):
        ended = None
    last = None
    if ended is not None:
        last = JobProgress(
            name=(shown.name if shown.path else "") or ended.name,
            file=ended.path,
            task_id=_print_of(ended, memory.last),
            percent=100 if ended.how == "finished" else None,
            ended=ended.how,
        )
    if activity.phase in (Phase.ACTIVE, Phase.ENDING):
        return activity.state, _running(activity, shown, memory.layer(now))
    if activity.phase is Phase.REST and last is not None:
        if ended is not None and ended.recorded:
            return activity.state, last
        return (PrinterState.FINISHED if last.ended == "finished" else PrinterState.FAILED), last
    return activity.state, last if activity.phase in (Phase.ERROR, Phase.CLOSED) else None


def _print_of(ended: Ended, last: LastPrint | None) -> str:
    """An identity of this print of the file, "" while its statistics are not read."""
    return f"print:{last.date}" if last is not None and last.path == ended.path else ""


def _running(activity: Activity, shown: Shown, layer: int | None) -> JobProgress | None:
    if not shown.path and not shown.name:
        return None
    percent = None
    if shown.completion is not None:
        percent = min(99, max(0, math.floor(shown.completion)))
    left = shown.left_s if activity.phase is Phase.ACTIVE else None
    minutes = None
    if left is not None and 0 <= left <= _MAX_MINUTES * 60:
        minutes = math.ceil(left / 60)
    return JobProgress(
        name=shown.name or shown.path, file=shown.path, percent=percent, remaining_min=minutes,
        layer=layer,
    )  # fmt: skip


def _message(name: str, activity: Activity) -> str:
    if activity.phase is Phase.CLOSED:
        return f"OctoPrint is running, but {name} is not connected to it. Press Connect."
    if activity.phase is Phase.OPENING:
        return f"OctoPrint is connecting to {name} ({activity.raw})."
    if activity.phase is Phase.ERROR:
        return f"OctoPrint lost {name} to an error. Look at the printer, then press Connect."
    return ""


def _faults(name: str, activity: Activity, trouble: Trouble) -> tuple[Fault, ...]:
    if activity.phase is not Phase.ERROR:
        return ()
    said = activity.error or _in_brackets(activity.raw) or trouble.text
    words = said or f"OctoPrint reports an error of {name} without saying which."
    if _BARE.fullmatch(said):
        words = f"OctoPrint lost the line to {name} ({said.strip(' :')})."
    code = trouble.code if trouble.code and trouble.text == said else "octoprint-error"
    return (Fault(code=code, text=words, severity=Severity.FATAL, module="printer"),)


_BARE = re.compile(r"\w+(Exception|Error): ?")
"""A program's word for what went wrong, and nothing after it: "SerialTimeoutException: "."""


def _in_brackets(raw: str) -> str:
    """Older servers: "Offline (Error: it broke)", "Error: it broke"."""
    _, found, rest = raw.partition("rror: ")
    return rest.removesuffix(")").strip() if found else ""
