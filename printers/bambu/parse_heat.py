"""Temperatures, fans, light and speed (bambu-lan A4.2, A4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from printers.bambu.models import Model
from printers.bambu.values import as_bool, as_float, as_hex, as_int, bit, dicts, dig, within
from printers.status import Fan, Heater, Speed

HEATER_KEYS = (
    "nozzle_temper", "nozzle_target_temper", "bed_temper", "bed_target_temper", "chamber_temper",
    "ctt", "info", "device.extruder", "device.bed", "device.bed_temp", "device.ctc",
)  # fmt: skip
FAN_KEYS = (
    "cooling_fan_speed", "big_fan1_speed", "big_fan2_speed", "heatbreak_fan_speed", "fan_gear",
    "aux_part_fan", "home_flag", "device.airduct",
)  # fmt: skip
LIGHT_KEYS = ("lights_report", "cfg")
SPEED_KEYS = ("spd_lvl", "spd_mag", "cfg")

_COLDEST, _HOTTEST = -60, 600  # °C a sensor can show
_UPGRADE_KIT_BIT = 26
_DUCT_FANS = {1: "part", 2: "aux", 3: "chamber"}


def packed(value: object) -> tuple[float, float] | None:
    """(current, target) of ``target << 16 | current`` in °C."""
    number = as_int(value)
    if number is None or not 0 <= number <= 0xFFFFFFFF:
        return None
    current, target = number & 0xFFFF, number >> 16
    if current > _HOTTEST or target > _HOTTEST:
        return None
    return float(current), float(target)


def degrees(value: object) -> float | None:
    """A temperature a sensor can show, to a tenth."""
    number = as_float(value)
    return None if number is None or not _COLDEST <= number <= _HOTTEST else round(number, 1)


def parse_heaters(data: Mapping[str, Any], model: Model) -> tuple[Heater, ...]:
    """nozzle (the right one of two), nozzle2 (left), bed, chamber: those that are known."""
    found: list[Heater] = []
    right, left = _extruders(data, model)
    _add(found, "nozzle", right, model.nozzle_max)
    _add(found, "nozzle2", left, model.nozzle_max)
    _add(found, "bed", _bed(data), model.bed_max)
    if model.chamber_sensor or model.chamber_max is not None:
        _add(found, "chamber", _chamber(data, model), model.chamber_max)
    return tuple(found)


_Pair = tuple[float, float | None]


def _add(found: list[Heater], name: str, pair: _Pair | None, maximum: int | None) -> None:
    if pair is not None:
        found.append(Heater(name=name, current=pair[0], target=pair[1], maximum=maximum))


def _legacy(data: Mapping[str, Any], key: str, target_key: str) -> _Pair | None:
    current = degrees(data.get(key))
    return None if current is None else (current, degrees(data.get(target_key)))


def _extruders(data: Mapping[str, Any], model: Model) -> tuple[_Pair | None, _Pair | None]:
    pairs: dict[int, _Pair] = {}
    for extruder in dicts(dig(data, "device", "extruder", "info")):
        number, pair = as_int(extruder.get("id")), packed(extruder.get("temp"))
        if number is not None and pair is not None:
            pairs[number] = pair
    right = pairs.get(0) or _legacy(data, "nozzle_temper", "nozzle_target_temper")
    return right, pairs.get(1) if model.nozzles > 1 else None


def _bed(data: Mapping[str, Any]) -> _Pair | None:
    return (
        packed(dig(data, "device", "bed", "info", "temp"))
        or packed(dig(data, "device", "bed_temp"))
        or _legacy(data, "bed_temper", "bed_target_temper")
    )


def _chamber(data: Mapping[str, Any], model: Model) -> _Pair | None:
    pair = packed(dig(data, "device", "ctc", "info", "temp"))
    current = pair[0] if pair else degrees(data.get("chamber_temper"))
    if current is None:
        return None
    if model.chamber_max is None:
        return current, None
    if pair:
        return pair
    target = degrees(data.get("ctt"))
    return current, target if target is not None else degrees(dig(data, "info", "ctt"))


# -- fans --------------------------------------------------------------------------------------


def parse_fans(data: Mapping[str, Any], model: Model) -> tuple[Fan, ...]:
    """The fans this printer has. Aux and chamber fans are hidden where none is built in."""
    kit = bool(model.upgrade_kit and bit(as_int(data.get("home_flag")), _UPGRADE_KIT_BIT))
    has_aux = model.aux_fan or kit or as_bool(data.get("aux_part_fan")) is True
    gear = as_int(data.get("fan_gear")) or 0
    ducts = _air_ducts(data)
    speeds = {
        "part": _fan(ducts, "part", gear, 0, data.get("cooling_fan_speed")),
        "aux": _fan(ducts, "aux", gear, 8, data.get("big_fan1_speed")) if has_aux else None,
        "chamber": _fan(ducts, "chamber", gear, 16, data.get("big_fan2_speed"))
        if model.chamber_fan or kit
        else None,
    }
    fans = [Fan(name=name, percent=value) for name, value in speeds.items() if value is not None]
    hotend = _fifteenths(data.get("heatbreak_fan_speed"))
    if hotend is not None:
        fans.append(Fan(name="hotend", percent=hotend, settable=False))
    return tuple(fans)


def _fan(ducts: Mapping[str, int], name: str, gear: int, shift: int, speed: object) -> int | None:
    if name in ducts:
        return ducts[name]
    if gear > 0:
        return round((gear >> shift & 0xFF) / 2.55)
    return _fifteenths(speed)


def _fifteenths(value: object) -> int | None:
    """Percent of a speed in 0…15; the printer works in tenths."""
    number = within(as_int(value), 0, 15)
    return None if number is None else int(number / 1.5 + 0.5) * 10


def _air_ducts(data: Mapping[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in dicts(dig(data, "device", "airduct", "parts")):
        number, state = as_int(part.get("id")), within(as_int(part.get("state")), 0, 100)
        name = _DUCT_FANS.get(number >> 4 & 0xFF) if number is not None else None
        if name and state is not None:
            found[name] = state
    return found


# -- light and speed ---------------------------------------------------------------------------


def parse_light(data: Mapping[str, Any]) -> bool | None:
    """Whether the chamber light is on. The work light blinks on healthy printers: not looked at."""
    for lamp in dicts(data.get("lights_report")):
        if lamp.get("node") == "chamber_light":
            mode = lamp.get("mode")
            return mode in ("on", "flashing") if isinstance(mode, str) else None
    return bit(as_hex(data.get("cfg")), 7)


def parse_speed(data: Mapping[str, Any]) -> Speed | None:
    """Speed level 1-4 and the percentage that goes with it."""
    level = within(as_int(data.get("spd_lvl")), 1, 4)
    if level is None:
        cfg = as_hex(data.get("cfg"))
        level = within(cfg >> 8 & 7, 1, 4) if cfg is not None else None
    percent = within(as_int(data.get("spd_mag")), 1, 1000)
    return None if level is None and percent is None else Speed(level=level, percent=percent)
