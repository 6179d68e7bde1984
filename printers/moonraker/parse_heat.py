"""Temperatures, fans, light and speed."""

from __future__ import annotations

from printers.lan.report import is_temperature
from printers.moonraker.layout import settings_of
from printers.moonraker.picture import Picture
from printers.moonraker.values import number, rounded
from printers.status import Fan, Heater, Speed

_REACHED_C = 3.0
_STAGES = {"bed": "Heating the bed", "chamber": "Heating the chamber"}


def heaters_of(picture: Picture) -> tuple[Heater, ...]:
    """Heaters first, then sensors; one that has not reported a temperature is left out."""
    found = []
    for own, section in picture.layout.heaters.items():
        raw = picture.object(section)
        current = _degrees(raw.get("temperature"))
        if current is not None:
            target = _degrees(raw.get("target"))
            found.append(
                Heater(
                    name=own,
                    current=round(current, 1),
                    target=target if target is not None and target >= 0 else 0.0,
                    maximum=maximum_of(picture, section),
                )
            )
    for own, section in picture.layout.sensors.items():
        current = _degrees(picture.object(section).get("temperature"))
        if current is not None:
            found.append(Heater(name=own, current=round(current, 1), target=None, maximum=None))
    return tuple(found)


def _degrees(value: object) -> float | None:
    found = number(value)
    return found if found is not None and is_temperature(found) else None


def maximum_of(picture: Picture, section: str) -> int | None:
    """°C from printer.cfg; None when it is not known, and then the farm sets none."""
    limit = number(settings_of(picture.settings, section).get("max_temp"))
    return int(limit) if limit is not None and 0 < limit < 1000 else None


def heating(picture: Picture) -> str:
    """What is still on its way to its target, hottest part first; "" = nothing."""
    for own, section in reversed(list(picture.layout.heaters.items())):
        raw = picture.object(section)
        current, target = number(raw.get("temperature")), number(raw.get("target"))
        if current is not None and target and current < target - _REACHED_C:
            return _STAGES.get(own, "Heating the nozzle" if "nozzle" in own else f"Heating {own}")
    return ""


def fans_of(picture: Picture) -> tuple[Fan, ...]:
    found = []
    for own, section in picture.layout.fans.items():
        speed = number(picture.object(section).get("speed"))
        if speed is not None:
            percent = rounded(speed * 100, 100)
            found.append(Fan(name=own, percent=percent, settable=picture.layout.may_set_fan(own)))
    return tuple(found)


def light_of(picture: Picture) -> bool | None:
    """None when the printer has no light the farm knows of."""
    raw = picture.object(picture.layout.light) if picture.layout.light else {}
    value = number(raw.get("value"))
    if value is not None:
        return value > 0
    colours = raw.get("color_data")
    if not isinstance(colours, list) or not colours:
        return None
    lit = [_lit(led) for led in colours]
    return any(lit)


def _lit(led: object) -> bool:
    """One LED: [r, g, b, w] or {"R": …}, each 0–1."""
    parts = led if isinstance(led, list) else list(led.values()) if isinstance(led, dict) else []
    return any((number(part) or 0) > 0 for part in parts)


def speed_of(picture: Picture) -> Speed | None:
    factor = number(picture.object("gcode_move").get("speed_factor"))
    return None if factor is None else Speed(level=None, percent=rounded(factor * 100, 999))
