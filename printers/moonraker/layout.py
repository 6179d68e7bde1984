"""What this printer consists of: Klipper's objects sorted into heaters, fans, sensors and the rest.

Names here are ours (nozzle, nozzle2, bed, chamber, part) or the owner's own from printer.cfg.
Source: octoprint-moonraker 2 and 4.Moonraker.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from printers.moonraker.values import mapping

_EXTRUDER = re.compile(r"extruder(\d{0,2})")
_LIGHTS = ("output_pin", "led", "neopixel", "dotstar", "pca9533", "pca9632")
_FILAMENT = ("filament_switch_sensor", "filament_motion_sensor")
_FANS = {
    "fan_generic": True,  # section -> whether the farm may set it
    "heater_fan": False,
    "controller_fan": False,
    "temperature_fan": False,
}
_MOST = 60  # heaters, sensors, and fans, each
_LISTENED: dict[str, list[str]] = {
    "webhooks": ["state", "state_message"],
    "print_stats": [
        "filename", "state", "message", "info", "print_duration", "total_duration",
    ],
    "virtual_sdcard": ["progress", "is_active", "file_position"],
    "toolhead": ["homed_axes", "axis_minimum", "axis_maximum"],
    "gcode_move": ["speed_factor", "gcode_position"],
    "idle_timeout": ["state"],
    "pause_resume": ["is_paused"],
    "exclude_object": ["objects", "excluded_objects", "current_object"],
}  # fmt: skip
"""Fields that are read, of objects every printer may have."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Our name -> Klipper's object, in the order they are shown."""

    listed: frozenset[str] = frozenset()
    heaters: Mapping[str, str] = field(default_factory=dict)
    sensors: Mapping[str, str] = field(default_factory=dict)
    fans: Mapping[str, str] = field(default_factory=dict)
    light: str = ""
    filament: tuple[str, ...] = ()

    def may_set_fan(self, name: str) -> bool:
        kind = self.fans.get(name, "").partition(" ")[0]
        return kind == "fan" or _FANS.get(kind, False)

    def subscription(self) -> dict[str, list[str]]:
        """The ``objects`` of a query or a subscription: all that is read, no more."""
        wanted = {key: list(fields) for key, fields in _LISTENED.items() if key in self.listed}
        for name in self.heaters.values():
            wanted[name] = ["temperature", "target"]
        for name in self.sensors.values():
            wanted[name] = ["temperature"]
        for name in self.fans.values():
            wanted[name] = ["speed", *wanted.get(name, [])]
        for name in self.filament:
            wanted[name] = ["filament_detected", "enabled"]
        if self.light:
            wanted[self.light] = ["value" if _section(self.light) == "output_pin" else "color_data"]
        return wanted


def _section(name: str) -> str:
    return name.partition(" ")[0]


def own_name(name: str) -> str:
    """What the owner called it: "filament_switch_sensor runout" -> "runout"."""
    return name.partition(" ")[2].strip() or name


def _nozzle_number(name: str) -> int | None:
    match = _EXTRUDER.fullmatch(name)
    return None if match is None else int(match[1] or 0) + 1


def _heaters(listed: tuple[str, ...]) -> dict[str, str]:
    nozzles = sorted((n, name) for name in listed if (n := _nozzle_number(name)))
    found = {"nozzle" if n == 1 else f"nozzle{n}": name for n, name in nozzles[:_MOST]}
    if "heater_bed" in listed:
        found["bed"] = "heater_bed"
    for name in listed:
        if _section(name) == "heater_generic":
            _add(found, _known(own_name(name), "chamber"), name)
    return found


def _sensors(listed: tuple[str, ...], taken: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in listed:
        if _section(name) in ("temperature_sensor", "temperature_fan"):
            own = _known(own_name(name), "chamber")
            _add(found, name if own in taken else own, name)
    return found


def _fans(listed: tuple[str, ...]) -> dict[str, str]:
    found = {"part": "fan"} if "fan" in listed else {}
    for name in listed:
        if _section(name) in _FANS:
            _add(found, own_name(name), name)
    return found


def _known(own: str, word: str) -> str:
    """The farm's own word, however the owner wrote it."""
    return word if own.casefold() == word else own


def _add(found: dict[str, str], own: str, name: str) -> None:
    """Two things of one name keep apart by their section. More than anybody has are left out:
    they would all go to every browser."""
    if len(found) < _MOST:
        found[name if own in found else own] = name


def _light(listed: tuple[str, ...], wanted: str) -> str:
    lights = [name for name in listed if _section(name) in _LIGHTS and " " in name]
    if wanted:
        return next((n for n in lights if wanted in (n, own_name(n))), "")
    found = [name for name in lights if "light" in own_name(name).casefold()]
    return min(found, key=lambda name: _LIGHTS.index(_section(name)), default="")


def layout_of(listed: Iterable[str], light: str = "") -> Layout:
    """From printer.objects.list. ``light``: the option ``light_pin``, "" = look for one."""
    known = tuple(dict.fromkeys(listed))
    heaters = _heaters(known)
    return Layout(
        listed=frozenset(known),
        heaters=heaters,
        sensors=_sensors(known, heaters),
        fans=_fans(known),
        light=_light(known, light),
        filament=tuple(name for name in known if _section(name) in _FILAMENT),
    )


def settings_of(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of configfile.settings, whose names are in small letters."""
    return mapping(settings.get(name.lower()) or settings.get(name))
