"""Dead bands: a value that only trembles is no news (alerts 4: each one is a row in a recorder)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

TEMPERATURE_C = 0.8
WIFI_DBM = 6
FAN_PERCENT = 3
TIME_S = 60.0
"""A time of the future or the past is told anew when it has moved by more."""

_NO_YEAR = 253_402_300_000.0  # epoch s at the end of the year 9999
_BANDS = {"wifi_signal": WIFI_DBM}
_TIMES = ("start_time", "end_time", "all_done_at")


def iso(epoch: float | None) -> str | None:
    """As Home Assistant reads a timestamp; whole seconds, UTC. None for a time that no calendar
    has."""
    if epoch is None or not 0 <= epoch < _NO_YEAR:
        return None
    return datetime.fromtimestamp(round(epoch), UTC).isoformat()


def settled(new: Json, old: Mapping[str, Any] | None) -> Json:
    """``new``, with the old value wherever the difference is no news."""
    if not old:
        return new
    return {key: _settle(key, value, old.get(key)) for key, value in new.items()}


def _settle(key: str, new: Any, old: Any) -> Any:
    if new == old:
        return old
    if key in _TIMES and new and old:
        return old if abs(_epoch(new) - _epoch(old)) <= TIME_S else new
    band = _band(key)
    if band and _is_number(new) and _is_number(old) and abs(new - old) < band:
        return old
    return new


def _band(key: str) -> float:
    if key.startswith("target_"):
        return 0.0
    if key.endswith(("_temp", "temperature")):
        return TEMPERATURE_C
    return FAN_PERCENT if key.endswith("_fan_speed") else _BANDS.get(key, 0.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
