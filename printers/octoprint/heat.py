"""Temperatures: tool0, tool1, … , bed, chamber, and what plugins add."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from printers.lan.report import is_temperature
from printers.octoprint.fields import mapping, number, text
from printers.octoprint.settings import Limits
from printers.status import Heater

_TOOL = re.compile(r"^tool(\d{1,2})$")
_MAX_SENSORS = 24

Reading = tuple[float, float | None]
"""(actual, target), °C; target None: it heats nothing"""


def name_of(key: str) -> str:
    """ "tool0" -> "nozzle", "tool1" -> "nozzle2"; others keep their name."""
    tool = _TOOL.match(key)
    if tool is None:
        return key
    return "nozzle" if int(tool[1]) == 0 else f"nozzle{int(tool[1]) + 1}"


def key_of(heater: str) -> str:
    """The way back: "nozzle2" -> "tool1"."""
    if heater == "nozzle":
        return "tool0"
    number_of = re.fullmatch(r"nozzle([2-9]|[1-9]\d)", heater)
    return f"tool{int(number_of[1]) - 1}" if number_of else heater


def newest(entries: Iterable[object]) -> dict[str, Reading]:
    """The last of several entries that holds any temperature. A null one is not there."""
    found: dict[str, Reading] = {}
    for entry in entries:
        readings = _readings(mapping(entry))
        found = readings or found
    return found


def _readings(entry: Mapping[str, Any]) -> dict[str, Reading]:
    result: dict[str, Reading] = {}
    for key, value in list(entry.items())[:_MAX_SENSORS]:
        actual = number(mapping(value).get("actual"))
        if actual is None or not is_temperature(actual) or not text(key):
            continue
        target = number(mapping(value).get("target"))
        known = target is not None and is_temperature(target)
        result[text(key)[:40]] = (actual, target if known else None)
    return result


def heaters(
    readings: Mapping[str, Reading], limits: Limits, settable: Iterable[str] | None
) -> tuple[Heater, ...]:
    """``settable``: heater names the printer's profile allows; None: profile not known, then
    every one that reports a target."""
    allowed = None if settable is None else frozenset(settable)

    def made(key: str) -> Heater:
        name = name_of(key)
        actual, target = readings[key]
        maximum = _maximum(key, limits)
        if target is None or (allowed is not None and name not in allowed):
            maximum = None
        return Heater(name=name, current=actual, target=target, maximum=maximum)

    return tuple(made(key) for key in sorted(readings, key=_order))


def _maximum(key: str, limits: Limits) -> int | None:
    if _TOOL.match(key):
        return limits.nozzle
    return {"bed": limits.bed, "chamber": limits.chamber}.get(key)


def _order(key: str) -> tuple[int, int, str]:
    tool = _TOOL.match(key)
    if tool:
        return 0, int(tool[1]), ""
    return {"bed": 1, "chamber": 2}.get(key, 3), 0, key
