"""Reads presets of OrcaSlicer and Bambu Studio: a person's exports, and an installation's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import FarmError
from slicer.profiles.orca import export as orca_export
from slicer.profiles.orca import presets as orca_presets
from slicer.profiles.orca import vendors as orca_vendors
from slicer.profiles.orca.inherit import Find, Flattener
from slicer.profiles.orca.raw import RawPreset
from slicer.profiles.presets import Bundle, Family, Preset, PresetKind, Vendor

Key = tuple[PresetKind, str]
MAX_WARNINGS = 50


@dataclass(slots=True)
class OrcaPresets:
    """A PresetReader. Thread-safe: it keeps nothing."""

    programs: tuple[Path, ...] = ()
    """Installed slicers, in whose profiles a person's preset may find what it builds on."""
    family: Family = Family.ORCA

    def read(self, path: Path, name: str) -> Bundle:
        """A .json preset, or a zip of them, whatever its name's ending."""
        raws, warnings = orca_export.read(path, name)
        own = {(raw.kind, raw.name): raw for raw in raws}
        installed = _Installed(self.programs)
        bundle, failed = _bundle(name, own, lambda k, n: own.get((k, n)) or installed.find(k, n))
        if failed and not bundle.presets:
            raise failed[0]
        left_out = [error.message for error in failed]
        dropped = [_dropped(raw) for raw in raws if raw.dropped]
        return _warned(bundle, [*warnings, *left_out, *dropped])

    def vendors(self, installation: Path) -> tuple[Vendor, ...]:
        """``installation`` is the program. Without profiles beside it: none."""
        for folder in orca_vendors.profile_folders(installation):
            if found := orca_vendors.vendors_in(folder):
                return found
        return ()

    def load(self, vendor: Vendor) -> Bundle:
        """All of a vendor's presets that are not mere bases. Raises Unusable."""
        raws, warnings = orca_vendors.read_vendor(vendor)
        shared = _Library(vendor)
        bundle, failed = _bundle(
            vendor.name, raws, lambda k, n: raws.get((k, n)) or shared.find(k, n)
        )
        beds = orca_vendors.bed_types(vendor)
        presets = tuple(orca_presets.with_bed_type(preset, beds) for preset in bundle.presets)
        bundle = replace(bundle, presets=presets)
        return _warned(bundle, [*warnings, *(error.message for error in failed)])


def _bundle(name: str, raws: Mapping[Key, RawPreset], find: Find) -> tuple[Bundle, list[FarmError]]:
    flat = Flattener(find)
    presets: list[Preset] = []
    failed: list[FarmError] = []
    for raw in raws.values():
        if not raw.offered:
            continue
        try:
            presets.append(orca_presets.preset_of(raw, flat.flatten(raw)))
        except FarmError as error:
            failed.append(error)
    fitted, warnings = orca_presets.fitted(presets, raws, flat)
    bundle = Bundle(family=Family.ORCA, name=name, presets=tuple(fitted), warnings=tuple(warnings))
    return bundle, failed


def _warned(bundle: Bundle, more: list[str]) -> Bundle:
    warnings = [*bundle.warnings, *more]
    if len(warnings) > MAX_WARNINGS:
        rest = len(warnings) - MAX_WARNINGS
        warnings = [*warnings[:MAX_WARNINGS], f"And {rest} more of the kind."]
    return replace(bundle, warnings=tuple(warnings))


def _dropped(raw: RawPreset) -> str:
    return f"Of {raw.name} the farm does not keep {', '.join(raw.dropped)}."


class _Installed:
    """The vendors of installed slicers, each read when a parent is first looked for."""

    def __init__(self, programs: tuple[Path, ...]) -> None:
        self._waiting = [
            vendor
            for program in programs
            for folder in orca_vendors.profile_folders(program)
            for vendor in orca_vendors.vendors_in(folder)
        ]
        self._read: dict[Key, RawPreset] = {}

    def find(self, kind: PresetKind, name: str) -> RawPreset | None:
        while (kind, name) not in self._read and self._waiting:
            raws, _ = orca_vendors.read_vendor(self._waiting.pop(0))
            for key, raw in raws.items():
                self._read.setdefault(key, raw)
        return self._read.get((kind, name))


class _Library:
    """OrcaSlicer's vendors build on filaments of a library of its own."""

    NAME = "OrcaFilamentLibrary"

    def __init__(self, vendor: Vendor) -> None:
        path = vendor.path.with_name(f"{self.NAME}.json")
        self._vendor = Vendor(family=vendor.family, name=self.NAME, path=path)
        self._raws: Mapping[Key, RawPreset] | None = None

    def find(self, kind: PresetKind, name: str) -> RawPreset | None:
        if self._raws is None:
            there = self._vendor.path.is_file()
            self._raws = orca_vendors.read_vendor(self._vendor)[0] if there else {}
        return self._raws.get((kind, name))
