"""The definitions that one slicing hands to CuraEngine: every setting, its final value as text.

Files and not ``-s key=value``: a command line is readable by every user of the machine, has a
longest length, and lets an extruder's own default win over what was set for all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import Unusable
from slicer.engines.base import SliceOrder
from slicer.engines.cura import gcode as cura_gcode
from slicer.engines.cura.settings import Resolved, text_of

MACHINE = "machine"

_ALIASES = {
    "print_temperature": "material_print_temperature",
    "print_bed_temperature": "material_bed_temperature",
    "travel_speed": "speed_travel",
}
_CODES = frozenset(
    {
        "machine_start_gcode",
        "machine_end_gcode",
        "machine_extruder_start_code",
        "machine_extruder_end_code",
    }
)
_UNREADABLE = frozenset({"BFB", "MACH3"})  # without an E word on the moves that print
_PLACED = {"center_object": True}  # in the bed's middle, its lowest point on the bed
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ODD = re.compile(r"[^\w .,+()/-]")


def definitions_of(order: SliceOrder, resolved: Resolved, now: float) -> dict[str, Any]:
    """File name -> definition, each setting with its final value as a text.

    Raises Unusable for a kind of G-code that the farm cannot read, and for a start or end code
    that is not known for certain: with a placeholder that nothing fills, or a formula that fails.
    """
    flavor = str(resolved.machine.get("machine_gcode_flavor", ""))
    if flavor.upper() in _UNREADABLE:
        raise Unusable(
            f"{order.choice.machine.name} needs G-code of the kind {flavor}, which the farm cannot "
            "check before it prints. Choose another machine profile.",
            code="engine_cannot",
        )
    if resolved.problems & _CODES:
        raise Unusable(
            f"The G-code that {order.choice.machine.name} starts or ends with is a formula that "
            "the farm cannot evaluate. Choose another machine profile.",
            code="gcode_formula",
        )
    values = _machine_values(order, resolved, now)
    trains = {str(number): f"extruder_{number}" for number in range(len(resolved.extruders))}
    found: dict[str, Any] = {
        MACHINE: _definition(
            MACHINE, {"type": "machine", "machine_extruder_trains": trains}, values, resolved
        )
    }
    for number, extruder in enumerate(resolved.extruders):
        own = {**extruder, "extruder_nr": number, **_PLACED}
        for key, where in (
            ("machine_extruder_start_code", "extruder's start"),
            ("machine_extruder_end_code", "extruder's end"),
        ):
            tokens = _tokens(order, resolved, number, now)
            own[key] = cura_gcode.fill(str(own.get(key) or ""), tokens, where)
        about = {"type": "extruder", "position": str(number)}
        found[trains[str(number)]] = _definition(trains[str(number)], about, own, resolved)
    return found


def _machine_values(order: SliceOrder, resolved: Resolved, now: float) -> dict[str, Any]:
    start = str(resolved.machine.get("machine_start_gcode") or "")
    end = str(resolved.machine.get("machine_end_gcode") or "")
    tokens = _tokens(order, resolved, 0, now)
    return {
        **resolved.machine,
        **_PLACED,
        "material_bed_temp_prepend": not cura_gcode.heats_bed(start),
        "material_print_temp_prepend": not cura_gcode.heats_nozzle(start),
        "machine_start_gcode": cura_gcode.fill(start, tokens, "start"),
        "machine_end_gcode": cura_gcode.fill(end, tokens, "end"),
    }


def _definition(
    name: str, about: Mapping[str, Any], values: Mapping[str, Any], resolved: Resolved
) -> dict[str, Any]:
    settings = {
        key: {"type": resolved.types.get(key, "str"), "default_value": text_of(value)}
        for key, value in values.items()
    }
    return {"name": name, "version": 2, "metadata": about, "settings": settings}


def _tokens(
    order: SliceOrder, resolved: Resolved, extruder: int, now: float
) -> Callable[[str, str], str | None]:
    """What a placeholder is filled with, as Cura's front end does."""
    filament = order.choice.filaments[min(extruder, len(order.choice.filaments) - 1)]
    moment = time.localtime(now)
    own = {
        "time": time.strftime("%H:%M:%S", moment),
        "date": time.strftime("%d-%m-%Y", moment),
        "day": _DAYS[moment.tm_wday],
        "initial_extruder_nr": "0",
        "material_id": str(filament.settings.get("id", "")),
        "material_type": filament.material,
        "material_name": filament.name,
        "material_brand": str(filament.settings.get("brand", "")),
    }

    def value_of(key: str, asked: str) -> str | None:
        number = _number_of(asked, extruder)
        key = _ALIASES.get(key, key)
        if key in own:
            return plain(own[key])
        if number is None or number >= len(resolved.extruders):
            return None
        of_extruder = resolved.extruders[number]
        value = of_extruder[key] if key in of_extruder else resolved.machine.get(key)
        return None if value is None else text_of(value)

    return value_of


def _number_of(asked: str, usual: int) -> int | None:
    """The extruder that a placeholder names after its comma."""
    if not asked:
        return usual
    if asked == "initial_extruder_nr":
        return 0
    return int(asked) if asked.isdecimal() else None


def plain(text: str) -> str:
    """One line of ASCII without anything a printer could take for a command or a placeholder."""
    return _ODD.sub("", text.encode("ascii", "ignore").decode())[:100]
