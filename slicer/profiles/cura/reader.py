"""Cura's presets: the machines of an installed Cura, and a user's exported .curaprofile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import TooLarge, Unusable
from slicer.profiles.cura import formulas as cura_formulas
from slicer.profiles.cura import ini as cura_ini
from slicer.profiles.cura import machines as cura_machines
from slicer.profiles.cura import qualities as cura_qualities
from slicer.profiles.cura import resources as cura_resources
from slicer.profiles.cura.formulas import FormulaError
from slicer.profiles.cura.ini import Instance
from slicer.profiles.cura.resources import PRINTER, Definition, Resources
from slicer.profiles.presets import Bundle, Family, Preset, PresetKind, Vendor
from slicer.threemf.archive import SafeArchive

MAX_PARTS = 64
_OWN_GCODE = "machine_"  # a profile has no business changing the machine, least of all its G-code


class CuraReader:
    """See PresetReader. ``definitions``: slicer.cura_definitions of the configuration."""

    family = Family.CURA

    def __init__(self, definitions: Sequence[str] = ()) -> None:
        self._configured = tuple(definitions)

    def read(self, path: Path, name: str) -> Bundle:
        """A .curaprofile, with the machines it was made for when Cura's definitions are there."""
        parts = _read_parts(path, name)
        resources = cura_resources.find(self._configured)
        common = next((part for part in parts if "position" not in part.metadata), None)
        if common is None:
            raise Unusable(
                f"{name} sets something for single extruders only and cannot be used alone. "
                "Export the profile from Cura again.",
                code="profile_incomplete",
            )
        known = frozenset(resources.declared(PRINTER)) if resources else None
        changes, warnings = _changes(common, parts, known)
        if resources is None:
            warnings.append(
                "Cura's printer definitions were not found, so the profile has no machines. "
                "Run deploy/cura_definitions.sh and add it again."
            )
            return Bundle(
                family=self.family,
                name=common.name or name,
                presets=(_alone(common, changes, name),),
                warnings=tuple(warnings),
            )
        return _with_machines(resources, common, changes, name, warnings)

    def vendors(self, installation: Path) -> tuple[Vendor, ...]:
        """The manufacturers of all machines that Cura offers; none without definitions."""
        resources = cura_resources.find(self._configured, installation)
        if resources is None:
            return ()
        names = {_maker(definition) for definition in _visible(resources)}
        return tuple(
            Vendor(family=self.family, name=name, path=resources.root)
            for name in sorted(names, key=str.casefold)
        )

    def load(self, vendor: Vendor) -> Bundle:
        """A manufacturer's machines. Raises Unusable."""
        found = cura_resources.find([*self._configured, str(vendor.path)])
        resources = cura_machines.require_found(found)
        own = [item for item in _visible(resources) if _maker(item) == vendor.name]
        if not own:
            raise Unusable(
                f"Cura's definitions hold no machines of {vendor.name} any more.",
                code="vendor_missing",
            )
        presets, warnings = _presets(resources, own)
        return Bundle(
            family=self.family,
            name=vendor.name,
            presets=tuple(presets),
            warnings=tuple(warnings),
        )


def _visible(resources: Resources) -> Iterable[Definition]:
    for name in resources.definition_ids():
        try:
            definition = resources.definition(name)
        except Unusable:  # one broken file among hundreds: that machine is not offered
            continue
        if cura_machines.is_visible(definition):
            yield definition


def _maker(definition: Definition) -> str:
    return str(definition.metadata.get("manufacturer") or "Other")


def _presets(
    resources: Resources, definitions: Sequence[Definition]
) -> tuple[list[Preset], list[str]]:
    machines, warnings = cura_machines.machines_of(resources, definitions)
    materials, broken = cura_machines.read_materials(resources)
    types = {material.id: material.type for material in materials}
    presets = [machine.preset for machine in machines]
    presets += cura_qualities.processes_of(resources, machines, types)
    presets += cura_machines.filaments_of(machines, materials)
    warnings += [f"Cura's material {name} cannot be read; it was left out." for name in broken]
    return presets, warnings


