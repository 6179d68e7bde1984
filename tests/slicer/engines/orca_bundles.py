"""Presets of OrcaSlicer and Bambu Studio, by name and by kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from slicer.profiles.orca.reader import OrcaPresets
from slicer.profiles.presets import Bundle, Family, Preset, PresetKind, Vendor
from tests.slicer.engines.orca_samples import Json, write_vendor

MACHINE, PROCESS, FILAMENT = PresetKind.MACHINE, PresetKind.PROCESS, PresetKind.FILAMENT


def named(bundle: Bundle, name: str) -> Preset:
    return next(preset for preset in bundle.presets if preset.name == name)


def names(bundle: Bundle, kind: PresetKind, machine: str = "") -> list[str]:
    return [preset.name for preset in bundle.of(kind, machine)]


def load(folder: Path, files: Mapping[str, Json] | None = None) -> Bundle:
    index = write_vendor(folder, files)
    return OrcaPresets().load(Vendor(family=Family.ORCA, name="BBL", path=index))
