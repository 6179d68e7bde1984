"""What does not change while a printer prints: what it can do, its size, its nozzles."""

from __future__ import annotations

from printers.moonraker.layout import Layout, settings_of
from printers.moonraker.parse_heat import maximum_of
from printers.moonraker.picture import Picture
from printers.moonraker.values import number, numbers
from printers.status import Machine, Notice, Nozzle

FILE_KINDS = ("gcode",)
_ALWAYS = frozenset({"emergency_stop", "firmware_restart", "host_restart"})
"""Moonraker's own: they work, or are at least worth trying, whatever Klipper says."""
_BY_OBJECT = {
    "pause_resume": ("pause",),
    "virtual_sdcard": ("stop", "upload"),
    "toolhead": ("home", "jog"),
    "extruder": ("extrude",),
    "gcode_move": ("speed_percent",),
    "exclude_object": ("skip_objects",),
    "gcode": ("gcode",),
}
"""Klipper object -> what its presence allows."""


def machine_of(picture: Picture) -> Machine:
    return Machine(
        name=picture.model or "Klipper",
        volume_mm=_volume(picture),
        centred=_is_centred(picture),
        firmware=picture.firmware,
        file_kinds=FILE_KINDS,
        capabilities=capabilities_of(picture),
    )


def capabilities_of(picture: Picture) -> frozenset[str]:
    """Only what this printer.cfg has. Before Klipper was ever seen: its restarts."""
    layout = picture.layout
    found = set(_ALWAYS)
    for name, allowed in _BY_OBJECT.items():
        if name in layout.listed:
            found.update(allowed)
    for own, section in layout.heaters.items():
        if maximum_of(picture, section) is not None:
            found.add(f"temperature_{own}")
    found.update(f"fan_{own}" for own in layout.fans if layout.may_set_fan(own))
    if picture.camera:
        found.add("camera_jpeg")
    if layout.light:
        found.add("light")
    if "chamber" in layout.heaters or "chamber" in layout.sensors:
        found.add("chamber_sensor")
    if "nozzle2" in layout.heaters:
        found.add("dual_nozzle")
    return frozenset(found)


def _volume(picture: Picture) -> tuple[float, float, float] | None:
    """mm, from the range of the axes."""
    low, high = _range(picture)
    if low is None or high is None:
        return None
    sides = [round(end - start, 1) for start, end in zip(low, high, strict=True)]
    return (sides[0], sides[1], sides[2]) if all(0 < side < 5000 for side in sides) else None


def _range(picture: Picture) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None]:
    """Where its axes end, mm."""
    toolhead = picture.object("toolhead")
    return numbers(toolhead.get("axis_minimum"), 3), numbers(toolhead.get("axis_maximum"), 3)


def _is_centred(picture: Picture) -> bool | None:
    """Its X and Y reach about as far to either side of zero, as a delta's do."""
    low, high = _range(picture)
    if low is None or high is None:
        return None
    return all(abs(low[axis] + high[axis]) < (high[axis] - low[axis]) / 5 for axis in (0, 1))


def nozzles_of(picture: Picture) -> tuple[Nozzle, ...]:
    found = []
    for own, section in picture.layout.heaters.items():
        if own.startswith("nozzle"):
            diameter = number(settings_of(picture.settings, section).get("nozzle_diameter"))
            found.append(Nozzle(name=own, diameter_mm=diameter))
    return tuple(found)


def missing_parts(layout: Layout) -> tuple[str, ...]:
    """Sections without which this printer cannot take jobs."""
    wanted = ("virtual_sdcard", "print_stats", "pause_resume")
    return tuple(name for name in wanted if name not in layout.listed)


def notices_of(picture: Picture) -> tuple[Notice, ...]:
    missing = missing_parts(picture.layout)
    if not missing:
        return picture.notices
    sections = ", ".join(f"[{name}]" for name in missing if name != "print_stats")
    text = (
        f"printer.cfg of {picture.name} lacks {sections or '[virtual_sdcard]'}, so prints cannot "
        "be fully controlled from here."
    )
    return (*picture.notices, Notice(code="klipper_sections_missing", text=text))
