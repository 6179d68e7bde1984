"""OctoPrint's state: its flags first, its words where the flags leave it open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from printers.octoprint.fields import flag, mapping, text
from printers.status import PrinterState


class Phase(Enum):
    """What a state means for the job, finer than PrinterState."""

    ACTIVE = "active"  # a job runs or is paused
    ENDING = "ending"  # it is being finished or cancelled; its end is announced by an event
    REST = "rest"  # connected, no job
    OPENING = "opening"  # the line to the printer is being opened
    CLOSED = "closed"  # no line to the printer
    ERROR = "error"
    BUSY = "busy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Activity:
    phase: Phase
    state: PrinterState
    stage: str = ""
    raw: str = ""  # OctoPrint's own word
    error: str = ""  # its own words for what went wrong
    cancelling: bool = False


_P, _S = Phase, PrinterState

_BY_FLAG: tuple[tuple[str, Phase, PrinterState, str], ...] = (
    ("cancelling", _P.ENDING, _S.PRINTING, "Cancelling"),
    ("finishing", _P.ENDING, _S.PRINTING, "Finishing"),
    ("pausing", _P.ACTIVE, _S.PAUSED, "Pausing"),
    ("paused", _P.ACTIVE, _S.PAUSED, ""),
    ("resuming", _P.ACTIVE, _S.PRINTING, "Resuming"),
)
"""In this order: "pausing" comes together with "printing", "resuming" with "paused"."""

_BY_WORD: tuple[tuple[str, Phase, PrinterState, str], ...] = (
    ("offline after error", _P.ERROR, _S.FAULT, ""),
    ("offline (error", _P.ERROR, _S.FAULT, ""),
    ("error", _P.ERROR, _S.FAULT, ""),
    ("offline", _P.CLOSED, _S.OFFLINE, ""),
    ("closed", _P.CLOSED, _S.OFFLINE, ""),
    ("opening", _P.OPENING, _S.CONNECTING, ""),
    ("detecting", _P.OPENING, _S.CONNECTING, ""),
    ("connecting", _P.OPENING, _S.CONNECTING, ""),
    ("transfer", _P.BUSY, _S.BUSY, "Copying a file to the printer's memory card"),
    ("sending file", _P.BUSY, _S.BUSY, "Copying a file to the printer's memory card"),
    ("cancelling", _P.ENDING, _S.PRINTING, "Cancelling"),
    ("finishing", _P.ENDING, _S.PRINTING, "Finishing"),
    ("pausing", _P.ACTIVE, _S.PAUSED, "Pausing"),
    ("paused", _P.ACTIVE, _S.PAUSED, ""),
    ("resuming", _P.ACTIVE, _S.PRINTING, "Resuming"),
    ("starting", _P.ACTIVE, _S.PREPARING, "Starting"),
    ("printing", _P.ACTIVE, _S.PRINTING, ""),
    ("operational", _P.REST, _S.IDLE, ""),
)
"""By how the word begins, lower case (octoprint-moonraker 1; older servers add the error's text
in brackets)."""


def _by_word(word: str) -> tuple[Phase, PrinterState, str]:
    lower = word.lower()
    for start, phase, state, stage in _BY_WORD:
        if lower.startswith(start):
            return phase, state, stage
    return Phase.UNKNOWN, PrinterState.UNKNOWN, ""


def _by_flags(flags: Mapping[str, Any], word: str) -> tuple[Phase, PrinterState, str]:
    spoken = _by_word(word)
    if flag(flags.get("error")):
        return Phase.ERROR, PrinterState.FAULT, ""
    if flag(flags.get("closedOrError")):
        known = (Phase.ERROR, Phase.OPENING)
        return spoken if spoken[0] in known else (Phase.CLOSED, PrinterState.OFFLINE, "")
    if spoken[0] in (Phase.OPENING, Phase.BUSY):
        return spoken
    for name, phase, state, stage in _BY_FLAG:
        if flag(flags.get(name)):
            return phase, state, stage
    if flag(flags.get("printing")):
        starting = spoken[1] is PrinterState.PREPARING
        return spoken if starting else (Phase.ACTIVE, PrinterState.PRINTING, "")
    if flag(flags.get("ready")) or (flag(flags.get("operational")) and spoken[0] is Phase.REST):
        return Phase.REST, PrinterState.IDLE, ""
    return spoken if spoken[0] in (Phase.CLOSED, Phase.ERROR) else _UNKNOWN


_UNKNOWN = (Phase.UNKNOWN, PrinterState.UNKNOWN, "")


def activity_of(state: object) -> Activity:
    """From the ``state`` of a reply or frame: ``{"text", "flags", "error"}``, or its word alone
    as /api/job gives it while the printer is not connected."""
    word = text(state) if isinstance(state, str) else text(mapping(state).get("text"))
    flags = mapping(mapping(state).get("flags"))
    phase, value, stage = _by_flags(flags, word) if flags else _by_word(word)
    return Activity(
        phase=phase,
        state=value,
        stage=stage,
        raw=word,
        error=text(mapping(state).get("error")),
        cancelling=stage == "Cancelling",
    )
