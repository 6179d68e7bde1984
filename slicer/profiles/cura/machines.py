"""Cura's machines with their nozzles, qualities and materials as presets that belong together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import Unusable
from slicer.profiles.cura import materials as cura_materials
from slicer.profiles.cura.ini import Instance
from slicer.profiles.cura.materials import Material
from slicer.profiles.cura.resources import EXTRUDER, PRINTER, Definition, Overrides, Resources
from slicer.profiles.presets import Preset, PresetKind

MAX_EXTRUDERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A definition with one of its nozzles."""

    preset: Preset
    quality_definition: str
    nozzle: str  # the variant's name, "" when the machine has none
    diameter_mm: float  # of its filament
    excluded: frozenset[str] = field(default_factory=frozenset)  # materials


def is_visible(definition: Definition) -> bool:
    """Whether Cura offers it to people; the others are only inherited from."""
    return definition.metadata.get("visible") in (True, "true", "True")


def machines_of(
    resources: Resources, definitions: Sequence[Definition]
) -> tuple[list[Machine], list[str]]:
    """(every machine with every nozzle it takes, sentences on those that cannot be used)"""
    ids = frozenset(definition.id for definition in definitions)
    nozzles: dict[str, list[Instance]] = {}
    for instance in resources.instances("variants", ids):
        if instance.metadata.get("hardware_type", "nozzle") == "nozzle":
            nozzles.setdefault(instance.definition, []).append(instance)
    names = [definition.name for definition in definitions]
    declared = resources.declared(PRINTER)
    found: list[Machine] = []
    warnings: list[str] = []
    for definition in definitions:
        try:
            extruders = _extruders(resources, definition)
        except Unusable as error:
            warnings.append(f"{definition.name} was left out. {error.message}")
            continue
        own = nozzles.get(definition.id, []) if definition.metadata.get("has_variants") else []
        unique = names.count(definition.name) == 1
        model = definition.name if unique else f"{definition.name} ({definition.id})"
        choices: Sequence[Instance | None] = own or [None]
        found += [_machine(definition, extruders, nozzle, model, declared) for nozzle in choices]
    return found, warnings


def _extruders(resources: Resources, definition: Definition) -> list[Definition]:
    trains = definition.metadata.get("machine_extruder_trains")
    names = trains if isinstance(trains, dict) else {"0": EXTRUDER}
    ordered = sorted(names.items(), key=lambda item: (len(item[0]), item[0]))
    return [resources.definition(str(name)) for _, name in ordered[:MAX_EXTRUDERS]]


def _machine(
    definition: Definition,
    extruders: Sequence[Definition],
    nozzle: Instance | None,
    model: str,
    declared: Overrides,
) -> Machine:
    own_quality = definition.metadata.get("has_machine_quality") in (True, "true", "True")
    quality = str(definition.metadata.get("quality_definition") or definition.id)
    values = dict(nozzle.values) if nozzle else {}
    preset = Preset(
        kind=PresetKind.MACHINE,
        name=f"{model} {nozzle.name}" if nozzle else model,
        settings={
            **_volume(definition, declared),
            "definition": definition.id,
            "name": definition.name,
            "nozzle": nozzle.name if nozzle else "",
            "nozzle_values": values,
            "settings": definition.settings,
            "extruders": [extruder.settings for extruder in extruders],
        },
        model=definition.name,
        nozzle_mm=_size("machine_nozzle_size", values, extruders, definition, 0.4),
    )
    return Machine(
        preset=preset,
        quality_definition=quality if own_quality else PRINTER,
        nozzle=nozzle.name if nozzle else "",
        diameter_mm=_size("material_diameter", values, extruders, definition, 2.85),
        excluded=frozenset(
            str(name) for name in definition.metadata.get("exclude_materials") or ()
        ),
    )


def _volume(definition: Definition, declared: Overrides) -> dict[str, float | bool]:
    """How large its bed is and where on it X0 Y0 lies, in mm."""
    found: dict[str, float | bool] = {}
    for key in ("machine_width", "machine_depth", "machine_height"):
        about = {**declared.get(key, {}), **definition.settings.get(key, {})}
        if (size := _first_number((about.get("value"), about.get("default_value")))) is not None:
            found[key] = size
    zero = "machine_center_is_zero"
    about = {**declared.get(zero, {}), **definition.settings.get(zero, {})}
    said = about.get("value", about.get("default_value", False))
    return {**found, zero: str(said).strip().lower() == "true"}


def _size(
    key: str,
    values: Mapping[str, str],
    extruders: Sequence[Definition],
    definition: Definition,
    usual: float,
) -> float:
    """A size in mm of the first extruder: the nozzle's word, the extruder's, the machine's."""
    said: list[Any] = [values.get(key)]
    for source in (*extruders[:1], definition):
        about = source.settings.get(key, {})
        said += [about.get("value"), about.get("default_value")]
    found = _first_number(said)
    return usual if found is None else found


def _first_number(values: Iterable[Any]) -> float | None:
    for value in values:
        try:
            return float(value)
        except (TypeError, ValueError):
            continue
    return None


def read_materials(resources: Resources) -> tuple[list[Material], list[str]]:
    """(materials, names of files that are none)"""
    found: list[Material] = []
    broken: list[str] = []
    for path in resources.materials():
        try:
            found.append(cura_materials.read(path))
        except (OSError, ValueError):
            broken.append(path.name)
    return found, broken


def filaments_of(machines: Sequence[Machine], materials: Sequence[Material]) -> list[Preset]:
    """Materials that at least one of the machines takes."""
    found: list[Preset] = []
    for material in materials:
        fitting = tuple(machine.preset.name for machine in machines if _takes(machine, material))
        if not fitting:
            continue
        thick = "" if round(material.diameter_mm) == 2 else f" {material.diameter_mm:g} mm"
        found.append(
            Preset(
                kind=PresetKind.FILAMENT,
                name=material.name + thick,
                settings={
                    "id": material.id,
                    "brand": material.brand,
                    "diameter": material.diameter_mm,
                    "density": material.density,
                    "settings": dict(material.settings),
                    "machines": dict(material.machines),
                },
                material=material.type,
                machines=fitting,
            )
        )
    return _by_name(found)


def _takes(machine: Machine, material: Material) -> bool:
    if round(machine.diameter_mm) != round(material.diameter_mm):
        return False
    if material.id in machine.excluded:
        return False
    settings = machine.preset.settings
    for product in (str(settings["name"]), str(settings["definition"])):
        said = material.machines.get(product.casefold())
        if said is not None:
            at_nozzle = said["nozzles"].get(machine.nozzle)
            return bool((at_nozzle or said)["compatible"] or said["compatible"])
    return True


def _by_name(presets: Sequence[Preset]) -> list[Preset]:
    """One preset of each name: of two the first, as Cura lists them."""
    found: dict[str, Preset] = {}
    for preset in presets:
        found.setdefault(preset.name, preset)
    return list(found.values())


def require_found(resources: Resources | None) -> Resources:
    """Raises Unusable with what to do when there are no definitions."""
    if resources is None:
        raise Unusable(
            "CuraEngine comes without printer definitions and none were found. Run "
            "deploy/cura_definitions.sh (Debian, Ubuntu), install Cura, or name their folder in "
            "slicer.cura_definitions of config.json.",
            code="cura_definitions_missing",
        )
    return resources
