"""The few file-system calls through which durable files are written, and the recipe made of them.

One small object, so that tests can refuse the n-th call for every n, or cut the power between two.
Recipe: reliability-and-security 4.4.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

REPLACE_TRIES = 10
REPLACE_WAIT_S = 0.2
TEMPORARY = ".new"
"""How the names of files end that are not whole yet; after a crash they may go."""


class FileSystem:
    """The machine's. Every call raises OSError; paths are on one volume."""

    def create(self, path: Path) -> int:
        """A new file for its owner only; FileExistsError when there is one."""
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o600)

    def append_to(self, path: Path) -> int:
        """An existing file, to be written at its end."""
        return os.open(path, os.O_WRONLY | os.O_APPEND | _BINARY)

    def write(self, descriptor: int, content: bytes) -> None:
        """All of ``content``, or an error after a part of it."""
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def names(self, folder: Path) -> frozenset[str]:
        return frozenset(path.name for path in folder.iterdir())

    def make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def link(self, source: Path, target: Path) -> None:
        """A second name for ``source``; a copy where there are no links."""
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            write_new(self, target, source.read_bytes())

    def replace(self, source: Path, target: Path) -> None:
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Nothing happens when there is none."""
        path.unlink(missing_ok=True)

    def fsync_dir(self, folder: Path) -> None:
        """Make renames durable (POSIX; Windows has no such call and needs none)."""
        if sys.platform == "win32":
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL})
DISK = FileSystem()


class Patience:
    """How often a refused replace is tried again: on Windows a virus scanner or an indexer may
    hold the target for a moment. ``wait`` sleeps for so many seconds."""

    def __init__(self, tries: int, wait: Callable[[float], object]) -> None:
        self.tries = tries
        self.wait = wait

    def replace(self, fs: FileSystem, source: Path, target: Path) -> None:
        """Raises PermissionError when the last try is refused too."""
        for _ in range(self.tries - 1):
            try:
                fs.replace(source, target)
                return
            except PermissionError:
                self.wait(REPLACE_WAIT_S)
        fs.replace(source, target)


PATIENCE = Patience(REPLACE_TRIES if sys.platform == "win32" else 1, Event().wait)


@contextmanager
def opened(fs: FileSystem, descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        fs.close(descriptor)


def write_new(fs: FileSystem, path: Path, content: bytes) -> None:
    """A file that is not there yet, synced; its name is durable after ``fsync_dir`` only."""
    with opened(fs, fs.create(path)) as descriptor:
        fs.write(descriptor, content)
        fs.fsync(descriptor)


def temporary_for(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}{TEMPORARY}")


def stage(
    fs: FileSystem,
    path: Path,
    content: bytes,
    *,
    backup: bool = False,
    patience: Patience = PATIENCE,
) -> Path:
    """All of ``replace_durably`` that comes before the replace: a whole, synced file beside
    ``path``, and with ``backup`` the present content as ``.bak``. Raises OSError."""
    new, old = temporary_for(path), temporary_for(path)
    try:
        write_new(fs, new, content)
        if backup:
            fs.link(path, old)
            patience.replace(fs, old, path.with_name(path.name + ".bak"))
            fs.unlink(old)  # both were names of one file: then POSIX keeps the first name too
    except BaseException:
        # whatever stays is removed at the next start; the first error is the one that counts
        for left in (new, old):
            with contextlib.suppress(OSError):
                fs.unlink(left)
        raise
    return new


def put(fs: FileSystem, new: Path, path: Path, patience: Patience = PATIENCE) -> None:
    """The second half: ``new`` becomes ``path``, for good. Raises OSError; what ``path`` is after
    a crash is then not known, but it is the old or the new content."""
    try:
        patience.replace(fs, new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            fs.unlink(new)
        raise
    fs.fsync_dir(path.parent)


def replace_durably(
    fs: FileSystem,
    path: Path,
    content: bytes,
    *,
    backup: bool = False,
    patience: Patience = PATIENCE,
) -> None:
    """``path`` is the old or the new content after a crash, never a mix, and never missing.

    With ``backup`` the former content stays as ``.bak``, which is never missing in between either.
    """
    put(fs, stage(fs, path, content, backup=backup, patience=patience), path, patience)


def keep_aside(fs: FileSystem, path: Path, label: str, *, called: str = "") -> Path:
    """A second name ``path.label`` (or ``path.label-1`` …) for ``path``, durable. It is kept there
    whatever becomes of the first name. ``called`` in place of the path's own name; raises OSError.
    """
    taken, first = fs.names(path.parent), f"{called or path.name}.{label}"
    name, number = first, 0
    while name in taken:
        number += 1
        name = f"{first}-{number}"
    target = path.with_name(name)
    fs.link(path, target)
    fs.fsync_dir(path.parent)
    return target


class Reserve:
    """Some space of the disk, held so that what is under way can be written when it is full."""

    def __init__(self, fs: FileSystem, path: Path, size_bytes: int) -> None:
        self._fs = fs
        self._path = path
        self._size = size_bytes
        self.held = False

    def take(self) -> bool:
        """Hold it (again); False while the disk has no room. Raises OSError otherwise."""
        if self.held:
            return True
        if self._path.name in self._fs.names(self._path.parent):
            self.held = True
            return True
        try:
            # random: some file systems store zeros, and copies of one another, in no space at all
            replace_durably(self._fs, self._path, secrets.token_bytes(self._size))
        except OSError as error:
            if error.errno not in FULL:
                raise
            return False
        self.held = True
        return True

    def release(self) -> bool:
        """Give its space to the next write; False when there is none left. Raises OSError."""
        if not self.held:
            return False
        self.held = False
        self._fs.unlink(self._path)
        return True


FULL = frozenset({errno.ENOSPC, errno.EDQUOT}) if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
