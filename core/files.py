"""Files that survive a crash: atomic, durable replacement and one writer per folder.

Recipe: reliability-and-security 4.4 (temp in the same folder, fsync, replace, fsync the folder,
keep the former version as .bak).
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

from core.errors import DiskFull, StorageError

_REPLACE_TRIES = 10
_REPLACE_WAIT_S = 0.2
RESERVE_BYTES = 512 * 1024 * 1024
"""Free space below which the farm takes no new files."""


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable (POSIX; Windows has no such call and needs none)."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(source: Path, target: Path) -> None:
    """os.replace, patient with a Windows virus scanner that holds the target for a moment."""
    for attempt in range(_REPLACE_TRIES):
        try:
            source.replace(target)
            return
        except PermissionError:
            if sys.platform != "win32" or attempt == _REPLACE_TRIES - 1:
                raise
            time.sleep(_REPLACE_WAIT_S)


def write_durably(path: Path, content: bytes, *, keep_backup: bool = False) -> None:
    """Replace ``path`` by ``content`` so that a crash leaves the old or the new file, never a mix.

    Raises StorageError (old file kept) when the disk refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            if keep_backup and path.exists():
                backup = path.with_name(path.name + ".bak")
                backup.unlink(missing_ok=True)
                try:
                    os.link(path, backup)
                except OSError:
                    backup.write_bytes(path.read_bytes())
            _replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(
            f"{path.name} could not be written ({error.strerror or error}). "
            "The former version is kept; free disk space or check the folder's permissions."
        ) from error


def require_space(folder: Path, wanted_bytes: int = 0) -> None:
    """Raise DiskFull when ``wanted_bytes`` more would eat into the reserve."""
    import shutil

    free = shutil.disk_usage(folder).free
    if free - wanted_bytes < RESERVE_BYTES:
        raise DiskFull(
            f"The farm's disk has {free // 1_000_000} MB left and keeps "
            f"{RESERVE_BYTES // 1_000_000} MB in reserve. Delete files you no longer need."
        )


class FolderLock:
    """One process per data folder, held for life. A second instance is told so at once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises StorageError when another process holds the folder."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise StorageError(
                f"Another farm server already uses the folder {self._path.parent}. "
                "Stop it first, or start this one with a different --data-dir."
            ) from error
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FolderLock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
