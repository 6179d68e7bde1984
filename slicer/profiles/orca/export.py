"""What a person exports from OrcaSlicer or Bambu Studio: one preset, or a zip of presets.

A zip is .zip, .orca_printer, .orca_filament, .bbscfg or .bbsflmt: JSON files, and one
``bundle_structure.json`` that only says what they are.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from core.errors import FarmError, TooLarge, Unusable
from slicer.profiles.orca import raw as orca_raw
from slicer.profiles.orca.raw import RawPreset
from slicer.threemf.archive import SafeArchive

MAX_PRESETS = 500
MAX_TOTAL_BYTES = 32_000_000
STRUCTURE = "bundle_structure.json"
_ZIP = b"PK\x03\x04"


def read(path: Path, name: str) -> tuple[list[RawPreset], list[str]]:
    """(presets, warnings). Raises Unusable or TooLarge with a reason of its own."""
    with path.open("rb") as file:
        head = file.read(4)
        if head != _ZIP:
            raw = head + file.read(orca_raw.MAX_BYTES)
            return [orca_raw.parse(raw, name, stem=PurePosixPath(name).stem)], []
    with SafeArchive(path, name) as archive:
        return _from_zip(archive)


def _from_zip(archive: SafeArchive) -> tuple[list[RawPreset], list[str]]:
    wanted = [member for member in archive.names if _is_preset(member)]
    if not wanted:
        raise Unusable(
            f"{archive.name} holds no presets of OrcaSlicer or Bambu Studio. Export them in the "
            "slicer: File, Export, Preset Bundle.",
            code="no_presets",
        )
    size = sum(archive.size(member) for member in wanted)
    if len(wanted) > MAX_PRESETS or size > MAX_TOTAL_BYTES:
        raise TooLarge(
            f"{archive.name} holds more presets than the farm takes at once "
            f"({MAX_PRESETS} files, {MAX_TOTAL_BYTES // 1_000_000} MB). Export fewer.",
            code="too_many_presets",
        )
    found: list[RawPreset] = []
    warnings: list[str] = []
    first: FarmError | None = None
    for member in wanted:
        shown = PurePosixPath(member).name
        try:
            raw = archive.read(member, orca_raw.MAX_BYTES, "preset_too_large")
            found.append(orca_raw.parse(raw, shown, stem=PurePosixPath(member).stem))
        except FarmError as error:
            first = first or error
            warnings.append(f"{shown} was left out: {error.message}")
    if first is not None and not found:
        raise first
    return found, warnings


def _is_preset(member: str) -> bool:
    """macOS adds files of its own to zips."""
    path = PurePosixPath(member)
    return (
        path.suffix.lower() == ".json"
        and path.name != STRUCTURE
        and not path.name.startswith("._")
        and "__MACOSX" not in path.parts
    )
