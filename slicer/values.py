"""Tolerant readers for values that slicers write as text: a wrong one is None, never an error."""

from __future__ import annotations

import math
import re
from typing import Any

_COLOR = re.compile(r"#?([0-9A-Fa-f]{6})(?:[0-9A-Fa-f]{2})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
MAX_TEXT = 200


def clean_text(value: Any, limit: int = MAX_TEXT) -> str:
    """One line for people: control and direction characters gone, spaces folded, cut at a limit."""
    if not isinstance(value, str):
        return ""
    printable = value.encode("utf-8", "replace").decode()
    return " ".join(_CONTROL.sub(" ", printable).split())[:limit].strip()


def number(value: Any, low: float = 0.0, high: float = 1e9) -> float | None:
    """A finite number within bounds, from text or a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and len(value) > 40:
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) and low <= result <= high else None


def whole(value: Any, low: int = 0, high: int = 2**31 - 1) -> int | None:
    """A whole number within bounds."""
    result = number(value, low, high)
    return int(result) if result is not None else None


def color(value: Any) -> str:
    """Six hex digits in upper case from "#rrggbb" or "#RRGGBBAA", "" for anything else."""
    match = _COLOR.fullmatch(value.strip()) if isinstance(value, str) else None
    return match[1].upper() if match else ""


def texts(value: Any, limit: int = 64) -> tuple[str, ...]:
    """A list of texts: slicers write some lists as one plain string."""
    items = value if isinstance(value, list) else [value]
    return tuple(clean_text(item) for item in items[:limit] if isinstance(item, str))


def numbers(value: Any, low: float, high: float) -> tuple[float, ...]:
    """The numbers of a list or of "0.4,0.4"; () when one of them is none."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not items or len(items) > 16:
        return ()
    found = [number(item, low, high) for item in items]
    kept = tuple(round(item, 3) for item in found if item is not None)
    return kept if len(kept) == len(found) else ()
