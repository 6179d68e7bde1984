"""The printer profile and the server's version: what does not change while a printer prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.config import PrinterConfig
from printers.octoprint.fields import flag, mapping, number, text
from printers.octoprint.heat import name_of
from printers.status import Machine, Nozzle

FILE_KINDS = ("gcode",)
_GENERIC = frozenset({"generic reprap printer", "default"})
_UNTOUCHED = (200.0, 200.0, 200.0)
"""OctoPrint's own default for a printer that nobody has described."""
_MAX_TOOLS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """As OctoPrint's current printer profile has it. ``known`` False: it could not be read."""

    known: bool = False
    model: str = ""
    volume_mm: tuple[float, float, float] | None = None
    centred: bool | None = None
    tools: int = 1
    nozzle_mm: float | None = None
    heated_bed: bool = True
    heated_chamber: bool = False

    @property
    def settable(self) -> tuple[str, ...] | None:
        """Names of its heaters, None when the profile is not known."""
        if not self.known:
            return None
        names = [name_of(f"tool{index}") for index in range(self.tools)]
        names += ["bed"] if self.heated_bed else []
        names += ["chamber"] if self.heated_chamber else []
        return tuple(names)


def profile_of(reply: object, current: str = "") -> Profile:
    """From /api/printerprofiles; ``current``: the id /api/connection names."""
    profiles = mapping(mapping(reply).get("profiles"))
    chosen = mapping(profiles.get(current))
    if not chosen:
        marked = (mapping(p) for p in profiles.values() if flag(mapping(p).get("current")))
        chosen = next(marked, {})
    return _read(chosen) if chosen else Profile()


def _read(profile: Mapping[str, Any]) -> Profile:
    extruder, volume = mapping(profile.get("extruder")), mapping(profile.get("volume"))
    sides = tuple(number(volume.get(side)) for side in ("width", "depth", "height"))
    count = number(extruder.get("count")) or 1.0
    shared = flag(extruder.get("sharedNozzle"))
    model = text(profile.get("model"))
    nameless = model.lower() in _GENERIC
    return Profile(
        known=True,
        model="" if nameless else model[:80],
        volume_mm=None if nameless and sides == _UNTOUCHED else _volume(sides),
        centred={"center": True, "lowerleft": False}.get(text(volume.get("origin"))),
        tools=1 if shared else int(min(_MAX_TOOLS, max(1.0, count))),
        nozzle_mm=_positive(number(extruder.get("nozzleDiameter"))),
        heated_bed=profile.get("heatedBed") is not False,
        heated_chamber=flag(profile.get("heatedChamber")),
    )


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _volume(sides: tuple[float | None, ...]) -> tuple[float, float, float] | None:
    x, y, z = (_positive(side) for side in sides)
    return (x, y, z) if x and y and z else None


def capabilities(profile: Profile, *, has_camera: bool) -> frozenset[str]:
    """What the farm may offer. OctoPrint itself knows no light, no changer, no skipping."""
    names = {
        "pause", "stop", "home", "jog", "gcode", "extrude", "fan_part", "speed_percent",
        "emergency_stop", "connect", "upload",
    }  # fmt: skip
    heated = profile.settable or ("nozzle", "bed")
    names |= {f"temperature_{name}" for name in heated}
    if has_camera:
        names.add("camera_jpeg")
    if profile.heated_chamber:
        names.add("chamber_sensor")
    return frozenset(names)


def machine_of(
    config: PrinterConfig, profile: Profile, server: str, firmware: str, *, has_camera: bool
) -> Machine:
    """``server``: "OctoPrint 1.11.8"; ``firmware``: the printer's own words, "" = not heard."""
    return Machine(
        name=config.model or profile.model,
        volume_mm=profile.volume_mm,
        centred=profile.centred,
        firmware=", ".join(filter(None, (server, firmware))),
        serial=config.serial,
        file_kinds=FILE_KINDS,
        capabilities=capabilities(profile, has_camera=has_camera),
    )


def nozzles_of(config: PrinterConfig, profile: Profile) -> tuple[Nozzle, ...]:
    """The owner's setting before OctoPrint's profile, which few people keep up to date."""
    diameter = config.nozzle_mm or profile.nozzle_mm
    return tuple(
        Nozzle(name=name_of(f"tool{index}"), diameter_mm=diameter) for index in range(profile.tools)
    )
