"""Presets that people brought, kept flattened: one JSON file per set in the data folder."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from core import jsonio
from core.errors import StorageError
from core.files import write_durably
from slicer.profiles import forms, picking
from slicer.profiles.picking import MachineEntry
from slicer.profiles.presets import Bundle, Family

logger = logging.getLogger(__name__)

VERSION = 1
MAX_BYTES = 64_000_000
_NAME = re.compile(r"([0-9a-f]{32})\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSet:
    """What is remembered of a kept set without reading it."""

    id: str  # 32 hex digits, ours
    name: str  # what people call it; never a path
    family: Family
    presets: int
    machines: tuple[MachineEntry, ...] = ()
    warnings: tuple[str, ...] = ()
    added_at: float = 0.0  # epoch s


def write(folder: Path, set_id: str, bundle: Bundle, added_at: float) -> KeptSet:
    """Durable. Raises StorageError."""
    document = {
        "version": VERSION,
        "id": set_id,
        "added_at": added_at,
        "family": bundle.family,
        "name": bundle.name,
        "warnings": bundle.warnings,
        "presets": bundle.presets,
    }
    write_durably(path_of(folder, set_id), jsonio.dumps(document))
    return _summary(set_id, bundle, added_at)


def path_of(folder: Path, set_id: str) -> Path:
    return folder / f"{set_id}.json"


def load_all(folder: Path) -> list[KeptSet]:
    """What is kept, oldest first. One that cannot be read is set aside with a line in the log."""
    found: list[KeptSet] = []
    for path in sorted(folder.glob("*.json")):
        if not _NAME.fullmatch(path.name):
            continue
        try:
            found.append(_read(path)[0])
        except (OSError, *forms.WRONG) as error:
            path.replace(path.with_name(path.name + ".damaged"))
            logger.warning("profiles: set %s aside, it cannot be read: %s", path.name, error)
    return sorted(found, key=lambda kept: (kept.added_at, kept.id))


def load(folder: Path, set_id: str) -> Bundle:
    """Raises StorageError when the file was damaged or taken away while the farm ran."""
    try:
        return _read(path_of(folder, set_id))[1]
    except (OSError, *forms.WRONG) as error:
        raise StorageError(
            f"The profile set {set_id} cannot be read any more ({error}). "
            "Delete it and add your export again."
        ) from error


def _read(path: Path) -> tuple[KeptSet, Bundle]:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError("it is larger than any the farm writes")
    data = jsonio.loads(path.read_bytes())
    if data["version"] != VERSION or data["id"] != path.stem:
        raise ValueError("it is of another version or was renamed")
    bundle = forms.bundle(data)
    return _summary(path.stem, bundle, float(data["added_at"])), bundle


def _summary(set_id: str, bundle: Bundle, added_at: float) -> KeptSet:
    return KeptSet(
        id=set_id,
        name=bundle.name,
        family=bundle.family,
        presets=len(bundle.presets),
        machines=picking.catalogue(bundle).machines,
        warnings=bundle.warnings,
        added_at=added_at,
    )
