"""Events and messages as they stand in the log: plain JSON objects, defaults left out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from alerts.model import Event, Kind, Level, Message
from core import jsonio
from core.lines import one_line

logger = logging.getLogger(__name__)

_EVENT = {field.name: field.default for field in fields(Event)}
MOST_TEXT, MOST_FACT, MOST_KEY = 2000, 500, 300
"""Characters of a sentence, of one fact, and of ids, names and keys."""
_MESSAGE = {field.name: field.default for field in fields(Message)}


def event_to_json(event: Event) -> dict[str, Any]:
    found = {name: getattr(event, name) for name in _EVENT}
    return {name: value for name, value in found.items() if _is_told(value, _EVENT[name])}


def storable(event: Event) -> Event:
    """The event as it is kept and told: what printers, files and other farms put into it may hold
    what is no text, lines that look like ours, or a megabyte. The same comes out each time."""
    words = {name: getattr(event, name) for name in _EVENT}
    clean: dict[str, Any] = {
        name: _text(value, MOST_KEY) for name, value in words.items() if type(value) is str
    }
    clean["text"] = one_line(_text(event.text, MOST_TEXT))
    facts = {
        name: _text(value, MOST_FACT) if isinstance(value, str) else value
        for name, value in event.facts.items()
    }
    try:
        jsonio.dumps(facts)
    except TypeError:
        facts = {}
    return replace(event, **clean, facts=facts)


def _text(value: str, most: int) -> str:
    return value[:most].encode("utf-8", "replace").decode()


def event_from_json(raw: Mapping[str, Any]) -> Event:
    """Raises ValueError, TypeError or KeyError for what is no event."""
    given = {name: raw[name] for name in _EVENT if name in raw}
    level = raw.get("level")
    given.update(kind=Kind(raw["kind"]), level=Level(level) if level else None)
    return Event(**given)


def events_from_json(entries: Any) -> list[Event]:
    """Those that can be read: another version of the farm may have written others."""
    found = []
    for entry in entries if isinstance(entries, list) else []:
        try:
            found.append(event_from_json(entry))
        except (ValueError, TypeError, KeyError):
            logger.warning("alerts: something of before the stop cannot be told: %s", entry)
    return found


def message_to_json(message: Message) -> dict[str, Any]:
    """Its events are named only: they have lines of their own."""
    found = {name: getattr(message, name) for name in _MESSAGE if name != "events"}
    told = {name: value for name, value in found.items() if _is_told(value, _MESSAGE[name])}
    return {**told, "events": [event.identity for event in message.events]}


def message_from_json(raw: Mapping[str, Any], event_of: Callable[[str], Event | None]) -> Message:
    """Events that are no longer kept are left out. Raises ValueError, TypeError or KeyError."""
    given = {name: raw[name] for name in _MESSAGE if name in raw}
    found = (event_of(identity) for identity in raw.get("events", ()))
    given.update(level=Level(raw["level"]), events=tuple(event for event in found if event))
    return Message(**given)


def _is_told(value: Any, default: Any) -> bool:
    return value != default and value != {} and value is not None
