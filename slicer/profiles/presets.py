"""A slicer's presets as plain data: flattened, so that nothing has to be inherited any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class Family(StrEnum):
    """Whose presets they are; slicers of one family read each other's."""

    PRUSA = "prusa"  # PrusaSlicer's ini
    ORCA = "orca"  # OrcaSlicer's and Bambu Studio's JSON
    CURA = "cura"  # CuraEngine's definitions, Cura's profiles


class PresetKind(StrEnum):
    MACHINE = "machine"
    PROCESS = "process"
    FILAMENT = "filament"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One preset by its name, every inherited value written out."""

    kind: PresetKind
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)  # as the family's slicer writes them
    model: str = ""  # of a machine: "Original Prusa i3 MK3S", "Bambu Lab P1S"
    nozzle_mm: float | None = None  # of a machine
    material: str = ""  # of a filament: "PLA"
    machines: tuple[str, ...] | None = None
    """Names of the machines it may be used with; None = of any. Of a machine: None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Presets that came together: one export of a user's, or one vendor of a slicer."""

    family: Family
    name: str
    presets: tuple[Preset, ...] = ()
    warnings: tuple[str, ...] = ()  # sentences: what could not be used, and why

    def of(self, kind: PresetKind, machine: str = "") -> tuple[Preset, ...]:
        """Presets of a kind by name; with ``machine`` only those that may be used with it."""
        found = [
            preset
            for preset in self.presets
            if preset.kind is kind
            and (not machine or preset.machines is None or machine in preset.machines)
        ]
        return tuple(sorted(found, key=lambda preset: preset.name.casefold()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person picked for one slicing: a machine, a process, a filament per tool."""

    family: Family
    machine: Preset
    process: Preset
    filaments: tuple[Preset, ...]  # at least one


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A bundle that an installed slicer brings along; read only when somebody looks into it."""

    family: Family
    name: str
    path: Path


class PresetReader(Protocol):
    """One family's files. Stateless; every method may be called from any thread."""

    @property
    def family(self) -> Family: ...

    def read(self, path: Path, name: str) -> Bundle:
        """A user's export (the farm's own path; ``name`` is for sentences).

        Raises Unusable with a reason of its own for anything that is not one.
        """

    def vendors(self, installation: Path) -> tuple[Vendor, ...]:
        """What the slicer with its program at ``installation`` brings along."""

    def load(self, vendor: Vendor) -> Bundle:
        """Raises Unusable."""
