"""The profiles that an installed OrcaSlicer or Bambu Studio brings along, vendor by vendor.

``resources/profiles/<Vendor>.json`` lists what lies in ``<Vendor>/{machine,process,filament}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import FarmError, Unusable
from slicer import values
from slicer.profiles.orca import raw as orca_raw
from slicer.profiles.orca.raw import RawPreset
from slicer.profiles.presets import Family, PresetKind, Vendor

MAX_VENDORS = 400  # OrcaSlicer brings about 70
MAX_MODELS = 500  # of one vendor
MAX_FILES = 12_000  # of one vendor; Bambu's are 2,300
_LISTS = {
    "machine_list": PresetKind.MACHINE,
    "process_list": PresetKind.PROCESS,
    "filament_list": PresetKind.FILAMENT,
}
_PLACES = (
    "resources",
    "../resources",  # AppImage, unpacked: bin/ beside resources/
    "../../resources",
    "../share/OrcaSlicer",
    "../share/BambuStudio",
    "../share/orca-slicer",
    "../share/bambu-studio",
    "../Resources",  # macOS
    "squashfs-root/resources",  # an AppImage unpacked beside itself
    "/opt/resources",
)


def profile_folders(program: Path) -> tuple[Path, ...]:
    """Where the slicer with this program may have its profiles; existing folders only."""
    found: dict[Path, None] = {}
    for start in dict.fromkeys((program, program.resolve())):
        for place in _PLACES:
            folder = start.parent / place / "profiles"
            if folder.is_dir():
                found.setdefault(folder.resolve())
    return tuple(found)


def vendors_in(folder: Path) -> tuple[Vendor, ...]:
    """Vendors that have an index and a folder beside it, by name."""
    found = [
        Vendor(family=Family.ORCA, name=path.stem, path=path)
        for path in sorted(folder.glob("*.json"))[:MAX_VENDORS]
        if (folder / path.stem).is_dir()
    ]
    return tuple(sorted(found, key=lambda vendor: vendor.name.casefold()))


def read_vendor(vendor: Vendor) -> tuple[dict[tuple[PresetKind, str], RawPreset], list[str]]:
    """(raw presets by kind and name, warnings). Raises Unusable when the index cannot be read."""
    found: dict[tuple[PresetKind, str], RawPreset] = {}
    warnings: list[str] = []
    for kind, name, path in _listed(vendor):
        try:
            preset = _read(path, name or path.stem, kind)
        except (OSError, FarmError) as error:
            warnings.append(f"{path.name} of {vendor.name} was left out: {_why(error)}")
            continue
        if preset.kind is kind:
            found.setdefault((kind, preset.name), preset)
    return found, warnings


def _read(path: Path, name: str, kind: PresetKind) -> RawPreset:
    with path.open("rb") as file:
        raw = file.read(orca_raw.MAX_BYTES + 1)
    return orca_raw.parse(raw, path.name, stem=name, listed=kind)


def bed_types(vendor: Vendor) -> dict[str, str]:
    """Printer model -> the build plate it usually has; the presets themselves do not say."""
    found: dict[str, str] = {}
    entries = _index(vendor).get("machine_model_list")
    for entry in (entries if isinstance(entries, list) else [])[:MAX_MODELS]:
        path = _path(vendor, entry)
        try:
            data = orca_raw.load_object(path.read_bytes(), path.name) if path else {}
        except (OSError, FarmError):  # the presets can be used without it
            continue
        name, bed = (values.clean_text(data.get(key)) for key in ("name", "default_bed_type"))
        if name and bed:
            found[name] = bed
    return found


def _why(error: OSError | FarmError) -> str:
    return error.message if isinstance(error, FarmError) else str(error.strerror)


def _listed(vendor: Vendor) -> Iterator[tuple[PresetKind, str, Path]]:
    index = _index(vendor)
    count = 0
    for key, kind in _LISTS.items():
        entries = index.get(key)
        for entry in entries if isinstance(entries, list) else []:
            path = _path(vendor, entry)
            count += 1
            if path is not None and count <= MAX_FILES:
                yield kind, values.clean_text(entry.get("name")), path


def _index(vendor: Vendor) -> Mapping[str, Any]:
    try:
        raw = vendor.path.read_bytes()
    except OSError as error:
        raise Unusable(
            f"The profiles of {vendor.name} cannot be read ({error.strerror}). "
            "Install the slicer again.",
            code="vendor_unreadable",
        ) from error
    return orca_raw.load_object(raw, vendor.path.name)


def _path(vendor: Vendor, entry: Any) -> Path | None:
    """The file an index names, None when it would lie outside the vendor's folder."""
    place = entry.get("sub_path") if isinstance(entry, Mapping) else None
    if not isinstance(place, str) or "\\" in place or "\0" in place:
        return None
    parts = PurePosixPath(place).parts
    if not parts or place.startswith("/") or ".." in parts or not place.endswith(".json"):
        return None
    return vendor.path.parent / vendor.path.stem / place
