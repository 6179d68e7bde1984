"""Moonraker's file manager over the printer's storage: the root "gcodes", thumbnails included."""

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


class FileManager:
    """Paths are relative to gcodes ("farm/part.gcode"). ``loaded`` names the file that is printed
    or paused; ``changed`` hears every notify_filelist_changed."""

    def __init__(
        self,
        storage: Storage,
        loaded: Callable[[], str | None],
        changed: Callable[[dict[str, Any]], None],
        space: Callable[[], bool],
    ) -> None:
        self._storage = storage
        self._loaded = loaded
        self._changed = changed
        self._space = space
        self._metadata: dict[str, dict[str, Any]] = {}
        self._seen = -1

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
        folder = self._inside(path)
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

    def _inside(self, path: str) -> str:
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
                "relative_path": f".thumbs/{_stem(path)}-{one.suffix}.png",
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

    # --- changing ---------------------------------------------------------------------------

    def _guard(self, path: str) -> None:
        loaded = self._loaded()
        if loaded is not None and (loaded == path or loaded.startswith(f"{path}/")):
            raise ServerError("File currently in use", 403)

    def check_upload(self, path: str) -> None:
        """Whether this name may be written. Raises ServerError 400 or 403."""
        if ".." in path.split("/"):
            name = path.rpartition("..")[2].lstrip("/")
            raise ServerError(f"Cannot write to path: /home/pi/{name}", plain=True)
        loaded = self._loaded()
        if loaded == path:
            raise ServerError("File is loaded, upload not permitted", 403, plain=True)

    def make_folders(self, folder: str) -> None:
        """A folder and those above it."""
        done = ""
        for part in filter(None, folder.split("/")):
            done += f"/{part}"
            if not self._storage.is_dir(done):
                self._storage.mkdir(done)

    def keep(self, path: str, content: bytes, *, room: int | None = None) -> None:
        """Write an upload. With too little ``room`` the beginning stays, as on a real disk.

        Raises ServerError 500.
        """
        self.make_folders(path.rpartition("/")[0])
        replaced = self.exists(path)
        if room is not None and room < len(content):
            self._storage.write("/" + path, content[:room])
            raise ServerError("Unable to save file", 500, plain=True)
        try:
            self._storage.write("/" + path, content)
        except StorageError:
            raise ServerError("Unable to save file", 500, plain=True) from None
        self._metadata.pop(path, None)
        self._changed({"action": "create_file", "item": self.item(path)})
        if path.lower().endswith(GCODE):
            self._keep_pictures(path, content, replaced=replaced)

    def _keep_pictures(self, path: str, content: bytes, *, replaced: bool) -> None:
        folder = path.rpartition("/")[0]
        head = f"{folder}/.thumbs" if folder else ".thumbs"
        pictures = analysed(content).thumbnails
        if pictures and not self._storage.is_dir("/" + head):
            self._storage.mkdir("/" + head)
            self._changed({"action": "create_dir", "item": self.item(head)})
        for one in pictures:
            where = f"{head}/{_stem(path)}-{one.suffix}.png"
            self._storage.write("/" + where, one.data)
            action = "modify_file" if replaced else "create_file"
            self._changed({"action": action, "item": self.item(where)})

    def delete(self, path: str) -> dict[str, Any]:
        """A file of gcodes. Raises ServerError 400 (not there) or 403 (in use)."""
        if not self.exists(path):
            raise ServerError(f"Invalid file path: gcodes/{path}")
        self._guard(path)
        item = self.item(path)
        self._storage.delete("/" + path)
        self._metadata.pop(path, None)
        self._forget_pictures(path)
        self._changed({"action": "delete_file", "item": item})
        return {"action": "delete_file", "item": _gone(path)}

    def _forget_pictures(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        head = f"/{folder}/.thumbs" if folder else "/.thumbs"
        if not path.lower().endswith(GCODE) or not self._storage.is_dir(head):
            return
        for entry in self._storage.list(head):
            if entry.name.startswith(f"{_stem(path)}-"):
                self._storage.delete(f"{head}/{entry.name}")

    def make_directory(self, path: str) -> dict[str, Any]:
        """Raises ServerError 400 when it exists."""
        folder = self._inside(path)
        try:
            self._storage.mkdir("/" + folder)
        except StorageError:
            raise ServerError(f"[Errno 17] File exists: '{ROOT}/{folder}'") from None
        answer = {"action": "create_dir", "item": self.item(folder)}
        self._changed(answer)
        return answer

    def delete_directory(self, path: str, *, force: bool) -> dict[str, Any]:
        """Raises ServerError 400 (not there, not empty) or 403 (something of it is printed)."""
        folder = self._inside(path)
        if not folder or not self._storage.is_dir("/" + folder):
            raise ServerError(f"Directory does not exist ({path.strip('/')})")
        self._guard(folder)
        if self._storage.list("/" + folder) and not force:
            raise ServerError(f"[Errno 39] Directory not empty: '{ROOT}/{folder}'")
        self._remove_tree(folder)
        answer = {"action": "delete_dir", "item": _gone(folder)}
        self._changed(answer)
        return answer

    def _remove_tree(self, folder: str) -> None:
        for entry in self._storage.list("/" + folder):
            if entry.is_dir:
                self._remove_tree(f"{folder}/{entry.name}")
            else:
                self._storage.delete(f"/{folder}/{entry.name}")
                self._metadata.pop(f"{folder}/{entry.name}", None)
        self._storage.rmdir("/" + folder)

    def move(self, source: str, dest: str, *, copy: bool) -> dict[str, Any]:
        """move or copy of a file; raises ServerError 400 or 403."""
        old, new = self._inside(source), self._inside(dest)
        if not self.exists(old):
            raise ServerError(f"File {ROOT}/{old} does not exist")
        if not copy:
            self._guard(old)
        if old.lower().endswith(GCODE):
            self.metadata(old)
        content, modified = self._storage.read("/" + old), self._time(old)
        self.make_folders(new.rpartition("/")[0])
        self._storage.write("/" + new, content, modified)
        if old in self._metadata:  # the pictures keep their names
            self._metadata[new] = dict(self._metadata[old])
        if copy:
            answer = {"action": "create_file", "item": self.item(new)}
        else:
            self._storage.delete("/" + old)
            self._metadata.pop(old, None)
            answer = {
                "action": "move_file",
                "item": self.item(new),
                "source_item": {"path": old, "root": "gcodes"},
            }
        self._changed(answer)
        return answer


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def _gone(path: str) -> dict[str, Any]:
    return {"modified": 0, "size": 0, "permissions": "", "path": path, "root": "gcodes"}
