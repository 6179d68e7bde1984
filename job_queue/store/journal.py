"""The journal in front of queue.json: one checksummed line for each transition.

    crc32 SP {"base":41}            the first line: the revision it goes on from
    crc32 SP {"seq":1,"rev":42,…}   every other line: one delta (delta.py)

A line is only ever added. One that a crash cut short has no line feed: it was never acknowledged
and is dropped. Anything else that does not fit is damage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import crc_lines


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
    return crc_lines.line({"base": base})


def entry(seq: int, rev: int, at: float, delta: Mapping[str, Any]) -> bytes:
    """One transition's line; ``at`` in epoch seconds."""
    return crc_lines.line({"seq": seq, "rev": rev, "at": at, **delta})


def read(raw: bytes) -> Journal:
    """All up to the first line that does not fit; ``base`` is -1 when that is the first."""
    lines = crc_lines.lines(raw)
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
    return Journal(base, deltas, torn=crc_lines.is_torn(raw))
