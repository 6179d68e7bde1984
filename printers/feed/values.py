"""Tolerant readers: whatever another farm sends, the answer is a clean value or unknown.

None of these functions raises. Another farm is not trusted: its texts reach our pages and alerts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

TEXT_LIMIT = 400
_NOTHING: Mapping[str, Any] = {}


def mapping(value: object) -> Mapping[str, Any]:
    """The mapping, or an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def dicts(value: object, most: int) -> list[Mapping[str, Any]]:
    """The mappings among the first ``most`` entries of a list."""
    found = value[:most] if isinstance(value, list) else []
    return [item for item in found if isinstance(item, dict)]


def sequence(value: object) -> Sequence[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else ()


def text(value: object, limit: int = TEXT_LIMIT) -> str:
    """One printable line of at most ``limit`` characters, "" for anything else."""
    if not isinstance(value, str):
        return ""
    shown = value[: 4 * limit]
    if not shown.isprintable():
        shown = "".join(ch if ch.isprintable() else " " for ch in shown)
    return " ".join(shown.split())[:limit].rstrip()


def number(value: object, low: float, high: float) -> float | None:
    """A finite number from ``low`` to ``high``; not a truth value, not a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return float(value) if low <= value <= high else None


def whole(value: object, low: int, high: int) -> int | None:
    """The same, rounded."""
    found = number(value, low, high)
    return None if found is None else round(found)


def flag(value: object) -> bool | None:
    """A plain true or false."""
    return value if isinstance(value, bool) else None
