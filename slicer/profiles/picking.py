"""Looks into a bundle: what there is to choose, and the presets of a choice. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from core.errors import Unusable
from slicer.profiles.presets import Bundle, Choice, Preset, PresetKind

MAX_FILAMENTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A choice by names, as a person makes it."""

    machine: str
    process: str
    filaments: tuple[str, ...]  # one per tool, or one for all


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineEntry:
    name: str
    model: str = ""
    nozzle_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilamentEntry:
    name: str
    material: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Names to choose from; processes and filaments are those of one machine."""

    machines: tuple[MachineEntry, ...] = ()
    processes: tuple[str, ...] = ()
    filaments: tuple[FilamentEntry, ...] = ()


def catalogue(bundle: Bundle, machine: str = "") -> Catalogue:
    """All machines; with ``machine`` what may be used with it. Raises Unusable for an unknown."""
    machines = tuple(
        MachineEntry(name=preset.name, model=preset.model, nozzle_mm=preset.nozzle_mm)
        for preset in bundle.of(PresetKind.MACHINE)
    )
    if not machine:
        return Catalogue(machines=machines)
    _named(bundle, PresetKind.MACHINE, machine, "")
    return Catalogue(
        machines=machines,
        processes=tuple(preset.name for preset in bundle.of(PresetKind.PROCESS, machine)),
        filaments=tuple(
            FilamentEntry(name=preset.name, material=preset.material)
            for preset in bundle.of(PresetKind.FILAMENT, machine)
        ),
    )


def pick(bundle: Bundle, wanted: Wanted) -> Choice:
    """The presets of these names. Raises Unusable naming the one that is missing."""
    if not 1 <= len(wanted.filaments) <= MAX_FILAMENTS:
        raise Unusable(f"Choose 1 to {MAX_FILAMENTS} filaments.", code="filament_count")
    machine = _named(bundle, PresetKind.MACHINE, wanted.machine, "")
    return Choice(
        family=bundle.family,
        machine=machine,
        process=_named(bundle, PresetKind.PROCESS, wanted.process, machine.name),
        filaments=tuple(
            _named(bundle, PresetKind.FILAMENT, name, machine.name) for name in wanted.filaments
        ),
    )


def catalogue_from_dict(data: Mapping[str, Any]) -> Catalogue:
    """The Catalogue that was written as JSON. Raises forms.WRONG."""
    return Catalogue(
        machines=tuple(MachineEntry(**item) for item in data["machines"]),
        processes=tuple(str(name) for name in data["processes"]),
        filaments=tuple(FilamentEntry(**item) for item in data["filaments"]),
    )


def _named(bundle: Bundle, kind: PresetKind, name: str, machine: str) -> Preset:
    found = next((item for item in bundle.of(kind, machine) if item.name == name), None)
    if found is not None:
        return found
    other = any(item.name == name for item in bundle.of(kind))
    raise Unusable(
        _not_for_machine(kind, name, machine)
        if other
        else _missing(bundle, kind, name, [item.name for item in bundle.of(kind, machine)]),
        code="preset_not_for_machine" if other else f"{kind.value}_not_found",
        details={"kind": kind.value, "name": name},
    )


def _not_for_machine(kind: PresetKind, name: str, machine: str) -> str:
    return (
        f"The {kind.value} profile {name} is not meant for {machine}. "
        f"Choose one of those that are offered for it."
    )


def _missing(bundle: Bundle, kind: PresetKind, name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, 1, 0.6)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    return f'The profile set {bundle.name} has no {kind.value} profile "{name}".{hint}'
