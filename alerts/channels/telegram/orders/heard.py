"""What Telegram tells of people: messages and pressed buttons. Pure; every type is checked, and
what is not understood is None, never an exception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.lines import one_line

WANTED = ["message", "callback_query"]
"""The kinds of updates asked for; edited messages and channel posts are no orders."""

_QUOTED = {"forward_origin", "forward_date", "forward_from", "via_bot"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where to answer."""

    chat_id: int
    thread_id: int | None = None
    username: str = ""  # the chat's public name
    private: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str
    anonymous: bool = False  # writes in a group's name: nobody can tell who it is


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message of a person, as they wrote it themselves."""

    place: Place
    person: Person
    at: float  # epoch s by Telegram's clock
    text: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button under one of our messages."""

    place: Place
    person: Person
    query_id: str
    message_id: int
    data: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A group tells that it has become a supergroup. What the new one tells of its past is no
    ``Moved``: any chat could be the one that says so."""

    chat_id: int  # of the group itself
    new: int


def update_id(update: Any) -> int | None:
    found = update.get("update_id") if isinstance(update, dict) else None
    return found if type(found) is int else None


def read(update: Any) -> Spoken | Pressed | Moved | None:
    """None: nothing that the farm would act on."""
    document = _object(update)
    if "message" in document:
        message = _object(document["message"])
        return _moved(message) or _spoken(message)
    return _pressed(_object(document.get("callback_query")))


def _moved(message: Mapping[str, Any]) -> Moved | None:
    """Telegram's own message; what people write has a text and never such a field."""
    place, new = _place(message), message.get("migrate_to_chat_id")
    if place is None or type(new) is not int or _QUOTED & set(message):
        return None
    return Moved(place.chat_id, new)


def _spoken(message: Mapping[str, Any]) -> Spoken | None:
    place, person = _place(message), _person(message)
    text, at = message.get("text"), message.get("date")
    quoted = _QUOTED & set(message)
    if place is None or person is None or quoted or not isinstance(text, str):
        return None  # a forwarded order was given by somebody else, at another time
    if type(at) not in (int, float):
        return None
    return Spoken(place, person, float(at), text)  # type: ignore[arg-type]


def _pressed(query: Mapping[str, Any]) -> Pressed | None:
    message = _object(query.get("message"))
    place, person = _place(message), _person(query)
    query_id, data, message_id = query.get("id"), query.get("data"), message.get("message_id")
    if place is None or person is None or type(message_id) is not int:
        return None
    if not isinstance(query_id, str) or not isinstance(data, str):
        return None
    return Pressed(place, person, query_id, message_id, data)


def _place(message: Mapping[str, Any]) -> Place | None:
    chat = _object(message.get("chat"))
    chat_id, username = chat.get("id"), chat.get("username")
    if type(chat_id) is not int:
        return None
    thread_id = message.get("message_thread_id") if message.get("is_topic_message") else None
    return Place(
        chat_id,
        thread_id if type(thread_id) is int else None,
        username if isinstance(username, str) else "",
        chat.get("type") == "private",
    )


def _person(message: Mapping[str, Any]) -> Person | None:
    """None for bots. Who writes as the group itself is a bot to Telegram, too."""
    sender = _object(message.get("from"))
    user_id, name = sender.get("id"), sender.get("first_name")
    anonymous = "sender_chat" in message
    if type(user_id) is not int or (sender.get("is_bot") is not False and not anonymous):
        return None
    known = one_line(name) if isinstance(name, str) else ""
    return Person(user_id, known[:40] or f"user {user_id}", anonymous)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