def _read_parts(path: Path, name: str) -> list[Instance]:
    """The profile's parts. Raises Unusable or TooLarge, each reason with its own code."""
    with SafeArchive(path, name) as archive:
        if len(archive.names) > MAX_PARTS:
            raise TooLarge(
                f"{name} holds {len(archive.names)} parts; a Cura profile has one per extruder.",
                code="profile_parts",
            )
        parts: list[Instance] = []
        for member in archive.names:
            raw = archive.read(member, cura_ini.MAX_BYTES, "profile_too_large")
            parts.append(_part(raw, name, member))
    changes = [part for part in parts if part.type == "quality_changes"]
    if not changes:
        raise Unusable(
            f"{name} holds no Cura profile. Export one in Cura: Preferences, Profiles, Export.",
            code="no_profile",
        )
    return changes


def _part(raw: bytes, name: str, member: str) -> Instance:
    try:
        return cura_ini.parse(raw.decode("utf-8-sig"))
    except ValueError as error:
        raise Unusable(
            f"{name} holds {member}, which is not part of a Cura profile. "
            "Export the profile from Cura again.",
            code="bad_profile",
        ) from error


def _changes(
    common: Instance, parts: Sequence[Instance], known: frozenset[str] | None
) -> tuple[dict[str, Any], list[str]]:
    """What the profile changes, for all and per extruder; sentences on what was left out."""
    left_out: dict[str, str] = {}
    extruders: list[dict[str, str]] = []
    for part in sorted(
        (part for part in parts if part is not common), key=lambda part: _position(part)
    ):
        while len(extruders) < _position(part):
            extruders.append({})
        extruders.append(_usable(part.values, known, left_out))
    changes = {"global": _usable(common.values, known, left_out), "extruders": extruders}
    return changes, [f"{key} was left out: {why}." for key, why in sorted(left_out.items())]


def _position(part: Instance) -> int:
    text = part.metadata.get("position", "0")
    return min(int(text), cura_machines.MAX_EXTRUDERS) if text.isdecimal() else 0


def _usable(
    values: Mapping[str, str], known: frozenset[str] | None, left_out: dict[str, str]
) -> dict[str, str]:
    kept: dict[str, str] = {}
    for key, text in values.items():
        why = _objection(key, text, known)
        if why:
            left_out[key] = why
        else:
            kept[key] = text
    return kept


def _objection(key: str, text: str, known: frozenset[str] | None) -> str:
    if key.startswith(_OWN_GCODE):
        return "it belongs to the machine, not to a profile"
    if known is not None and key not in known:
        return "this version of Cura has no such setting"
    if text.startswith("="):
        try:
            cura_formulas.parse(text[1:])
        except FormulaError as error:
            return f"its formula cannot be used, {error}"
    return ""


def _alone(common: Instance, changes: Mapping[str, Any], name: str) -> Preset:
    return Preset(
        kind=PresetKind.PROCESS,
        name=common.name or name,
        settings={
            "quality_definition": common.definition,
            "quality_type": common.quality_type,
            "global": {},
            "materials": {},
            "changes": changes,
        },
    )


def _with_machines(
    resources: Resources,
    common: Instance,
    changes: Mapping[str, Any],
    name: str,
    warnings: list[str],
) -> Bundle:
    """The profile upon the quality it was made from, for each nozzle of the machines it fits."""
    fitting = [
        definition
        for definition in _visible(resources)
        if _quality_definition(definition) == common.definition
    ]
    if not fitting:
        raise Unusable(
            f"{name} is for {common.definition[:100]}, which the installed Cura does not know. "
            "Install the Cura that it was exported from.",
            code="profile_machine_unknown",
        )
    presets, more = _presets(resources, fitting)
    own = [
        replace(
            preset,
            name=f"{common.name or name} {preset.name[preset.name.rindex('@') :]}",
            settings={**preset.settings, "changes": changes},
        )
        for preset in presets
        if preset.settings.get("quality_type") == common.quality_type
        and preset.kind is PresetKind.PROCESS
    ]
    if not own:
        raise Unusable(
            f"{name} builds on the quality {common.quality_type[:100]!r}, which Cura's "
            f"{common.definition[:100]} does not have. Export it from the installed Cura again.",
            code="profile_quality_unknown",
        )
    used = {machine for preset in own for machine in preset.machines or ()}
    kept = [
        preset
        for preset in presets
        if preset.kind is PresetKind.FILAMENT
        or (preset.kind is PresetKind.MACHINE and preset.name in used)
    ]
    return Bundle(
        family=Family.CURA,
        name=common.name or name,
        presets=(*kept, *own),
        warnings=(*warnings, *more),
    )


def _quality_definition(definition: Definition) -> str:
    if definition.metadata.get("has_machine_quality") not in (True, "true", "True"):
        return PRINTER
    return str(definition.metadata.get("quality_definition") or definition.id)
