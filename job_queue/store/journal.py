"""The journal in front of queue.json: one checksummed line for each transition.

    crc32 SP {"base":41}            the first line: the revision it goes on from
    crc32 SP {"seq":1,"rev":42,…}   every other line: one delta (delta.py)

A line is only ever added. One that a crash cut short has no line feed: it was never acknowledged
and is dropped. Anything else that does not fit is damage.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import jsonio

_CRC_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Journal:
    """What was read; ``deltas[n]`` leads to revision ``base + n + 1``."""

    base: int
    deltas: Sequence[Mapping[str, Any]] = ()
    torn: bool = False  # the last line was cut short
    damage: str = ""  # what is wrong with it after ``deltas``; "" = nothing

    @property
    def end(self) -> int:
        """The last revision it leads to."""
        return self.base + len(self.deltas)

    def after(self, rev: int) -> Sequence[Mapping[str, Any]]:
        """The deltas that lead on from ``rev`` (base <= rev <= end)."""
        return self.deltas[rev - self.base :]


def head(base: int) -> bytes:
    """The first line."""
    return _line({"base": base})


def entry(seq: int, rev: int, at: float, delta: Mapping[str, Any]) -> bytes:
    """One transition's line; ``at`` in epoch seconds."""
    return _line({"seq": seq, "rev": rev, "at": at, **delta})


def _line(content: Mapping[str, Any]) -> bytes:
    text = jsonio.dumps(content)
    return b"%08x %b\n" % (zlib.crc32(text), text)


def read(raw: bytes) -> Journal:
    """All up to the first line that does not fit; ``base`` is -1 when that is the first."""
    lines = _lines(raw)
    first = next(lines, None)
    base = first.get("base") if first is not None else None
    if not isinstance(base, int) or base < 0:
        return Journal(-1, damage="its first line is damaged")
    deltas: list[Mapping[str, Any]] = []
    for line in lines:
        number = len(deltas) + 1
        if line is None:
            return Journal(base, deltas, damage=f"its line {number + 1} is damaged")
        if (line.get("seq"), line.get("rev")) != (number, base + number):
            return Journal(base, deltas, damage=f"its line {number + 1} is out of order")
        deltas.append(line)
    return Journal(base, deltas, torn=not raw.endswith(b"\n"))


def _lines(raw: bytes) -> Iterator[dict[str, Any] | None]:
    """Each whole line's content, None for a damaged one."""
    *whole, rest = raw.split(b"\n")
    for line in whole:
        yield _content(line)
    if rest and _content(rest[:-1]) is not None:
        yield None  # all there but its end: that is no cut


def _content(line: bytes) -> dict[str, Any] | None:
    crc, _, text = line.partition(b" ")
    if len(crc) != _CRC_DIGITS or crc != b"%08x" % zlib.crc32(text):
        return None
    try:
        found = jsonio.loads(text)
    except jsonio.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
