"""Whether all coordinates of a text stay within a range, without reading them all.

A regular expression passes over those well inside in a tenth of the time it takes to read them;
only those in the outermost millimetres or beyond are read.
"""

from __future__ import annotations

import math
import re

_HIGHEST = 999


class RangeTest:
    """Looks at the plain words of one axis."""

    def __init__(self, axis: bytes) -> None:
        self._axis = axis
        self._range = (0, -1)
        self._outside = _compile(axis, 0, -1)

    def all_inside(self, text: bytes, low: float, high: float) -> bool:
        """Whether every ``" X<number>"`` of the text lies from ``low`` to ``high``.

        Raises ValueError for a number like 1.2.3.
        """
        if not (math.isfinite(low) and math.isfinite(high)):
            return False
        whole = max(0, math.ceil(low)), min(_HIGHEST, math.floor(high) - 1)
        if whole != self._range:
            self._range = whole
            self._outside = _compile(self._axis, *whole)
        near = list(map(float, self._outside.findall(text)))
        return not near or (low <= min(near) and max(near) <= high)


def _compile(axis: bytes, low: int, high: int) -> re.Pattern[bytes]:
    """Finds the words that are not between two whole numbers."""
    inside = rb"(?!(?:" + digits(low, high).encode() + rb")(?:[. \n]|\Z))" if low <= high else b""
    return re.compile(rb" " + axis + inside + rb"(-?[\d.]+)")


def digits(low: int, high: int) -> str:
    """A pattern for the whole numbers ``low`` to ``high``, 0 <= low <= high <= 999."""
    parts = []
    for lowest, highest in ((0, 9), (10, 99), (100, _HIGHEST)):
        first, last = max(low, lowest), min(high, highest)
        if first <= last:
            parts.append(_same_length(str(first), str(last)))
    return "|".join(parts)


def _same_length(low: str, high: str) -> str:
    if len(low) == 1:
        return f"[{low}-{high}]"
    if low[0] == high[0]:
        return f"{low[0]}(?:{_same_length(low[1:], high[1:])})"
    rest = len(low) - 1
    parts = [f"{low[0]}(?:{_same_length(low[1:], '9' * rest)})"]
    if int(high[0]) - int(low[0]) > 1:
        parts.append(f"[{int(low[0]) + 1}-{int(high[0]) - 1}]" + r"\d" * rest)
    parts.append(f"{high[0]}(?:{_same_length('0' * rest, high[1:])})")
    return "|".join(parts)
