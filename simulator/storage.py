"""The memory card or USB stick of a virtual printer: a tree kept in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


class StorageError(Exception):
    """Why a file operation failed; ``code`` is the FTP reply code of real printers (A11)."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a listing. ``modified`` in seconds since the epoch."""

    name: str
    is_dir: bool
    size: int
    modified: float


@dataclass(slots=True)
class _File:
    content: bytes | Callable[[], bytes]
    modified: float

    @property
    def data(self) -> bytes:
        """The bytes; files given as a function are made when first looked at."""
        if callable(self.content):
            self.content = self.content()
        return self.content


def normalise(path: str) -> str:
    """ "/a/b" from any spelling; ".." never climbs above the root."""
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            parts[-1:] = []
        else:
            parts.append(part)
    return "/" + "/".join(parts)


def _parent(path: str) -> str:
    return path.rsplit("/", 1)[0] or "/"


class Storage:
    """Paths are absolute ("/part.gcode.3mf"). Not thread-safe: one loop owns it.

    The card's presence, write protection and "full" are knobs of the printer; the FTPS server
    checks them before it comes here.
    """

    def __init__(self, dirs: Iterable[str] = (), capacity: int = 32_000_000_000) -> None:
        self._files: dict[str, _File] = {}
        self._dirs: dict[str, float] = {"/": time.time()}
        self.capacity = capacity
        self.revision = 0
        for name in dirs:
            self._dirs[normalise(name)] = time.time()

    @property
    def used(self) -> int:
        """Bytes in all files that exist so far."""
        return sum(len(f.content) for f in self._files.values() if isinstance(f.content, bytes))

    def exists(self, path: str) -> bool:
        """Whether a file of this path is there."""
        return normalise(path) in self._files

    def is_dir(self, path: str) -> bool:
        """Whether a folder of this path is there."""
        return normalise(path) in self._dirs

    def write(self, path: str, data: bytes, modified: float | None = None) -> None:
        """Store a file. Raises StorageError 553 (no such folder, is a folder) or 552 (full)."""
        path = normalise(path)
        if path in self._dirs or _parent(path) not in self._dirs:
            raise StorageError(553, "Could not create file.")
        old = len(self._files[path].data) if path in self._files else 0
        if self.used - old + len(data) > self.capacity:
            raise StorageError(552, "Insufficient storage space.")
        self._files[path] = _File(bytes(data), time.time() if modified is None else modified)
        self.revision += 1

    def write_later(self, path: str, maker: Callable[[], bytes]) -> None:
        """Like write, but ``maker`` is called when somebody first looks at the file."""
        self._files[normalise(path)] = _File(maker, time.time())
        self.revision += 1

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises StorageError 550."""
        return self._file(path).data

    def size(self, path: str) -> int:
        """Bytes of a file. Raises StorageError 550."""
        return len(self._file(path).data)

    def modified(self, path: str) -> float:
        """Seconds since the epoch. Raises StorageError 550."""
        return self._file(path).modified

    def _file(self, path: str) -> _File:
        file = self._files.get(normalise(path))
        if file is None:
            raise StorageError(550, "Failed to open file.")
        return file

    def delete(self, path: str) -> None:
        """Remove a file. Raises StorageError 550."""
        self._file(path)
        del self._files[normalise(path)]
        self.revision += 1

    def mkdir(self, path: str) -> None:
        """Make a folder. Raises StorageError 550 when it exists or has no parent."""
        path = normalise(path)
        if path in self._dirs or path in self._files or _parent(path) not in self._dirs:
            raise StorageError(550, "Create directory operation failed.")
        self._dirs[path] = time.time()
        self.revision += 1

    def rmdir(self, path: str) -> None:
        """Remove an empty folder. Raises StorageError 550."""
        path = normalise(path)
        if path == "/" or path not in self._dirs or self.list(path):
            raise StorageError(550, "Remove directory operation failed.")
        del self._dirs[path]
        self.revision += 1

    def rename(self, old: str, new: str) -> None:
        """Move a file. Raises StorageError 550 or 553."""
        file = self._file(old)
        new = normalise(new)
        if new in self._dirs or _parent(new) not in self._dirs:
            raise StorageError(553, "Rename failed.")
        del self._files[normalise(old)]
        self._files[new] = file
        self.revision += 1

    def list(self, path: str = "/") -> list[Entry]:
        """What a folder holds, folders first. Raises StorageError 550."""
        path = normalise(path)
        if path not in self._dirs:
            raise StorageError(550, "Failed to change directory.")
        head = path if path.endswith("/") else path + "/"

        def inside(name: str) -> bool:
            return name != "/" and name.startswith(head) and "/" not in name[len(head) :]

        folders = [Entry(d[len(head) :], True, 0, t) for d, t in self._dirs.items() if inside(d)]
        files = [
            Entry(p[len(head) :], False, len(f.data), f.modified)
            for p, f in self._files.items()
            if inside(p)
        ]
        return sorted(folders, key=lambda e: e.name) + sorted(files, key=lambda e: e.name)
