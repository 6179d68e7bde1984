"""Which machines the slicers' own sets have: looked up once, remembered on disk.

Cura alone brings the machines of 130 makers, and reading them all takes half a minute of a
processor; a person who looks for the presets of one printer must not wait for that.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from core import jsonio
from core.errors import FarmError
from core.files import write_durably
from slicer.profiles import forms
from slicer.profiles.picking import MachineEntry
from slicer.profiles.presets import Vendor

logger = logging.getLogger(__name__)

VERSION = 1
MAX_BYTES = 16_000_000
Machines = tuple[MachineEntry, ...]


class MachineIndex:
    """Set id -> its machines, of the sets that were last offered. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._key = ""
        self._known: dict[str, Machines] = {}

    def take(self, vendors: Mapping[str, Vendor]) -> None:
        """These are offered now; what was remembered of the very same ones is taken over."""
        key = _key(vendors)
        known = _load(self._path, key)
        with self._lock:
            self._key, self._known = key, known

    def get(self, set_id: str) -> Machines | None:
        """None while nobody has looked."""
        with self._lock:
            return self._known.get(set_id)

    def put(self, found: Mapping[str, Machines]) -> None:
        with self._lock:
            self._known.update(found)

    def save(self) -> None:
        """Losing it costs only time, so a disk that refuses is no more than a line in the log."""
        with self._lock:
            document = {"version": VERSION, "key": self._key, "sets": dict(self._known)}
        try:
            write_durably(self._path, jsonio.dumps(document))
        except FarmError as error:
            logger.warning("profiles: the machines are not remembered: %s", error.message)


def _key(vendors: Mapping[str, Vendor]) -> str:
    """Changes when a slicer is updated: its files are then newer."""
    parts = [
        f"{set_id}\0{vendor.path}\0{_changed_at(vendor.path)}"
        for set_id, vendor in sorted(vendors.items())
    ]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # gone since it was listed: reading it will say so
        return 0


def _load(path: Path, key: str) -> dict[str, Machines]:
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        data = jsonio.loads(path.read_bytes())
        if data["version"] != VERSION or data["key"] != key:
            return {}
        return {
            set_id: tuple(MachineEntry(**entry) for entry in entries)
            for set_id, entries in data["sets"].items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, *forms.WRONG) as error:
        logger.warning("profiles: %s cannot be read (%s); looking again", path.name, error)
        return {}
