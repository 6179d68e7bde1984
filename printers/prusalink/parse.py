"""From PrusaLink's /api/v1/status to a Report. Pure; never raises.

The state words are those of the public specification; measured on the Pi: IDLE, BUSY, PRINTING,
PAUSED, FINISHED, STOPPED, ERROR. ATTENTION with a job open is a pause that only the printer's own
screen can end (the firmware's /api/v1/job calls it PAUSED and refuses to resume it); it can still
be stopped. ATTENTION without a job, and ERROR, are faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from printers.lan.report import Report, is_temperature
from printers.prusalink.capabilities import capabilities
from printers.prusalink.flavour import Server
from printers.prusalink.parse_job import SeenJob, job_id, progress_of
from printers.prusalink.values import as_int, as_number, as_object, as_text
from printers.status import (
    Fault,
    Heater,
    Machine,
    Notice,
    Nozzle,
    PrinterState,
    Severity,
    Speed,
)

S = PrinterState
STATES: dict[str, PrinterState] = {
    "IDLE": S.IDLE,
    "READY": S.IDLE,
    "BUSY": S.BUSY,
    "PRINTING": S.PRINTING,
    "PAUSED": S.PAUSED,
    "FINISHED": S.FINISHED,
    "STOPPED": S.FAILED,
    "ERROR": S.FAULT,
    "ATTENTION": S.FAULT,
    "OFFLINE": S.OFFLINE,
}
COOLING = frozenset({"FINISHED", "STOPPED"})
"""In these the Pi refuses a start for 11 s (measured); the firmware takes one."""

_ASKED = {"pause": "Pausing", "resume": "Resuming", "stop": "Cancelling"}
_PENDING = {"pause": S.PRINTING, "resume": S.PAUSED}
_ATTENTION = "The printer asks for attention. Look at its screen and answer there."
_ERROR = "The printer reports an error. Look at its screen."
_HEATING_C = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the adapter knows besides the reply."""

    name: str  # of the printer
    server: Server
    job: SeenJob | None = None
    asked: str = ""  # "pause", "resume", "stop": sent to this job, not yet seen
    homed: str = ""
    uploading: bool = False  # the transfer that is shown is ours


def state_word(status: Mapping[str, Any]) -> str:
    """The printer's own word, in capitals."""
    return as_text(as_object(status.get("printer")).get("state"), 40).upper()


def parse(status: Mapping[str, Any], known: Known) -> Report:
    """One reply, whole."""
    printer = as_object(status.get("printer"))
    word = state_word(status)
    attention = word == "ATTENTION" and job_id(status) is not None
    state = S.PAUSED if attention else STATES.get(word, S.UNKNOWN)
    return Report(
        state=state,
        raw_state=word,
        stage=_stage(state, printer, known.asked),
        pause_kind="printer" if attention else "",
        pause_reason=_ATTENTION if attention else "",
        message=_message(state, known),
        job=progress_of(known.job, status, word),
        heaters=_heaters(printer, known.server, word),
        speed=_speed(printer),
        faults=_faults(word, printer),
        cancelled=word == "STOPPED",
        homed=known.homed,
        nozzles=(Nozzle(name="nozzle", diameter_mm=known.server.nozzle_mm),),
        storage=known.server.storage_word,
        notices=_notices(status, known),
        machine=machine_of(known.server),
    )


def machine_of(server: Server) -> Machine:
    return Machine(
        code=server.model.code,
        name=server.model.name,
        volume_mm=server.model.volume_mm,
        centred=False,
        firmware=server.firmware,
        serial=server.serial,
        file_kinds=server.file_kinds,
        capabilities=capabilities(server),
    )


def _stage(state: PrinterState, printer: Mapping[str, Any], asked: str) -> str:
    """What was asked and has not been seen yet comes first: PrusaLink answers before it acts."""
    if (asked == "stop" and state.has_job) or (asked and _PENDING.get(asked) is state):
        return _ASKED[asked]
    if state is not S.PRINTING:
        return ""
    for heater in ("bed", "nozzle"):
        now = as_number(printer.get(f"temp_{heater}"))
        goal = as_number(printer.get(f"target_{heater}"))
        if now is not None and goal is not None and goal - now > _HEATING_C:
            return f"Heating {heater}"
    return ""


def _message(state: PrinterState, known: Known) -> str:
    if state is not S.OFFLINE:
        return ""
    return (
        f"{known.server.text} is running, but {known.name} does not answer it. "
        "Check that the printer is on and its cable is in."
    )


def _heaters(printer: Mapping[str, Any], server: Server, word: str) -> tuple[Heater, ...]:
    """After a lost serial line the Pi goes on showing the last temperatures (measured): hidden."""
    if word in ("ERROR", "OFFLINE") and server.is_pi:
        return ()
    highest = {"nozzle": server.model.nozzle_max, "bed": server.model.bed_max}
    found = []
    for name, limit in highest.items():
        now = as_number(printer.get(f"temp_{name}"))
        if now is not None and is_temperature(now):
            goal = as_number(printer.get(f"target_{name}"))
            goal = goal if goal is not None and is_temperature(goal) else None
            maximum = limit if server.is_pi else None
            found.append(Heater(name=name, current=now, target=goal, maximum=maximum))
    return tuple(found)


def _speed(printer: Mapping[str, Any]) -> Speed | None:
    percent = as_int(printer.get("speed"))
    return None if percent is None else Speed(level=None, percent=percent)


def _faults(word: str, printer: Mapping[str, Any]) -> tuple[Fault, ...]:
    if word not in ("ERROR", "ATTENTION"):
        return ()
    told = as_object(printer.get("status_printer"))
    text = as_text(told.get("message")) if told.get("ok") is False else ""
    error = word == "ERROR"
    return (
        Fault(
            code=f"PRUSALINK-{word}",
            text=text or (_ERROR if error else _ATTENTION),
            severity=Severity.FATAL if error else Severity.SERIOUS,
        ),
    )


def _notices(status: Mapping[str, Any], known: Known) -> tuple[Notice, ...]:
    """A transfer that is not ours (from a browser, a slicer or Prusa Connect)."""
    if known.uploading or as_int(as_object(status.get("transfer")).get("id")) is None:
        return ()
    text = f"{known.name} is receiving a file from elsewhere."
    return (Notice(code="foreign_transfer", text=text),)
