"""The upload folder of a virtual OctoPrint: a tree with what the server knows of every file."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.octoprint.names import download_path, resource_path
from simulator.storage import Storage

FOLDER = {"type": "folder", "typePath": ["folder"]}
GCODE = {"type": "machinecode", "typePath": ["machinecode", "gcode"]}
_PROFILE = "_default"


@dataclass(slots=True)
class Known:
    """What is known of one file besides its bytes. Times in seconds.

    ``user`` "" is a file that appeared in the folder without an upload.
    """

    display: str
    user: str
    digest: str
    analysis: dict[str, Any] | None = None
    success: int = 0
    failure: int = 0
    last: dict[str, Any] | None = None
    times: list[float] = field(default_factory=list)
    hidden_until: float = 0.0  # time.monotonic()

    @property
    def average_s(self) -> float | None:
        """Of the successful prints."""
        return sum(self.times) / len(self.times) if self.times else None

    @property
    def last_s(self) -> float | None:
        """Of the last successful print."""
        return self.times[-1] if self.times else None

    def printed(self, success: bool, seconds: float) -> None:
        """Count one print."""
        self.last = {"date": time.time(), "success": success}
        if success:
            self.success += 1
            self.times.append(seconds)
            self.last["printTime"] = seconds
        else:
            self.failure += 1


class FileTree:
    """``path`` never begins with a slash. The bytes lie in the machine's storage."""

    def __init__(self, storage: Storage, base_url: Callable[[], str]) -> None:
        self._storage = storage
        self._base_url = base_url
        self._known: dict[str, Known] = {}
        self._folder_wishes: dict[str, str] = {}

    def exists(self, path: str) -> bool:
        """Whether a file that may be seen is there."""
        return self._storage.exists(path) and not self._hidden(path)

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there; "" is the root."""
        return self._storage.is_dir(path)

    def _hidden(self, path: str) -> bool:
        known = self._known.get(path)
        return known is not None and known.hidden_until > time.monotonic()

    def known(self, path: str) -> Known:
        """What is known of a file. Raises StorageError."""
        found = self._known.get(path)
        if found is None:
            name = path.rpartition("/")[2]
            found = self._known[path] = Known(name, "", self._digest(path))
        return found

    def _digest(self, path: str) -> str:
        return hashlib.sha1(self._storage.read(path), usedforsecurity=False).hexdigest()

    def learn(self, path: str, display: str, user: str, hidden_s: float = 0.0) -> None:
        """After an upload: forget what was known of the file before."""
        until = time.monotonic() + hidden_s if hidden_s > 0 else 0.0
        self._known[path] = Known(display, user, self._digest(path), hidden_until=until)

    def make_folder(self, path: str, display: str) -> bool:
        """Make a folder and those above it; False when it was there."""
        fresh = not self._storage.is_dir(path)
        grown = ""
        for piece in path.split("/"):
            grown = f"{grown}/{piece}"
            if not self._storage.is_dir(grown):
                self._storage.mkdir(grown)
        if fresh:
            self._folder_wishes[path] = display
        return fresh

    def delete(self, path: str) -> None:
        """Remove a file, or a folder with all it holds. Raises StorageError."""
        if not self.is_folder(path):
            self._storage.delete(path)
            self._known.pop(path, None)
            return
        for entry in self._storage.list(path):
            self.delete(f"{path}/{entry.name}")
        self._storage.rmdir(path)
        self._folder_wishes.pop(path, None)

    def copy(self, path: str, target: str) -> None:
        """A second file of the same content. Raises StorageError."""
        known = self.known(path)
        self._storage.write(target, self._storage.read(path))
        name = target.rpartition("/")[2]
        self._known[target] = Known(name, known.user, known.digest, known.analysis)

    # --- JSON ---------------------------------------------------------------------------------

    def refs(self, path: str, *, folder: bool = False) -> dict[str, str]:
        """Where a file is found."""
        base = self._base_url()
        found = {"resource": f"{base}/api/files/local/{resource_path(path)}"}
        if not folder:
            found["download"] = f"{base}/downloads/files/local/{download_path(path)}"
        return found

    def brief(self, path: str, *, folder: bool = False) -> dict[str, Any]:
        """As the answer to an upload has it."""
        name = path.rpartition("/")[2]
        refs = self.refs(path, folder=folder)
        return {"name": name, "origin": "local", "path": path, "refs": refs}

    def row(self, path: str) -> dict[str, Any]:
        """A file in a listing. Raises StorageError."""
        known = self.known(path)
        row: dict[str, Any] = {
            **self.brief(path),
            **GCODE,
            "date": int(self._storage.modified(path)),
            "display": known.display,
            "hash": known.digest,
            "size": self._storage.size(path),
        }
        if known.user:
            row["user"] = known.user
        else:
            row["links"], row["notes"] = [], []
        if known.analysis is not None:
            row["gcodeAnalysis"] = known.analysis
        if known.last is not None:
            row |= _history(known)
        return row

    def folder_row(self, path: str, *, recursive: bool) -> dict[str, Any]:
        """A folder in a listing. Raises StorageError."""
        name = path.rpartition("/")[2]
        children = self.rows(path, recursive=recursive) if recursive else []
        return {
            **self.brief(path, folder=True),
            **FOLDER,
            "children": children,
            "date": int(time.time()),
            "display": self._folder_wishes.get(path, name),
            "prints": self._prints_below(path),
            "size": self._size_below(path),
        }

    def rows(self, folder: str = "", *, recursive: bool) -> list[dict[str, Any]]:
        """What a folder holds. Raises StorageError."""
        rows = []
        for entry in self._storage.list(folder):
            path = f"{folder}/{entry.name}".strip("/")
            if entry.is_dir:
                rows.append(self.folder_row(path, recursive=recursive))
            elif not self._hidden(path):
                rows.append(self.row(path))
        return rows

    def _below(self, folder: str) -> list[str]:
        found = []
        for entry in self._storage.list(folder):
            path = f"{folder}/{entry.name}".strip("/")
            found += self._below(path) if entry.is_dir else [path]
        return found

    def _size_below(self, folder: str) -> int:
        return sum(self._storage.size(path) for path in self._below(folder))

    def _prints_below(self, folder: str) -> dict[str, Any]:
        known = [self.known(path) for path in self._below(folder)]
        return {
            "failure": sum(one.failure for one in known),
            "success": sum(one.success for one in known),
        }


def _history(known: Known) -> dict[str, Any]:
    average, last = known.average_s, known.last_s
    return {
        "prints": {"failure": known.failure, "last": known.last, "success": known.success},
        "statistics": {
            "averagePrintTime": {} if average is None else {_PROFILE: average},
            "lastPrintTime": {} if last is None else {_PROFILE: last},
        },
    }
