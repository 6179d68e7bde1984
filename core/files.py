"""Files that survive a crash: atomic, durable replacement and one writer per folder.

Recipe: reliability-and-security 4.4 (temp in the same folder, fsync, replace, fsync the folder,
keep the former version as .bak); its steps are in core/fs.py.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import TracebackType

from core.errors import DiskFull, StorageError
from core.fs import DISK, replace_durably

RESERVE_BYTES = 512 * 1024 * 1024
"""Free space below which the farm takes no new files."""


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable (POSIX; Windows has no such call and needs none)."""
    DISK.fsync_dir(folder)


def write_durably(path: Path, content: bytes, *, keep_backup: bool = False) -> None:
    """Replace ``path`` by ``content`` so that a crash leaves the old or the new file, never a mix.

    Raises StorageError (old file kept) when the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_durably(DISK, path, content, backup=keep_backup and path.exists())
    except OSError as error:
        raise refused(path, error) from error


def refused(path: Path, error: OSError) -> StorageError:
    """What the operator is told when ``path`` could not be written."""
    return StorageError(
        f"{path.name} could not be written ({error.strerror or error}). "
        "The former version is kept; free disk space or check the folder's permissions."
    )


def require_space(folder: Path, wanted_bytes: int = 0) -> None:
    """Raise DiskFull when ``wanted_bytes`` more would eat into the reserve."""
    import shutil

    free = shutil.disk_usage(folder).free
    if free - wanted_bytes < RESERVE_BYTES:
        raise DiskFull(
            f"The farm's disk has {free // 1_000_000} MB left and keeps "
            f"{RESERVE_BYTES // 1_000_000} MB in reserve. Delete files you no longer need."
        )


_HELD = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})
"""What systems say of a lock that somebody else has."""


class FolderLock:
    """One process per data folder, held for life. A second instance is told so at once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises StorageError: another process holds the folder, or nothing can be kept there."""
        descriptor = self._opened()
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in _HELD:
                raise StorageError(
                    f"The folder {self._path.parent} cannot be locked ({error.strerror or error}). "
                    "Keep the data on a disk of this computer: start with another --data-dir."
                ) from error
            raise StorageError(
                f"Another farm server already uses the folder {self._path.parent}. "
                "Stop it first, or start this one with a different --data-dir."
            ) from error
        self._descriptor = descriptor

    def _opened(self) -> int:
        folder = self._path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageError(
                f"The farm cannot keep its data in {folder} ({error.strerror or error}). "
                "Check that it is a folder that may be written, or start with another --data-dir."
            ) from error

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
