"""Tolerant readers: whatever type a report carries, the answer is a clean value or unknown.

Firmware sends numbers as strings, strings as numbers, null, and now and then plain garbage
(bambu-lan A3). None of these functions raises.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_INT_LIMIT = 1 << 63
_TEXT_LIMIT = 300
_NO_DICT: Mapping[str, Any] = {}
_NO_LIST: Sequence[Any] = ()


def as_int(value: object) -> int | None:
    """A whole number within 64 bits, from an int, a float or a decimal string."""
    if type(value) is int:
        return value if -_INT_LIMIT <= value < _INT_LIMIT else None
    number = as_float(value)
    return None if number is None or abs(number) >= _INT_LIMIT else int(number)


def as_float(value: object) -> float | None:
    """A finite number, from a number or a decimal string."""
    if not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def within(value: int | None, low: int, high: int) -> int | None:
    """The value when it lies in low…high, else unknown."""
    return value if value is not None and low <= value <= high else None


def as_text(value: object) -> str:
    """A short string that can be encoded; numbers become their digits, the rest ""."""
    if isinstance(value, str):
        text = value[:_TEXT_LIMIT]
        return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = as_int(value)
        return "" if number is None else str(number)
    return ""


def as_bool(value: object) -> bool | None:
    """A switch: true/false, 1/0 or their words."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value[:8].lower()
        if word in ("true", "on", "enable"):
            return True
        if word in ("false", "off", "disable"):
            return False
    number = as_int(value)
    return None if number is None else number != 0


def as_hex(value: object) -> int | None:
    """A bit field: hexadecimal when it is a string, as it is when it is a number."""
    if isinstance(value, str):
        try:
            number = int(value[:40], 16)
        except ValueError:
            return None
        return number if number >= 0 else None
    number_or_none = as_int(value)
    return None if number_or_none is None or number_or_none < 0 else number_or_none


def as_dict(value: object) -> Mapping[str, Any]:
    """The mapping, or an empty one."""
    return value if isinstance(value, dict) else _NO_DICT


def as_list(value: object) -> Sequence[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else _NO_LIST


def dicts(value: object) -> list[Mapping[str, Any]]:
    """Only the mappings of a list."""
    return [item for item in as_list(value) if isinstance(item, dict)]


def dig(value: object, *path: str) -> Any:
    """Follow keys through nested mappings; None as soon as one is missing."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def bit(flags: int | None, number: int) -> bool | None:
    """One bit of a field, unknown when the field is."""
    return None if flags is None else bool(flags >> number & 1)
