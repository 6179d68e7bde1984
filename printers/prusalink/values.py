"""Reading odd data: a value of the wrong type is unknown, never an error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_TEXT_MAX = 300
_WORD_MAX = 200


def as_object(value: object) -> Mapping[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def as_number(value: object) -> float | None:
    """A finite number; None for anything else, also for true and false."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def as_int(value: object) -> int | None:
    """A whole number, cut off after the point."""
    number = as_number(value)
    return int(number) if number is not None and abs(number) < 2**53 else None


def as_text(value: object, longest: int = _TEXT_MAX) -> str:
    """Printable, on one line."""
    if not isinstance(value, str):
        return ""
    plain = "".join(c if c.isprintable() else " " for c in value[: 4 * longest])
    return " ".join(plain.split())[:longest]


def as_name(value: object) -> str:
    """A file name exactly as it is; "" when it could not be one."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > 4 * _WORD_MAX:
        return ""
    return value
