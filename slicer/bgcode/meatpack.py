"""Unpacks MeatPack, the nibble code for G-code text inside binary G-code.

A packed byte stands for two characters of the fifteen most frequent ones, the low half first. A
half of 15 says that its character follows as a whole byte; a line feed in the low half fills the
byte alone. Two bytes 255 and a command switch packing and the omission of spaces. Comment lines
are kept as they are, unpacked; spaces between the words of a move are not kept ("G1X1Y2E.3").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_COMMAND = re.compile(rb"\xff\xff([^\xff])", re.DOTALL)
_NOT_A_MOVE = re.compile(rb"^([^G\n][^\n]*)", re.MULTILINE)
_WORD = re.compile(rb"(?<=[0-9.])(?=[XYZEFIJKPRS][-+.0-9])")
_PACK, _PLAIN, _RESET, _NO_SPACES, _SPACES = 251, 250, 249, 247, 246
_FREQUENT = "0123456789. \nGX"
_LONE_LINE_FEED = 12
_WHOLE = 15  # this half's character is a byte of its own
_KEPT = 0x2000  # above it: a whole character, by its code
_PAIR = 0x3000  # above it: a packed byte's other half, then a whole character

_FIRST = [byte for byte in range(255) if byte & 15 == _WHOLE]
_SECOND = [byte for byte in range(240, 255) if byte & 15 != _LONE_LINE_FEED]


def _class(codes: list[int]) -> str:
    return "[" + "".join(f"\\x{code:02x}" for code in codes) + "]"


_ESCAPE = re.compile(f"{_class(_FIRST)}.|{_class(_SECOND)}.|\\xff..", re.DOTALL)
_CUT = re.compile(_class([*_FIRST, *_SECOND, 255]))


class NotMeatPack(ValueError):
    """The bytes end in the middle of a character."""


def unpack(data: bytes) -> bytes:
    """The text. At most twice as long as ``data``. Raises NotMeatPack. About 30 MB/s of text."""
    parts: list[str] = []
    packed = no_spaces = False
    for command, piece in _pieces(data):
        packed = command == _PACK or (packed and command not in (_PLAIN, _RESET))
        no_spaces = command == _NO_SPACES or (no_spaces and command != _SPACES)
        text = piece.decode("latin-1")
        parts.append(_unpacked(text, _TABLES[no_spaces]) if packed else text)
    # Writers end each packed line twice.
    return "".join(parts).encode("latin-1").replace(b"\n\n", b"\n")


def spaced(text: bytes) -> bytes:
    """The text with a space before each word of a move, as slicers write it."""
    parts = _NOT_A_MOVE.split(text)
    for at in range(0, len(parts), 2):
        parts[at] = _WORD.sub(b" ", parts[at])
    return b"".join(parts)


def comments(data: bytes) -> bytes:
    """Only the lines that lie in ``data`` unpacked: its comments. Fast."""
    parts: list[bytes] = []
    packed = False
    for command, piece in _pieces(data):
        packed = command == _PACK or (packed and command not in (_PLAIN, _RESET))
        if piece and not packed:
            parts.append(piece)
    return b"".join(parts)


def _pieces(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each command with the bytes behind it; at first _RESET."""
    found = _COMMAND.split(data)
    yield _RESET, found[0]
    for at in range(1, len(found), 2):
        yield found[at][0], found[at + 1]


def _unpacked(text: str, table: dict[int, str]) -> str:
    marked = _ESCAPE.sub(_mark, text)
    if _CUT.search(marked):
        raise NotMeatPack("the last character is missing")
    return marked.translate(table)


def _mark(match: re.Match[str]) -> str:
    """Whole characters become codes of their own, so that one table can translate everything."""
    found = match[0]
    if len(found) == 3:
        return chr(_KEPT + ord(found[1])) + chr(_KEPT + ord(found[2]))
    return _MARKS[found]


class _Marks(dict[str, str]):
    """Packed byte and whole character -> their marks in order; at most 31 × 256 of them."""

    def __missing__(self, key: str) -> str:
        code, whole = ord(key[0]), chr(_KEPT + ord(key[1]))
        if code & 15 == _WHOLE:
            self[key] = whole + chr(_PAIR + (code >> 4))
        else:
            self[key] = chr(_PAIR + (code & 15)) + whole
        return self[key]


def _table(frequent: str) -> dict[int, str]:
    table = {_KEPT + code: chr(code) for code in range(256)}
    table |= {_PAIR + half: character for half, character in enumerate(frequent)}
    for byte in range(256):
        low, high = byte & 15, byte >> 4
        if low == _LONE_LINE_FEED:
            table[byte] = "\n"
        elif _WHOLE not in (low, high):
            table[byte] = frequent[low] + frequent[high]
    return table


_MARKS = _Marks()
_TABLES = (_table(_FREQUENT), _table(_FREQUENT.replace(" ", "E")))
"""With spaces, and without them: then the letter E takes the space's place."""
