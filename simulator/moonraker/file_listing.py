"""What Moonraker's file manager shows of the root "gcodes": listings, metadata, pictures."""

from __future__ import annotations

import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.moonraker.errors import ServerError
from simulator.moonraker.metadata import Thumbnail, metadata_of, thumbnails_of
from simulator.moonraker.virtual_card import ROOT
from simulator.storage import Entry, Storage, StorageError

GCODE = (".gcode", ".g", ".gco", ".ufp", ".nc")
DISK_TOTAL = 32_000_000_000
_FOLDER_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a file's content says; the same for every printer it is sent to."""

    fields: dict[str, Any]
    thumbnails: list[Thumbnail]


_cache: OrderedDict[bytes, Analysis] = OrderedDict()


def analysed(content: bytes) -> Analysis:
    """Remembered for the last 64 contents. May run in any thread."""
    key = hashlib.sha256(content).digest()
    found = _cache.get(key)
    if found is None:
        found = _cache[key] = Analysis(metadata_of(content), thumbnails_of(content))
        if len(_cache) > 64:
            _cache.pop(next(iter(_cache)), None)
    return found


class FileListing:
    """Paths are relative to gcodes ("farm/part.gcode"). ``space()`` says whether the disk has
    room."""

    def __init__(self, storage: Storage, space: Callable[[], bool]) -> None:
        self._storage = storage
        self._space = space
        self._metadata: dict[str, dict[str, Any]] = {}

    # --- looking ----------------------------------------------------------------------------

    def item(self, path: str) -> dict[str, Any]:
        """The "item" of answers and notifications."""
        folder = self._storage.is_dir("/" + path)
        return {
            "modified": self._time(path),
            "size": _FOLDER_SIZE if folder else self._storage.size("/" + path),
            "permissions": "rw",
            "path": path,
            "root": "gcodes",
        }

    def _time(self, path: str) -> float:
        if self._storage.exists("/" + path):
            return self._storage.modified("/" + path)
        head, _, name = path.rpartition("/")
        entries = {e.name: e.modified for e in self._storage.list("/" + head)}
        return entries.get(name, 0.0)

    def exists(self, path: str) -> bool:
        """Whether it is a file."""
        return self._storage.exists("/" + path)

    def read(self, path: str) -> bytes:
        """The bytes. Raises ServerError 404."""
        try:
            return self._storage.read("/" + path)
        except StorageError:
            raise ServerError("Not Found", 404, plain=True) from None

    def listing(self, root: str) -> list[dict[str, Any]]:
        """Every G-code file, folders that begin with a dot left out."""
        if root != "gcodes":
            if root in ("config", "logs"):
                return []
            raise ServerError(f"Failed to build file list, invalid path: {root}: None")
        return [
            {
                "path": path,
                "modified": entry.modified,
                "size": entry.size,
                "permissions": "rw",
            }
            for path, entry in sorted(self._walk(""))
            if path.lower().endswith(GCODE)
        ]

    def _walk(self, folder: str) -> list[tuple[str, Entry]]:
        found: list[tuple[str, Entry]] = []
        for entry in self._storage.list("/" + folder):
            path = f"{folder}/{entry.name}".lstrip("/")
            if not entry.is_dir:
                found.append((path, entry))
            elif not entry.name.startswith("."):
                found += self._walk(path)
        return found

    def directory(self, path: str, *, extended: bool) -> dict[str, Any]:
        """One folder, by "gcodes" or "gcodes/sub"."""
        folder = self.inside(path)
        if not self._storage.is_dir("/" + folder):
            raise ServerError(f"Directory does not exist ({ROOT}/{folder})")
        dirs: list[dict[str, Any]] = []
        files: list[dict[str, Any]] = []
        for entry in self._storage.list("/" + folder):
            common = {"modified": entry.modified, "permissions": "rw"}
            if entry.is_dir:
                dirs.append({**common, "size": _FOLDER_SIZE, "dirname": entry.name})
                continue
            known = {}
            if extended and entry.name.lower().endswith(GCODE):
                known = self.metadata(f"{folder}/{entry.name}".lstrip("/"))
                known.pop("filename")
            files.append({**common, "size": entry.size, **known, "filename": entry.name})
        return {
            "dirs": dirs,
            "files": files,
            "disk_usage": self.disk_usage(),
            "root_info": {"name": "gcodes", "permissions": "rw"},
        }

    def disk_usage(self) -> dict[str, int]:
        """total, used and free bytes."""
        used = self._storage.used if self._space() else DISK_TOTAL
        return {"total": DISK_TOTAL, "used": used, "free": DISK_TOTAL - used}

    def inside(self, path: str) -> str:
        """ "sub" of "gcodes/sub". Raises ServerError 400 for other roots and for climbing."""
        root, _, rest = path.strip("/").partition("/")
        if root != "gcodes":
            raise ServerError(f"Invalid root path ({root})")
        if ".." in rest.split("/"):
            raise ServerError(f"Cannot write to path: {rest}", plain=True)
        return rest

    # --- metadata ---------------------------------------------------------------------------

    def metadata(self, path: str) -> dict[str, Any]:
        """Raises ServerError 404 for what is no G-code file."""
        if not self.exists(path) or not path.lower().endswith(GCODE):
            raise ServerError(f"Metadata not available for <{path}>", 404)
        known = self._metadata.get(path)
        if known is None or known["modified"] != self._time(path):
            known = self._metadata[path] = self._fresh(path)
        return {
            **{k: v for k, v in known.items() if not k.startswith("_")},
            "print_start_time": known["_started"],
            "job_id": known["_job"],
            "filename": path,
        }

    def job_metadata(self, path: str) -> dict[str, Any]:
        """As it is kept with a job of the history."""
        try:
            found = self.metadata(path)
        except ServerError:
            return {}
        for key in ("print_start_time", "job_id", "filename"):
            found.pop(key)
        return found

    def _fresh(self, path: str) -> dict[str, Any]:
        content = self._storage.read("/" + path)
        analysis = analysed(content)
        pictures = [
            {
                "width": one.width,
                "height": one.height,
                "size": len(one.data),
                "relative_path": f".thumbs/{stem(path)}-{one.suffix}.png",
            }
            for one in analysis.thumbnails
        ]
        return {
            "size": len(content),
            "modified": self._time(path),
            "uuid": str(uuid.uuid4()),
            **analysis.fields,
            **({"thumbnails": pictures} if pictures else {}),
            "_started": None,
            "_job": None,
        }

    def printed(self, path: str, job_id: str, started: float) -> None:
        """Remember the last job of a file."""
        if self.exists(path) and path.lower().endswith(GCODE):
            self.metadata(path)
            self._metadata[path].update(_started=started, _job=job_id)

    def thumbnails(self, path: str) -> list[dict[str, Any]]:
        """For /server/files/thumbnails; [] for an unknown file."""
        try:
            found = self.metadata(path).get("thumbnails", [])
        except ServerError:
            return []
        folder = path.rpartition("/")[0]
        head = f"{folder}/" if folder else ""
        return [
            {
                "width": one["width"],
                "height": one["height"],
                "size": one["size"],
                "thumbnail_path": head + one["relative_path"],
            }
            for one in found
        ]


def stem(path: str) -> str:
    """The name without folder and extension."""
    return path.rpartition("/")[2].rpartition(".")[0]
