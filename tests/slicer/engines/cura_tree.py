"""A small Cura: a handful of definitions, qualities and materials of the shape Cura's own have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from slicer.profiles.cura.resources import Resources
from slicer.profiles.presets import Bundle, Choice, Family, Preset, PresetKind

SETTINGS: dict[str, dict[str, Any]] = {
    "machine_name": {"type": "str", "default_value": "Unknown", "settable_per_extruder": False},
    "machine_width": {"type": "float", "default_value": 100, "settable_per_extruder": False},
    "machine_depth": {"type": "float", "default_value": 100, "settable_per_extruder": False},
    "machine_height": {"type": "float", "default_value": 100, "settable_per_extruder": False},
    "machine_start_gcode": {
        "type": "str", "default_value": "G28", "settable_per_extruder": False,
    },
    "machine_end_gcode": {"type": "str", "default_value": "M84", "settable_per_extruder": False},
    "machine_nozzle_size": {"type": "float", "default_value": 0.4},
    "layer_height": {"type": "float", "default_value": 0.1, "settable_per_extruder": False},
    "line_width": {"type": "float", "default_value": 0.4, "value": "machine_nozzle_size"},
    "default_material_print_temperature": {"type": "float", "default_value": 210},
    "material_print_temperature": {
        "type": "float", "default_value": 210, "value": "default_material_print_temperature",
    },
    "default_material_bed_temperature": {
        "type": "float", "default_value": 60, "settable_per_extruder": False,
        "resolve": "max(extruderValues('default_material_bed_temperature'))",
    },
    "material_bed_temperature": {
        "type": "float", "default_value": 60, "value": "default_material_bed_temperature",
        "resolve": "max(extruderValues('material_bed_temperature'))",
        "settable_per_extruder": False,
    },
    "infill_extruder_nr": {"type": "extruder", "default_value": "-1"},
    "infill_line_width": {
        "type": "float", "default_value": 0.4, "value": "line_width",
        "limit_to_extruder": "infill_extruder_nr",
    },
    "top_layers": {"type": "int", "default_value": 8, "value": "math.ceil(0.8 / layer_height)"},
    "cool_fan_speed": {"type": "float", "default_value": 100},
    "retraction_enable": {"type": "bool", "default_value": True},
}  # fmt: skip
EXTRUDER_SETTINGS: dict[str, dict[str, Any]] = {
    "extruder_nr": {"type": "extruder", "default_value": "0"},
    "machine_nozzle_size": {"type": "float", "default_value": 0.4},
    "material_diameter": {"type": "float", "default_value": 2.85},
    "machine_extruder_start_code": {"type": "str", "default_value": ""},
}
MACHINE: dict[str, Any] = {
    "name": "Maker One", "version": 2, "inherits": "maker_base",
    "metadata": {"visible": True},
    "overrides": {
        "machine_width": {"default_value": 235},
        "machine_start_gcode": {"default_value": "M104 S{material_print_temperature}\nG28"},
    },
}  # fmt: skip
BASE: dict[str, Any] = {
    "name": "Maker Base", "version": 2, "inherits": "fdmprinter",
    "metadata": {
        "visible": False, "manufacturer": "Maker", "has_variants": True,
        "has_machine_quality": True, "machine_extruder_trains": {"0": "maker_extruder"},
        "exclude_materials": ["generic_abs"],
    },
    "overrides": {"machine_width": {"default_value": 200}, "machine_depth": {"value": "220"}},
}  # fmt: skip
QUALITY_HEAD = "[general]\nversion = 4\nname = {name}\ndefinition = {definition}\n\n[metadata]\n"


def build(root: Path) -> Resources:
    """Write it into a folder; the machine is "Maker One" with nozzles of 0.4 and 0.6 mm."""
    for name, settings in (("fdmprinter", SETTINGS), ("fdmextruder", EXTRUDER_SETTINGS)):
        tree = {"all": {"type": "category", "children": settings}}
        write_definition(root, name, {"name": name, "metadata": {}, "settings": tree})
    write_definition(root, "maker_base", BASE)
    write_definition(root, "maker_one", MACHINE)
    write_definition(
        root,
        "maker_extruder",
        {
            "name": "Extruder", "inherits": "fdmextruder", "metadata": {"position": "0"},
            "overrides": {"material_diameter": {"default_value": 1.75}},
        },
        folder="extruders",
    )  # fmt: skip
    for size in ("0.4", "0.6"):
        write_instance(
            root, f"variants/maker_{size}", f"{size} mm", "maker_one",
            "type = variant\nhardware_type = nozzle", f"machine_nozzle_size = {size}",
        )  # fmt: skip
    write_instance(
        root, "quality/maker/global_fine", "Fine", "maker_one",
        "type = quality\nquality_type = fine\nglobal_quality = True",
        "layer_height = 0.2",
    )  # fmt: skip
    write_instance(
        root, "quality/maker/pla_fine", "Fine", "maker_one",
        "type = quality\nquality_type = fine\nvariant = 0.4 mm\nmaterial = generic_pla",
        "material_print_temperature = =default_material_print_temperature + 5",
    )  # fmt: skip
    write_instance(
        root, "quality/usual", "Usual", "fdmprinter",
        "type = quality\nquality_type = usual\nglobal_quality = True", "layer_height = 0.3",
    )  # fmt: skip
    write_material(root, "generic_pla", "PLA", 1.75, 200, 60)
    write_material(root, "generic_petg", "PETG", 1.75, 240, 80)
    write_material(root, "generic_abs", "ABS", 1.75, 250, 100)
    write_material(root, "thick_pla", "PLA", 2.85, 200, 60)
    return Resources(root)


def write_definition(root: Path, name: str, content: object, folder: str = "definitions") -> None:
    path = root / folder / f"{name}.def.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def instance(name: str, definition: str, metadata: str, values: str) -> str:
    head = QUALITY_HEAD.format(name=name, definition=definition)
    return f"{head}{metadata}\n\n[values]\n{values}\n"


def write_instance(
    root: Path, where: str, name: str, definition: str, metadata: str, values: str
) -> None:
    path = root / f"{where}.inst.cfg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(instance(name, definition, metadata, values), encoding="utf-8")


def material(kind: str, diameter: float, nozzle_c: int, bed_c: int, more: str = "") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<fdmmaterial xmlns="http://www.ultimaker.com/material"
 xmlns:cura="http://www.ultimaker.com/cura" version="1.3">
<metadata><name><brand>Generic</brand><material>{kind}</material><color>Generic</color></name>
</metadata>
<properties><density>1.24</density><diameter>{diameter}</diameter></properties>
<settings><setting key="print temperature">{nozzle_c}</setting>
<setting key="heated bed temperature">{bed_c}</setting>{more}</settings></fdmmaterial>"""


def write_material(
    root: Path, name: str, kind: str, diameter: float, nozzle_c: int, bed_c: int, more: str = ""
) -> None:
    path = root / "materials" / f"{name}.xml.fdm_material"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(material(kind, diameter, nozzle_c, bed_c, more), encoding="utf-8")


def pick(
    bundle: Bundle, machine: str, process: str, filaments: tuple[str, ...] = ("Generic PLA",)
) -> Choice:
    """A choice by names; of a process the beginning is enough."""

    def named(kind: PresetKind, name: str, of: str = "") -> Preset:
        return next(item for item in bundle.of(kind, of) if item.name.startswith(name))

    found = next(item for item in bundle.of(PresetKind.MACHINE) if item.name == machine)
    return Choice(
        family=Family.CURA,
        machine=found,
        process=named(PresetKind.PROCESS, process, machine),
        filaments=tuple(named(PresetKind.FILAMENT, name, machine) for name in filaments),
    )
