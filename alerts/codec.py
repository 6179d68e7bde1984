"""Events and messages as they stand in the log: plain JSON objects, defaults left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from alerts.model import Event, Kind, Level, Message
from core import jsonio

_EVENT = {field.name: field.default for field in fields(Event)}
_MESSAGE = {field.name: field.default for field in fields(Message)}


def event_to_json(event: Event) -> dict[str, Any]:
    found = {name: getattr(event, name) for name in _EVENT}
    return {name: value for name, value in found.items() if _is_told(value, _EVENT[name])}


def storable(event: Event) -> Event:
    """The event itself, or what of it can be written down: names of files and printers may hold
    what is no text."""
    try:
        jsonio.dumps(event_to_json(event))
    except TypeError:
        words = {name: getattr(event, name) for name in _EVENT}
        clean: dict[str, Any] = {
            name: _text(value) for name, value in words.items() if type(value) is str
        }
        return replace(event, **clean, facts={})
    return event


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode()


def event_from_json(raw: Mapping[str, Any]) -> Event:
    """Raises ValueError, TypeError or KeyError for what is no event."""
    given = {name: raw[name] for name in _EVENT if name in raw}
    level = raw.get("level")
    given.update(kind=Kind(raw["kind"]), level=Level(level) if level else None)
    return Event(**given)


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
