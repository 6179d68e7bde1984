"""The words of a message: one event, several of a kind, or a list of what has been."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from alerts.ends import RESULTS
from alerts.model import Event, Kind, Level, Message
from alerts.rules.holder import Bundle, Waiting, Why
from alerts.rules.template import filled
from alerts.rules.times import clock_text, is_quiet

WEEK_S = 7 * 86_400.0
"""Alarms and results are worth telling so long: a channel may be dead over a holiday, and must not
fill the disk for ever."""
LATE_S = 600.0
"""What is told later than this is told with its time."""
MOST_LINES = 30
FARM = "Print farm"
_ORDER = (Level.NOW, Level.SOON, Level.INFO)
_HOUR = 3600.0
_WORTH_S: Mapping[Kind, float] = {
    Kind.PROGRESS: _HOUR,
    Kind.PHOTO: _HOUR,
    Kind.STATE_CHANGED: _HOUR,
    Kind.DUE_SOON: 900.0,
}
"""After so many seconds it is worth nothing; else by its level, see _expires."""
_WORDS: Mapping[Kind, str] = {
    Kind.STARTED: "started",
    Kind.FILE_CHANGED: "print another file",
    Kind.STATE_CHANGED: "changed their state",
    Kind.PROGRESS: "go on",
    Kind.PAUSED: "paused",
    Kind.RESUMED: "resumed",
    Kind.FILAMENT_OUT: "ran out of filament",
    Kind.FINISHED: "finished",
    Kind.FAILED: "failed",
    Kind.CANCELLED: "were cancelled",
    Kind.BED_WAITING: "wait to be cleared",
    Kind.DUE_SOON: "are done soon",
    Kind.FAULT: "report a fault",
    Kind.OFFLINE_PRINTING: "went offline while printing",
    Kind.OFFLINE: "went offline",
    Kind.ONLINE: "are back online",
    Kind.NEEDS_PERSON: "need a decision",
    Kind.SPOOL_SHORT: "are short of filament",
    Kind.CAMERA_DEAD: "show no picture",
    Kind.DEFECT: "may have a defect",
    Kind.WATCH_BLIND: "print unwatched",
}


def compose(bundle: Bundle, now: float) -> Message:
    """``now``: epoch s. Its id is new each time; what it settles is written in the same line."""
    first = bundle.events[0]
    level = min((one.level for one in bundle.events), key=_ORDER.index)
    events = tuple(one.event for one in bundle.events)
    live, ends_live = _live(bundle)
    quiet = first.rule.quiet
    hushed = quiet is not None and quiet.silence_now and is_quiet(quiet, now)
    title, text = _words(bundle, now)
    return Message(
        id=f"{int(now * 1000):x}-{secrets.token_hex(4)}",
        channel=first.channel,
        level=level,
        title=title,
        text=text,
        created_at=now,
        expires_at=_expires(bundle.events),
        silent=level is Level.INFO or hushed,
        photo=_photo(first, events),
        live=live,
        ends_live=ends_live,
        events=events,
    )


def plain(bundle: Bundle, now: float) -> Message:
    """When the words cannot be found: the events' own, nothing else."""
    return Message(
        id=f"{int(now * 1000):x}-{secrets.token_hex(4)}",
        channel=bundle.events[0].channel,
        level=min((one.level for one in bundle.events), key=_ORDER.index),
        title=FARM,
        text="\n".join(one.event.text for one in bundle.events[:MOST_LINES]),
        created_at=now,
        events=tuple(one.event for one in bundle.events),
    )


def _live(bundle: Bundle) -> tuple[str, bool]:
    if len(bundle.events) != 1 or bundle.why is not Why.GROUP:
        return "", False
    [one] = bundle.events
    event = one.event
    if event.kind in RESULTS and event.run:
        return f"{event.printer_id}|{event.run}", True
    return one.live, False


def _photo(first: Waiting, events: Sequence[Event]) -> str:
    if not first.rule.photo:
        return ""
    return next((event.photo for event in events if event.photo), "")


def _expires(waiting: Sequence[Waiting]) -> float:
    """Epoch s: when the last of them is worth nothing any more."""
    return max(one.event.at + _worth_s(one) for one in waiting)


def _worth_s(one: Waiting) -> float:
    if one.event.kind in RESULTS or one.level is Level.NOW:
        return WEEK_S
    by_level = 24 * _HOUR if one.level is Level.SOON else 6 * _HOUR
    # what a rule has delayed is still wanted when its time has come
    delayed = 24 * _HOUR if one.rule.quiet or one.rule.digest is not None else 0.0
    return _WORTH_S.get(one.event.kind, by_level) + delayed


# -- words -----------------------------------------------------------------------------------------


def _words(bundle: Bundle, now: float) -> tuple[str, str]:
    """Title and text."""
    events = [one.event for one in bundle.events]
    if bundle.why is Why.GROUP and len(events) == 1:
        return _title(events[0]), _line(bundle.events[0], now)
    ranked = sorted(bundle.events, key=lambda one: (_ORDER.index(one.level), one.event.at))
    lines = [_line(one, now, timed=bundle.why is not Why.GROUP) for one in ranked]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], f"and {len(lines) - MOST_LINES + 1} more"]
    pictured = next((event for event in events if event.photo), None)
    if bundle.events[0].rule.photo and pictured is not None and pictured.printer:
        lines.append(f"Picture: {pictured.printer}")
    return _heading(bundle.why, events), "\n".join(lines)


def _title(event: Event) -> str:
    return " ".join((event.printer or FARM).split())


def _heading(why: Why, events: Sequence[Event]) -> str:
    count = len(events)
    told = "1 alert" if count == 1 else f"{count} alerts"
    if why is Why.GROUP:
        return _of_a_kind(events)
    if why is Why.SURPLUS:
        return f"{count} more"
    return f"{told} in quiet hours" if why is Why.QUIET else f"Digest: {told}"


def _of_a_kind(events: Sequence[Event]) -> str:
    count, kind = len(events), events[0].kind
    printers = {event.printer_id for event in events if event.printer_id}
    words = _WORDS.get(kind)
    if events[0].ends:
        return f"{count} × over: {kind.value.replace('_', ' ')}"
    if words and len(printers) == count:
        return f"{count} printers {words}"
    if len(printers) == 1:
        return f"{_title(events[0])}: {count} alerts"
    return f"{count} × {kind.value.replace('_', ' ')}"


def _line(one: Waiting, now: float, *, timed: bool = False) -> str:
    event, template = one.event, one.rule.template
    said = filled(template, event, now) if template else event.text
    said = said or event.text or f"{event.printer or FARM}: {event.kind.value.replace('_', ' ')}"
    is_late = now - event.at > LATE_S
    if "{time}" in template or not (timed or is_late):
        return said
    return f"{clock_text(event.at, now)} {said}"
