"""The library's memory on disk: one small JSON file beside each print file."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import jsonio
from core.files import write_durably
from slicer.printfile import MODEL_KINDS, PRINT_KINDS, PrintFile, file_from_dict

logger = logging.getLogger(__name__)

SUFFIXES = {kind: f".{kind}" for kind in (*PRINT_KINDS, *MODEL_KINDS)}
"""Kind -> how its name ends in the library's folder."""
VERSION = 1
MAX_BYTES = 8_000_000
_NAME = re.compile(r"([0-9a-f]{32})\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file of the library."""

    id: str  # 32 hex digits, ours
    name: str  # what people call it; never a path
    size_bytes: int
    sha256: str  # lower-case hex
    md5: str  # upper-case hex of the whole file, as StartPrint wants it
    added_at: float  # epoch s
    file: PrintFile

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.file.kind]


def path_of(folder: Path, file_id: str) -> Path:
    return folder / f"{file_id}.json"


def write(folder: Path, stored: StoredFile) -> None:
    """Durable. Raises StorageError."""
    content = jsonio.dumps_pretty({"version": VERSION, "entry": stored})
    write_durably(path_of(folder, stored.id), content)


def load_all(folder: Path) -> list[StoredFile]:
    """Every entry. One that cannot be read, or whose print file is gone or cut, is set aside."""
    found: list[StoredFile] = []
    for path in sorted(folder.glob("*.json")):
        if not _NAME.fullmatch(path.name):
            continue
        stored = _load(path)
        if stored is not None:
            found.append(stored)
            continue
        path.replace(path.with_name(path.name + ".damaged"))
        logger.warning("library: set the entry %s aside, it cannot be read", path.name)
    return found


def _load(path: Path) -> StoredFile | None:
    """None when the entry is damaged or does not match its print file."""
    if path.stat().st_size > MAX_BYTES:
        return None
    try:
        stored = _parse(jsonio.loads(path.read_bytes()))
        content = path.with_name(path.stem + stored.suffix)
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    whole = content.is_file() and content.stat().st_size == stored.size_bytes
    return stored if whole and stored.id == path.stem else None


def _parse(data: Any) -> StoredFile:
    if data["version"] != VERSION:
        raise ValueError(f"version {data['version']} is not {VERSION}")
    entry = dict(data["entry"])
    return StoredFile(**{**entry, "file": file_from_dict(entry["file"])})
