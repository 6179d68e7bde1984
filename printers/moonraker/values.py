"""Tolerant readers: whatever type a reply carries, the answer is a clean value or unknown.

None of these functions raises.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

TEXT_LIMIT = 300
_NOTHING: Mapping[str, Any] = {}


def number(value: object) -> float | None:
    """A finite number; not a truth value, not a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: object) -> int | None:
    """A whole number of at most nine digits."""
    found = number(value)
    return int(found) if found is not None and abs(found) < 1e9 else None


def rounded(value: float, highest: int) -> int:
    """The nearest whole number within 0 and ``highest``."""
    return round(max(0.0, min(float(highest), value)))


def text(value: object, limit: int = TEXT_LIMIT) -> str:
    """A text on one line without control characters, cut to ``limit``; anything else is ""."""
    if not isinstance(value, str):
        return ""
    shown = value[: 8 * limit]
    if not shown.isprintable():
        shown = "".join(ch if ch.isprintable() else " " for ch in shown)
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def name(value: object) -> str:
    """A file's or section's name exactly as the server spells it; "" when it is none."""
    return value if isinstance(value, str) and len(value) <= 1024 else ""


def mapping(value: object) -> Mapping[str, Any]:
    """The mapping, or an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def dicts(value: object) -> list[Mapping[str, Any]]:
    """Only the mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def names(value: object) -> tuple[str, ...]:
    """Only the texts of a list."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, str) and item)


def numbers(value: object, count: int) -> tuple[float, ...] | None:
    """The first ``count`` entries when all of them are numbers."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) < count:
        return None
    found = [number(item) for item in value[:count]]
    return None if None in found else tuple(item for item in found if item is not None)
