"""One rig as the farm knows it; what it says is checked here."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

Json = dict[str, Any]
STATES = ("idle", "recording", "paused", "building")
MIN_STALE_S = 90.0
_DELAY_NAMES = ("status_delay", "temphum_delay", "image_delay")
_LONGEST_DELAY_S = 3600.0
"""A longer one is no rig's, and would let an old reading pass for a live one."""


@dataclass(frozen=True, slots=True)
class Climate:
    """A measured pair."""

    temperature: float  # °C
    humidity: float  # percent
    mono: float  # the farm's monotonic time of the measurement
    at: float  # epoch s by the farm's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Immutable; a message makes a new one."""

    version: str = ""
    state: str = ""  # one of STATES, "" = not said yet
    session: str = ""
    name: str = ""  # of the print that is recorded, "" = not known
    started_at: float | None = None  # of the recording, epoch s by the farm's clock
    frames: int = 0
    progress: float | None = None  # 0–1 of the video under way
    error: str = ""
    camera: str = ""  # what is wrong with it
    sensor: str = ""
    disk_free_mb: int | None = None
    waiting: int = 0  # items the rig has kept for us
    delays: tuple[tuple[str, float], ...] = ()
    climate: Climate | None = None
    skew_s: float = 0.0  # the farm's clock minus the rig's

    def stale_after(self) -> float:
        """Seconds after which a reading is not shown as live: three rounds of the sensor."""
        return max(MIN_STALE_S, 3 * dict(self.delays).get("temphum_delay", 0.0))


def hello(before: Report, message: Json, now: float) -> Report:
    rig_now = number(message, "now")
    skew = 0.0 if rig_now is None else now - rig_now
    return replace(before, version=text(message, "version", 40), skew_s=skew)


def status(before: Report, message: Json, now: float, mono: float) -> Report:
    """Raises nothing: what is missing or of a wrong type is as if it were not known."""
    said = text(message, "state", 20)
    delays = message.get("delays")
    found = delays if isinstance(delays, dict) else {}
    values = ((name, within(found, name, 0.0, _LONGEST_DELAY_S)) for name in _DELAY_NAMES)
    began = number(message, "started_at")
    report = replace(
        before,
        state=said if said in STATES else "",
        session=text(message, "session", 80),
        name=text(message, "name", 200),
        started_at=None if began is None else max(0.0, min(now, began + before.skew_s)),
        frames=whole(message, "frames") or 0,
        progress=within(message, "progress", 0.0, 1.0),
        error=text(message, "error"),
        camera=text(message, "camera"),
        sensor=text(message, "sensor"),
        disk_free_mb=whole(message, "disk_free_mb"),
        waiting=whole(message, "waiting") or 0,
        delays=tuple((name, value) for name, value in values if value is not None),
    )
    readings = message.get("readings")
    if not isinstance(readings, dict):
        return report
    age = max(0.0, number(readings, "age") or 0.0)
    return with_climate(report, readings, now - age, now, mono)


def with_climate(before: Report, message: Json, at: float, now: float, mono: float) -> Report:
    """Take a pair measured at ``at`` (the farm's clock), unless a newer one is known."""
    pair, at = measured(message), min(at, now)
    if pair is None or not is_possible(at, now):
        return before
    if before.climate is not None and before.climate.at > at:
        return before
    return replace(before, climate=Climate(*pair, mono - (now - at), at))


def measured(message: Json) -> tuple[float, float] | None:
    """(°C, percent), None where the sensor cannot have measured that."""
    temperature = within(message, "temperature", -40, 80)
    humidity = within(message, "humidity", 0, 100)
    return None if temperature is None or humidity is None else (temperature, humidity)


def moment(message: Json, skew_s: float, now: float) -> float:
    """When the rig says it was, by the farm's clock (epoch s); now where that cannot be."""
    at = (number(message, "at") or 0.0) + skew_s
    return at if is_possible(at, now) else now


def is_possible(at: float, now: float) -> bool:
    """Whether it can be a time of the past; what JSON or a page cannot show is none."""
    return 0 <= at <= now


def text(message: Json, name: str, longest: int = 300) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        return ""
    return "".join(mark for mark in value[:longest] if mark.isprintable())


def number(message: Json, name: str) -> float | None:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def within(message: Json, name: str, least: float, most: float) -> float | None:
    """None also for what cannot be."""
    value = number(message, name)
    return value if value is not None and least <= value <= most else None


def whole(message: Json, name: str) -> int | None:
    value = number(message, name)
    return None if value is None or not 0 <= value < 1e12 else int(value)
