"""The one flat ini that PrusaSlicer gets: everything the presets say, and nothing that runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import Unusable
from slicer import values
from slicer.profiles.presets import Choice, Preset
from slicer.profiles.prusa import groups as prusa_groups

_KEY = re.compile(r"[a-z][a-z0-9_]{0,99}")

OWN = {
    "before_layer_gcode": "",
    "layer_gcode": "",
    "toolchange_gcode": "",
    "between_objects_gcode": "",
    "template_custom_gcode": "",
    "color_change_gcode": "M600",
    "pause_print_gcode": "M601",
    "start_filament_gcode": '""',
    "end_filament_gcode": '""',
    "gcode_substitutions": "",
    "notes": "",
    "z_offset": "0",
    "use_volumetric_e": "0",
    "use_firmware_retraction": "0",
    "complete_objects": "0",
}
"""Where the presets say nothing. Without a value here a project would bring its own (measured)."""

FORCED = {
    prusa_groups.SCRIPTS: "",
    "binary_gcode": "0",  # what 2.7 and later write is named .gcode here
    "printer_technology": "FFF",
}


def config_text(choice: Choice) -> str:
    """The ini's content. Raises Unusable when the filaments do not suit the machine."""
    tools = tool_count(choice.machine)
    if len(choice.filaments) > tools:
        raise Unusable(
            f"{choice.machine.name} has {tools} tool{'s' if tools > 1 else ''}, but "
            f"{len(choice.filaments)} filaments were chosen. Choose at most {tools}.",
            code="too_many_filaments",
        )
    config = dict(OWN)
    config |= _taken(choice.machine)
    config |= _taken(choice.process)
    config |= merged_filaments(choice.filaments)
    config |= _first_layer(config)
    config |= FORCED
    config |= _names(choice)
    return "".join(f"{key} = {text}\n" for key, text in sorted(config.items()))


def _first_layer(config: Mapping[str, str]) -> dict[str, str]:
    """Its height in mm: older presets give it in percent, which is taken for mm (measured)."""
    share = values.number(config.get("first_layer_height", "").removesuffix("%"), 1.0, 1000.0)
    layer = values.number(config.get("layer_height"), 0.001, 10.0)
    if share is None or layer is None or not config["first_layer_height"].endswith("%"):
        return {}
    return {"first_layer_height": f"{layer * share / 100:.4g}"}


def tool_count(machine: Preset) -> int:
    """How many filaments it prints with, at least 1."""
    return max(1, len(str(machine.settings.get("nozzle_diameter", "")).split(",")))


def merged_filaments(filaments: Sequence[Preset]) -> dict[str, str]:
    """Every filament's values side by side, as PrusaSlicer writes them for its extruders."""
    taken = [_taken(filament) for filament in filaments]
    if len(taken) == 1:
        return taken[0]
    merged: dict[str, str] = {}
    for key in dict.fromkeys(key for one in taken for key in one):
        texts = key in prusa_groups.FILAMENT_TEXTS
        empty = '""' if texts else _first(taken, key)
        parts = [one.get(key, empty) or empty for one in taken]
        merged[key] = (";" if texts else ",").join(parts)
    return merged


def _first(taken: Sequence[dict[str, str]], key: str) -> str:
    """A value for a filament that has none; PrusaSlicer needs one each."""
    return next((one[key] for one in taken if one.get(key)), "0")


def _taken(preset: Preset) -> dict[str, str]:
    return dict(_lines(preset))


def _lines(preset: Preset) -> Iterator[tuple[str, str]]:
    for key, value in preset.settings.items():
        if _KEY.fullmatch(key) and key not in prusa_groups.DROPPED:
            yield key, _one_line(value)


def _names(choice: Choice) -> dict[str, str]:
    """Of the presets, so that the print file tells what it was made with."""
    return {
        "printer_settings_id": _one_line(choice.machine.name),
        "print_settings_id": _one_line(choice.process.name),
        "filament_settings_id": ";".join(_quoted(preset.name) for preset in choice.filaments),
    }


def _quoted(text: str) -> str:
    escaped = _one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _one_line(value: Any) -> str:
    """A value never begins another line, whatever is in it."""
    return " ".join(str(value).splitlines()).replace("\0", "")
