"""Files of the server beside an MK3: one folder "gcodes", indexed a moment after an upload."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from simulator.prusalink.gcode_meta import meta_of, thumbnail
from simulator.prusalink.printer import PrusaMachine
from simulator.storage import Entry, StorageError, normalise

ROOT = "gcodes"
FORBIDDEN = frozenset('#%?"\\')
_PRINTABLE = (".gcode", ".gc", ".g", ".gco")


@dataclass(slots=True)
class _Old:
    """What the index still says of a path: the file before, or nothing."""

    until: float
    size: int | None
    modified: int


def is_printable(name: str) -> bool:
    """Whether it is a PRINT_FILE."""
    return name.lower().endswith(_PRINTABLE)


class Mk3Files:
    """Paths are those of the storage, "/farm/part.gcode"; replies put "/gcodes" before them."""

    def __init__(self, machine: PrusaMachine) -> None:
        self._m = machine
        self._old: dict[str, _Old] = {}
        self._meta: dict[str, tuple[float, dict[str, Any], bool]] = {}

    def stored(self, path: str, size: int | None, modified: int) -> None:
        """A file came in; ``size`` and ``modified`` are those of the file before, None: none."""
        self._old[normalise(path)] = _Old(
            time.monotonic() + self._m.knobs.file_delay_s, size, modified
        )

    def shown(self, path: str) -> tuple[int, int] | None:
        """(size, m_timestamp) as the index has them; None: not there, or not yet."""
        path = normalise(path)
        old = self._old.get(path)
        if old is not None and time.monotonic() < old.until:
            return None if old.size is None else (old.size, old.modified)
        self._old.pop(path, None)
        try:
            return self._m.storage.size(path), int(self._m.storage.modified(path))
        except StorageError:
            return None

    def file(self, path: str, *, meta: bool) -> dict[str, Any] | None:
        """A file's reply, with or without ``meta``; None: 404."""
        shown = self.shown(path)
        if shown is None:
            return None
        size, modified = shown
        name = path.rsplit("/", 1)[-1]
        reply: dict[str, Any] = {
            "type": "PRINT_FILE" if is_printable(name) else "FILE",
            "name": name,
            "read_only": False,
            "m_timestamp": modified,
            "size": size,
            "display_name": name,
            "refs": self.refs(path),
        }
        if meta:
            reply["meta"] = self.meta(path)
        return reply

    def refs(self, path: str) -> dict[str, Any]:
        """Addresses, unquoted as the server gives them."""
        raw = f"/api/files/local/{ROOT}{normalise(path)}/raw"
        if not is_printable(path):
            return {"download": raw}
        picture = f"/api/thumbnails/{ROOT}{normalise(path)}.orig.png"
        return {
            "download": raw,
            "icon": None,
            "thumbnail": picture if self._facts(path)[1] else None,
        }

    def meta(self, path: str) -> dict[str, Any]:
        """What the file says of itself."""
        return self._facts(path)[0]

    def _facts(self, path: str) -> tuple[dict[str, Any], bool]:
        path = normalise(path)
        try:
            modified = self._m.storage.modified(path)
            known = self._meta.get(path)
            if known is None or known[0] != modified:
                content = self._m.storage.read(path)
                known = (modified, meta_of(content), thumbnail(content) is not None)
                self._meta[path] = known
        except StorageError:
            return {"estimated_print_time": None}, False
        return known[1], known[2]

    def folder(self, path: str) -> dict[str, Any] | None:
        """A folder's reply with its children; None: 404."""
        path = normalise(path)
        if not self._m.storage.is_dir(path):
            return None
        name = path.rsplit("/", 1)[-1] or ROOT
        head = "" if path == "/" else path
        entries = self._m.storage.list(path)
        children = [self._child(f"{head}/{entry.name}", entry) for entry in entries]
        times = [int(entry.modified) for entry in entries]
        return {
            "type": "FOLDER",
            "name": name,
            "read_only": False,
            "m_timestamp": max(times, default=int(time.time())),
            "size": self.size_of(path),
            "children": [child for child in children if child is not None],
            "display_name": name,
        }

    def _child(self, path: str, entry: Entry) -> dict[str, Any] | None:
        if not entry.is_dir:
            return self.file(path, meta=False)
        return {
            "type": "FOLDER",
            "name": entry.name,
            "read_only": False,
            "m_timestamp": int(entry.modified),
            "size": self.size_of(path),
            "display_name": entry.name,
        }

    def size_of(self, path: str) -> int:
        """Bytes in all files below a folder."""
        total = 0
        for entry in self._m.storage.list(path):
            inside = f"{path.rstrip('/')}/{entry.name}"
            total += self.size_of(inside) if entry.is_dir else entry.size
        return total

    def legacy(self, path: str = "/") -> dict[str, Any]:
        """A folder of the older /api/files, with everything below it."""
        folder = self.folder(path) or {"m_timestamp": 0}
        children = []
        for entry in self._m.storage.list(path):
            inside = f"{path.rstrip('/')}/{entry.name}"
            children.append(self.legacy(inside) if entry.is_dir else self._legacy_file(inside))
        return {
            "name": normalise(path).rsplit("/", 1)[-1] or ROOT,
            "path": f"/{ROOT}{normalise(path)}".rstrip("/"),
            "display": normalise(path).rsplit("/", 1)[-1] or ROOT,
            "date": folder["m_timestamp"],
            "size": self.size_of(path),
            "type": "folder",
            "typePath": ["folder"],
            "origin": "local",
            "refs": {"resource": None},
            "children": children,
        }

    def _legacy_file(self, path: str) -> dict[str, Any]:
        size, modified = self.shown(path) or (0, 0)
        meta = self.meta(path)
        return {
            "name": path.rsplit("/", 1)[-1],
            "path": f"/{ROOT}{path}",
            "display": path.rsplit("/", 1)[-1],
            "date": modified,
            "size": size,
            "origin": "local",
            "type": "machinecode",
            "typePath": ["machinecode", "gcode"],
            "hash": None,
            "refs": self.refs(path),
            "gcodeAnalysis": {
                "estimatedPrintTime": meta["estimated_print_time"],
                "material": meta.get("filament_type"),
                "layerHeight": meta.get("layer_height"),
            },
        }
