"""Cura's qualities as process presets: layer heights and what else they set, by material."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slicer.profiles.cura.ini import Instance
from slicer.profiles.cura.machines import Machine
from slicer.profiles.cura.resources import PRINTER, Resources
from slicer.profiles.presets import Preset, PresetKind


def processes_of(
    resources: Resources, machines: Sequence[Machine], types: Mapping[str, str]
) -> list[Preset]:
    """Qualities, one preset for each nozzle they are made for.

    ``types``: material -> what it is made of ("PLA"), for what a quality says of materials.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for machine in machines:
        key = (machine.quality_definition, machine.nozzle)
        groups.setdefault(key, []).append(machine.preset.name)
    wanted = frozenset({definition for definition, _ in groups} | {PRINTER})
    qualities: dict[str, list[Instance]] = {}
    for instance in resources.instances("quality", wanted):
        if instance.type == "quality":
            qualities.setdefault(instance.definition, []).append(instance)
    found: list[Preset] = []
    for (definition, nozzle), names in groups.items():
        own = _qualities(qualities.get(definition, []), definition, nozzle, names, types)
        usual = qualities.get(PRINTER, [])
        found += own or _qualities(usual, definition, nozzle, names, types)
    return found


def _qualities(
    known: Sequence[Instance],
    definition: str,
    nozzle: str,
    machines: Sequence[str],
    types: Mapping[str, str],
) -> list[Preset]:
    """Of one group of machines with one nozzle; only those that are made for that nozzle."""
    fine = [item for item in known if not _is_global(item) and _is_for(item, nozzle)]
    offered = {item.quality_type for item in fine}
    found: list[Preset] = []
    for common in (item for item in known if _is_global(item)):
        if offered and common.quality_type not in offered:
            continue
        settings = {
            "quality_definition": definition,
            "quality_type": common.quality_type,
            "global": dict(common.values),
            "materials": _by_material(fine, common.quality_type, types),
            "changes": {"global": {}, "extruders": []},
        }
        found.append(
            Preset(
                kind=PresetKind.PROCESS,
                name=_process_name(common, definition, nozzle),
                settings=settings,
                machines=tuple(machines),
            )
        )
    return found


def _process_name(common: Instance, definition: str, nozzle: str) -> str:
    height = common.values.get("layer_height", "")
    parts = [common.name, f"{height} mm" if height and not height.startswith("=") else ""]
    parts.append("@" + " ".join(part for part in (definition, nozzle) if part))
    return " ".join(part for part in parts if part)


def _is_global(item: Instance) -> bool:
    return item.metadata.get("global_quality", "").lower() == "true"


def _is_for(item: Instance, nozzle: str) -> bool:
    return item.metadata.get("variant", nozzle) == nozzle


def _by_material(
    items: Iterable[Instance], quality_type: str, types: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Material -> what the quality sets for it; "" = for those it does not name."""
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        if item.quality_type == quality_type:
            material = item.metadata.get("material", "")
            found[material] = {"type": types.get(material, ""), "values": dict(item.values)}
    return found
