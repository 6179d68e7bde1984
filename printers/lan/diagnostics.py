"""A printer's raw report for a bug report: without anything that opens a door."""

from __future__ import annotations

import re
from typing import Any

_SECRET_KEY = re.compile(
    r"access_?code|passw|secret|token|ttcode|auth|api_?key|^key$", re.IGNORECASE
)
_USER_IN_URL = re.compile(r"//[^/@\s]+@")
_DEPTH = 12


def scrub(value: Any, secret: str, depth: int = 0) -> Any:
    """A copy without access codes, keys and credentials in addresses."""
    if depth > _DEPTH:
        return "…"
    if isinstance(value, dict):
        return {
            str(key): "***" if _SECRET_KEY.search(str(key)) else scrub(item, secret, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [scrub(item, secret, depth + 1) for item in value]
    if isinstance(value, str):
        text = _USER_IN_URL.sub("//***@", value)
        return text.replace(secret, "***") if len(secret) >= 4 else text
    return value
