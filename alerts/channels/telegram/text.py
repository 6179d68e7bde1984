"""What a message looks like in Telegram: its limits, and the title in bold. Pure.

No parse_mode: a file name may hold any character. Bold is said by position instead (``entities``),
in UTF-16 units, as the Bot API counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
"""Characters (alerts 1.5); counted in UTF-16 units here, which are never fewer."""
NO_PREVIEW: Mapping[str, Any] = {"is_disabled": True}
"""A file's name may look like an address; nobody wants its web page fetched and shown."""
_MORE = "…"


@dataclass(frozen=True, slots=True)
class Piece:
    """One message's or caption's text."""

    text: str
    bold: int = 0  # so many UTF-16 units at its beginning

    @property
    def entities(self) -> list[Mapping[str, Any]] | None:
        if not self.bold:
            return None
        return [{"type": "bold", "offset": 0, "length": self.bold}]


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le", "replace")) // 2


def sayable(text: str) -> str:
    """Without half characters, which no JSON can carry, and without blanks around, which Telegram
    would cut off (and shift the bold part)."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").strip()


def pieces(title: str, text: str, first_limit: int = TEXT_LIMIT) -> list[Piece]:
    """The whole of it in one message or several; ``first_limit`` for the first one, a caption."""
    title, text = sayable(title), sayable(text)
    whole = f"{title}\n{text}".strip() or _MORE
    parts = list(_split(whole, first_limit))
    return [Piece(parts[0], min(units(title), units(parts[0]))), *map(Piece, parts[1:])]


def one_piece(title: str, text: str, limit: int) -> Piece:
    """What fits into one message; the rest is left out, and that is shown."""
    first, *more = pieces(title, text, limit - 1)
    return Piece(first.text + _MORE, first.bold) if more else first


def _split(text: str, first_limit: int) -> Iterator[str]:
    limit = first_limit
    while units(text) > limit:
        cut = _cut(text, limit)
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
        limit = TEXT_LIMIT
    yield text


def _cut(text: str, limit: int) -> int:
    """Index of the best place to break: a line's end, else a blank, else where it is full."""
    most = _within(text, limit)
    for mark in ("\n", " "):
        at = text.rfind(mark, most // 2, most + 1)
        if at > 0:
            return at
    return most


def _within(text: str, limit: int) -> int:
    """The largest number of characters that take at most ``limit`` units."""
    if units(text[:limit]) <= limit:
        return min(limit, len(text))
    used = 0
    for index, character in enumerate(text):
        used += 2 if ord(character) > 0xFFFF else 1
        if used > limit:
            return index
    return len(text)
