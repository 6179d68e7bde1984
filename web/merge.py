"""RFC 7386 merge patches. null deletes, so a missing key and null mean the same to a reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def diff(old: Any, new: Any) -> Any:
    """The patch that turns ``old`` into ``new``; {} when two equal objects are given."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    patch: dict[str, Any] = {}
    for key, value in new.items():
        before = old.get(key)
        if before is value or before == value:
            continue
        patch[key] = diff(before, value) if isinstance(value, dict) else value
    for key, before in old.items():
        if before is not None and key not in new:
            patch[key] = None
    return patch


def apply(target: Any, patch: Any) -> Any:
    """``target`` with the patch applied (RFC 7386 section 2); nothing is changed in place."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = apply(result.get(key), value)
    return result
