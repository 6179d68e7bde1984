"""The Printer JSON of another farm -> what this farm shows of it. Pure.

Its display words (docs/feeds.md) say what the printer does and, at rest, whether its bed is clear.
A word that nobody has mapped is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from printers.feed import parts, words
from printers.feed.values import flag, mapping, sequence, text, whole
from printers.lan.report import Report
from printers.status import STALE_AFTER_S, JobProgress, PrinterState

S = PrinterState
Doc = Mapping[str, Any]

_STATES = {
    "fault": S.FAULT,
    "paused": S.PAUSED,
    "needs_human": S.UNKNOWN,  # whether it prints is the very question there
    "uploading": S.BUSY,
    "preparing": S.PREPARING,
    "printing": S.PRINTING,
    "stopping": S.PRINTING,
    "busy": S.BUSY,
    "ready": S.IDLE,
    "needs_clear": S.IDLE,  # or what _ended says
    "maintenance": S.IDLE,
    "unknown": S.UNKNOWN,
    "connecting": S.CONNECTING,
    "offline": S.OFFLINE,
    # the other farm's trouble with its printer; nothing that could be mended from here
    "auth": S.OFFLINE,
    "identity": S.OFFLINE,
    "misconfigured": S.OFFLINE,
}
_ENDS = {"finished": S.FINISHED, "failed": S.FAILED, "cancelled": S.FAILED}
SILENT_S = STALE_AFTER_S + 0.1
MOST_HOPS = 4


class NoPrinter(ValueError):
    """These bytes are no Printer JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How the other farm's picture must be shown, as its ``cam`` says."""

    announced: bool = False  # it has a camera for this printer
    flip_h: bool = False
    flip_v: bool = False
    rotate: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One frame."""

    report: Report
    live: bool  # the other farm hears the printer: a sign of life of the printer itself
    silent: bool  # it says that the printer has been silent for too long
    picture: Picture
    via: tuple[str, ...]
    """The farms it came through, the nearest first. One entry more than MOST_HOPS: too many."""


def news_of(doc: object, name: str) -> News:
    """``name``: the printer's name here. Raises NoPrinter."""
    if not isinstance(doc, dict) or not isinstance(doc.get("state"), str):
        raise NoPrinter("a frame without a printer's state")
    state, word = _state(doc)
    via = tuple(text(run, 64) for run in sequence(doc.get("via"))[: MOST_HOPS + 1])
    conn = mapping(doc.get("conn"))
    silent = flag(conn.get("stale")) is True and state.is_connected
    report = _report(doc, state, word, name, via)
    return News(
        report=report,
        live=state.is_connected and not silent,
        silent=silent,
        picture=_picture(doc),
        via=via,
    )


def _state(doc: Doc) -> tuple[PrinterState, str]:
    """The state, and the other farm's word for it."""
    word = text(doc.get("state"), 40)
    state = _STATES.get(word)
    if state is None:
        return S.UNKNOWN, "unknown"
    if word == "needs_clear":
        state = _ended(doc)
    return state, word


def _ended(doc: Doc) -> PrinterState:
    """How what lies on the bed there ended; IDLE where the other farm does not know."""
    result = text(mapping(doc.get("bed")).get("result"), 20)
    if result in _ENDS:
        return _ENDS[result]
    return S.FAILED if doc.get("sub") == "stopped" else S.IDLE


def _report(doc: Doc, state: PrinterState, word: str, name: str, via: tuple[str, ...]) -> Report:
    pause = mapping(doc.get("pause"))
    paused = state is S.PAUSED
    return Report(
        state=state,
        raw_state=word,
        stage=_stage(doc, word),
        pause_kind=text(pause.get("kind"), 20) if paused else "",
        pause_reason=text(pause.get("text")) if paused else "",
        message=_message(doc, state, word),
        lock=words.lock_of(name),
        job=_job(doc, state),
        heaters=parts.heaters(doc),
        fans=parts.fans(doc),
        light=flag(doc.get("light")),
        speed=parts.speed(doc),
        ams=parts.ams(doc),
        external=parts.trays(doc.get("external")),
        active_tray=text(doc.get("tray"), 12),
        next_tray=text(doc.get("next_tray"), 12),
        faults=parts.faults(doc),
        cancelled=_result(doc) == "cancelled" and state is S.FAILED,
        homed=text(doc.get("homed"), 3),
        nozzles=parts.nozzles(doc),
        door_open=flag(doc.get("door")),
        wifi_dbm=whole(doc.get("wifi"), -150, 0),
        storage=text(doc.get("storage"), 20),
        notices=parts.notices(doc),
        machine=parts.machine(doc),
        via=via,
    )


def _result(doc: Doc) -> str:
    return text(mapping(doc.get("bed")).get("result"), 20)


def _job(doc: Doc, state: PrinterState) -> JobProgress | None:
    """The open job; at rest the one whose part lies on the bed, with its end."""
    if state not in (S.FINISHED, S.FAILED):
        return parts.job(doc)
    name, result = text(mapping(doc.get("bed")).get("name")), _result(doc)
    return JobProgress(name=name, file=name, ended=result) if name else None


def _stage(doc: Doc, word: str) -> str:
    if word == "stopping":
        return "Cancelling"
    return text(doc.get("stage"), 100)


def _message(doc: Doc, state: PrinterState, word: str) -> str:
    said = text(doc.get("message"))
    if not state.is_connected:
        return words.elsewhere(said or text(mapping(doc.get("conn")).get("text")) or f"{word}.")
    if word == "needs_clear":
        return _full_stop(text(mapping(doc.get("bed")).get("why")))
    if word in ("needs_human", "uploading"):
        return text(mapping(doc.get("job")).get("text")) or said
    if word == "maintenance":
        return text(mapping(doc.get("maintenance")).get("note"))
    return said


def _full_stop(sentence: str) -> str:
    return f"{sentence}." if sentence and sentence[-1] not in ".!?…" else sentence


def _picture(doc: Doc) -> Picture:
    told = mapping(doc.get("cam"))
    rotate = told.get("rotate")
    return Picture(
        announced=told.get("mode") == "jpeg" and mapping(doc.get("conn")).get("online") is True,
        flip_h=told.get("flip_h") is True,
        flip_v=told.get("flip_v") is True,
        rotate=rotate if isinstance(rotate, int) and rotate in (90, 180, 270) else 0,
    )
