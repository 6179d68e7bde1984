"""Messages of which nobody knows whether they arrived (ADR 0013).

Either the server was stopped while it sent one, or the service gave no answer. What is worth being
told twice is sent again and says so; an edit of a live message changes nothing when it is
repeated; the rest is not repeated. What was decided stands in the message's notes, so that a
restart decides the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from alerts.model import Level, Message

STOPPED = "Perhaps told before: the server was stopped while it sent this."
NO_ANSWER = "Perhaps told before: the service gave no answer when it was first sent."
UNCLEAR_STOPPED = "The server was stopped while it sent this; it is not repeated."
UNCLEAR_NO_ANSWER = "The service gave no answer; it is not repeated."
WAITS_S = (30.0, 120.0, 600.0)
"""Before each repetition of one in doubt; after the last it is given up as unclear."""


class Said(Protocol):
    """A note of the log."""

    @property
    def outcome(self) -> str: ...

    @property
    def text(self) -> str: ...


def after_stop(message: Message, *, is_edit: bool) -> str | None:
    """Why a message that was found half sent is not repeated; None: it is."""
    return None if is_edit or message.level is Level.NOW else UNCLEAR_STOPPED


def after_silence(message: Message, notes: Iterable[Said], *, is_edit: bool) -> float | None:
    """Seconds until it is repeated after an attempt without an answer; None: not at all."""
    if is_edit:
        return 0.0
    so_far = sum(note.outcome == "waiting" and sentence(note) != "" for note in notes)
    if message.level is Level.INFO or so_far >= len(WAITS_S):
        return None
    return WAITS_S[so_far]


def sentence(note: Said) -> str:
    """With which doubt the note begins, "" = none."""
    return next((s for s in (STOPPED, NO_ANSWER) if note.text.startswith(s)), "")


def doubt_of(notes: Sequence[Said]) -> str:
    """The newest doubt, which later failures do not end; "" = none."""
    return next((found for note in reversed(notes) if (found := sentence(note))), "")


def with_doubt(message: Message, doubt: str) -> Message:
    """The same message with its doubt as the first line."""
    return replace(message, text=f"{doubt}\n{message.text}".rstrip()) if doubt else message
