"""Tolerant readers: whatever a reply carries, the answer is a clean value or unknown.

Plugins change what OctoPrint sends, and a proxy may answer in its place. None of these raises.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

TEXT_LIMIT = 300
_NOTHING: Mapping[str, Any] = {}


def mapping(value: object) -> Mapping[str, Any]:
    """The mapping, or an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def sequence(value: object) -> Sequence[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else ()


def number(value: object) -> float | None:
    """A finite number, never a truth value or a string."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        as_float = float(value)
    except OverflowError:
        return None
    return as_float if math.isfinite(as_float) else None


def text(value: object) -> str:
    """One printable line of at most 300 characters that can be encoded, "" for anything else."""
    if not isinstance(value, str):
        return ""
    clean = value[: TEXT_LIMIT * 4]
    if not clean.isprintable():  # nor is half a surrogate pair
        clean = clean.encode("utf-8", "replace").decode("utf-8")
        clean = "".join(c if c.isprintable() else " " for c in clean)
    return " ".join(clean.split())[:TEXT_LIMIT]


def path(value: object) -> str:
    """A file's path exactly as the server names it, "" when it is none."""
    if not isinstance(value, str) or len(value) > 1000:
        return ""
    return value.encode("utf-8", "replace").decode("utf-8")


def flag(value: object) -> bool:
    """True only for a plain true."""
    return value is True
