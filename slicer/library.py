"""The farm's store of print files: every one inspected at intake, kept under its own id.

On disk: ``<id>`` with the ending of what the file is (sidecars.SUFFIXES), and beside it
``<id>.json``, written last. What a person called the file is data in there, never a path.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import re
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from core.clock import Clock
from core.errors import Blocked, DiskFull, FarmError, NotFound, StorageError, TooLarge, Unusable
from core.events import Bus
from core.files import require_space, sync_folder
from slicer import sidecars, values
from slicer.bounds.result import PlateBounds
from slicer.inspection import inspect_file, thumbnail
from slicer.printfile import PrintFile
from slicer.scanning import BoundsScanner
from slicer.sidecars import SUFFIXES, StoredFile
from slicer.thumbnails import ThumbnailCache

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1024 * 1024
SPACE_CHECK_BYTES = 32 * CHUNK_BYTES
_ID = re.compile(r"[0-9a-f]{32}")
_PART = ".part"

__all__ = ["FileLibrary", "StoredFile"]


class Readable(Protocol):
    """What an upload comes from: a request's stream or an open file."""

    def read(self, size: int = -1, /) -> bytes: ...


class FileLibrary:
    """Thread-safe. The folder belongs to one process (core.files.FolderLock)."""

    def __init__(
        self, folder: Path, clock: Clock, upload_limit_bytes: int, *, bus: Bus | None = None
    ) -> None:
        """Reads what is there. Raises StorageError when the folder cannot be used.

        On ``bus`` every change of a file is published as ("file", id): the StoredFile, or None
        when it was deleted.
        """
        self._folder = folder
        self._clock = clock
        self._limit = upload_limit_bytes
        self._lock = threading.Lock()
        self._guards: list[Callable[[str], str]] = []
        self._cache = ThumbnailCache()
        self._bus = bus
        self._scanner = BoundsScanner(folder, clock, lambda file: self._publish(file.id, file))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            self._files = {file.id: file for file in sidecars.load_all(folder)}
            self._recover_lost()
            self._scanner.take_over(self.list())
        except OSError as error:
            raise _storage_error("be read", error) from error

    def start(self) -> None:
        """Start reading where the files' moves go (scanning.py)."""
        self._scanner.start()

    def stop(self) -> None:
        self._scanner.stop()

    def protect(self, guard: Callable[[str], str]) -> None:
        """``guard(file_id)`` answers why that file must stay, as a sentence; "" when it may go."""
        self._guards.append(guard)

    def add(self, stream: Readable, name: str) -> StoredFile:
        """Take a file in; the same content again gives the entry that is already there.

        Raises TooLarge, DiskFull, StorageError, or Unusable with the inspection's reason.
        """
        return self.add_or_find(stream, name)[0]

    def add_or_find(self, stream: Readable, name: str) -> tuple[StoredFile, bool]:
        """As ``add``; True when the file is new."""
        shown = display_name(name)
        part = self._folder / f".{uuid.uuid4().hex}{_PART}"
        try:
            size, sha256, md5 = self._receive(stream, part, shown)
            known = self._find(sha256)
            if known is not None:
                return known, False
            return self._keep(part, shown, size, sha256, md5, inspect_file(part, shown))
        except OSError as error:
            raise _storage_error("take the file", error) from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def list(self) -> list[StoredFile]:
        """Newest first."""
        with self._lock:
            files = list(self._files.values())
        return sorted(files, key=lambda file: (file.added_at, file.id), reverse=True)

    def get(self, file_id: str) -> StoredFile:
        """Raises NotFound."""
        with self._lock:
            file = self._files.get(file_id)
        if file is None:
            raise NotFound(
                "There is no such file in the library; it may have been deleted.",
                code="file_not_found",
            )
        return file

    def path(self, file_id: str) -> Path:
        """Where the print file lies. Raises NotFound."""
        return self._content(self.get(file_id))

    def thumbnail(self, file_id: str, plate: int, small: bool = False) -> bytes:
        """A plate's preview as PNG. Raises NotFound when there is none."""
        file = self.get(file_id)
        key = (file_id, plate, small)
        picture = self._cache.get(key)
        if picture is None and file.file.plate(plate) is not None:
            picture = self._read_thumbnail(file, plate, small)
        if picture is None:
            raise NotFound(
                f"{file.name} has no preview of plate {plate}.", code="thumbnail_not_found"
            )
        self._cache.put(key, picture)
        return picture

    def bounds(self, file_id: str, plate: int) -> PlateBounds | None:
        """Where the plate's moves go; None while that is not known. Raises NotFound.

        A file that could not be read to its end gives bounds that are not complete.
        """
        return _of_plate(self.get(file_id), self._scanner.get(file_id), plate)

    def await_bounds(self, file_id: str, plate: int, timeout_s: float) -> PlateBounds | None:
        """As ``bounds``, but the file is read before all others, and waited for.

        None when that takes longer, or the file is deleted meanwhile. Before ``start`` it is
        read in the calling thread, however long that takes.
        """
        stored = self.get(file_id)
        return _of_plate(stored, self._scanner.wait(stored, timeout_s), plate)

    def delete(self, file_id: str) -> None:
        """Raises NotFound, or Blocked with the reason of whoever still needs the file."""
        file = self.get(file_id)
        for guard in self._guards:
            if why := guard(file_id):
                raise Blocked(why, code="file_in_use")
        with self._lock:
            self._files.pop(file_id, None)
        self._cache.forget(file_id)
        try:
            # Renamed first: a crash in between must not leave a file that comes back.
            gone = self._content(file).replace(self._folder / f".{file_id}{_PART}")
            sidecars.path_of(self._folder, file_id).unlink(missing_ok=True)
            gone.unlink(missing_ok=True)
            self._scanner.forget(file_id)
        except OSError as error:
            raise _storage_error(f"delete {file.name}", error) from error
        self._publish(file_id, None)

    def _publish(self, file_id: str, stored: StoredFile | None) -> None:
        if self._bus is not None:
            self._bus.publish(("file", file_id), stored)

    def _content(self, stored: StoredFile) -> Path:
        return self._folder / f"{stored.id}{stored.suffix}"

    def _find(self, sha256: str) -> StoredFile | None:
        with self._lock:
            return next((file for file in self._files.values() if file.sha256 == sha256), None)

    def _read_thumbnail(self, file: StoredFile, plate: int, small: bool) -> bytes | None:
        try:
            return thumbnail(self._content(file), file.name, plate, small=small)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _storage_error(f"read {file.name}", error) from error

    def _receive(self, stream: Readable, part: Path, shown: str) -> tuple[int, str, str]:
        """Stream to disk under the limit: (bytes, sha256 hex, MD5 in upper-case hex)."""
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        size = next_check = 0
        with part.open("xb") as target:
            while chunk := stream.read(CHUNK_BYTES):
                if size >= next_check:
                    require_space(self._folder, len(chunk))
                    next_check += SPACE_CHECK_BYTES
                size += len(chunk)
                if size > self._limit:
                    raise TooLarge(
                        f"{shown} is larger than {self._limit // 1_000_000} MB, "
                        "the most this farm takes.",
                        code="upload_too_large",
                        details={"limit_bytes": self._limit},
                    )
                sha256.update(chunk)
                md5.update(chunk)
                target.write(chunk)
            _sync(target)
        if not size:
            raise Unusable(f"{shown} is empty. Export it from the slicer again.", code="empty_file")
        return size, sha256.hexdigest(), md5.hexdigest().upper()

    def _keep(
        self, part: Path, shown: str, size: int, sha256: str, md5: str, file: PrintFile
    ) -> tuple[StoredFile, bool]:
        stored = StoredFile(
            id=uuid.uuid4().hex,
            name=shown,
            size_bytes=size,
            sha256=sha256,
            md5=md5,
            added_at=self._clock.time(),
            file=file,
        )
        content = self._content(stored)
        part.replace(content)
        sync_folder(self._folder)
        sidecars.write(self._folder, stored)
        with self._lock:
            twin = next((item for item in self._files.values() if item.sha256 == sha256), None)
            if twin is None:
                self._files[stored.id] = stored
        if twin is None:
            self._scanner.add(stored)
            self._publish(stored.id, stored)
            return stored, True
        # The same file came in twice at once; the first one stays.
        sidecars.path_of(self._folder, stored.id).unlink(missing_ok=True)
        content.unlink(missing_ok=True)
        return twin, False

    def _sweep(self) -> None:
        """Remove uploads that a crash cut short."""
        for leftover in self._folder.glob(f".*{_PART}"):
            leftover.unlink(missing_ok=True)
            logger.info("library: removed the partial upload %s", leftover.name)

    def _recover_lost(self) -> None:
        """Take files in again that lost their entry: jobs may still refer to their ids."""
        for suffix in SUFFIXES.values():
            for content in self._folder.glob(f"*{suffix}"):
                file_id = content.name.removesuffix(suffix)
                if _ID.fullmatch(file_id) and file_id not in self._files:
                    self._recover(content, file_id, suffix)

    def _recover(self, content: Path, file_id: str, suffix: str) -> None:
        name = f"recovered {file_id[:8]}{suffix}"
        try:
            file = inspect_file(content, name)
            if SUFFIXES[file.kind] != suffix:
                raise Unusable(f"{name} is {file.kind}.", code="other_kind")
            with content.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
                stream.seek(0)
                md5 = hashlib.file_digest(stream, _plain_md5).hexdigest().upper()
        except FarmError as error:
            content.replace(content.with_name(content.name + ".damaged"))
            logger.warning("library: set %s aside: %s", content.name, error.message)
            return
        info = content.stat()
        self._files[file_id] = StoredFile(
            id=file_id,
            name=name,
            size_bytes=info.st_size,
            sha256=sha256,
            md5=md5,
            added_at=info.st_mtime,
            file=file,
        )
        sidecars.write(self._folder, self._files[file_id])
        logger.warning("library: took %s in again, its entry was lost or damaged", content.name)


def _of_plate(
    stored: StoredFile, found: Sequence[PlateBounds] | None, plate: int
) -> PlateBounds | None:
    if found is None or stored.file.plate(plate) is None:
        return None
    known = next((bounds for bounds in found if bounds.plate == plate), None)
    return known or PlateBounds(plate=plate, complete=False, reason=found[0].reason or "damaged")


def display_name(name: str) -> str:
    """What people see: the last part of a path, one clean line of at most 200 characters."""
    return values.clean_text(re.split(r"[/\\]", name)[-1]) or "unnamed.gcode.3mf"


def _plain_md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)


def _sync(target: BinaryIO) -> None:
    target.flush()
    os.fsync(target.fileno())


def _storage_error(what: str, error: OSError) -> FarmError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("The farm's disk is full. Delete files you no longer need.")
    return StorageError(
        f"The file library could not {what} ({error.strerror or error}). "
        "Check the data folder's disk and permissions."
    )
