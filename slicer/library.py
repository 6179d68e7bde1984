"""The farm's store of print files: every one inspected at intake, kept under its own id.

On disk: ``<id>`` with the ending of what the file is (sidecars.SUFFIXES), and beside it
``<id>.json``, written last. What a person called the file is data in there, never a path.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from core.clock import Clock
from core.errors import Blocked, NotFound
from core.events import Bus
from core.files import sync_folder
from slicer import plate_text, recovery, sidecars
from slicer.bounds.result import PlateBounds
from slicer.inspection import thumbnail
from slicer.intake import Readable, Received, display_name, examine, receive, storage_error
from slicer.made_pictures import MadePictures
from slicer.printfile import PrintFile
from slicer.recovery import PART
from slicer.scanning import BoundsScanner
from slicer.sidecars import StoredFile
from slicer.thumbnails import ThumbnailCache

MODEL_LIMIT_BYTES = 200_000_000

__all__ = ["FileLibrary", "StoredFile", "display_name"]


class FileLibrary:
    """Thread-safe. The folder belongs to one process (core.files.FolderLock)."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        upload_limit_bytes: int,
        *,
        models: bool = False,
        model_limit_bytes: int = MODEL_LIMIT_BYTES,
        bus: Bus | None = None,
    ) -> None:
        """Reads what is there. Raises StorageError when the folder cannot be used.

        With ``models`` it takes models to slice too; those of before stay in any case.
        On ``bus`` every change of a file is published as ("file", id): the StoredFile, or None
        when it was deleted.
        """
        self._folder = folder
        self._clock = clock
        self._limit = upload_limit_bytes
        self._lock = threading.Lock()
        self._looking = threading.BoundedSemaphore(2)  # a hostile file may take 64 MB and 2 s
        self._guards: list[Callable[[str], str]] = []
        self._models = models
        self._model_limit = model_limit_bytes
        self._cache = ThumbnailCache()
        self._pictures = MadePictures(folder)
        self._bus = bus
        self._scanner = BoundsScanner(folder, clock, lambda file: self._publish(file.id, file))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            recovery.sweep(folder)
            self._files = {file.id: file for file in sidecars.load_all(folder)}
            lost = recovery.recover(folder, tuple(self._files), self._examine_known)
            self._files.update({file.id: file for file in lost})
            self._scanner.take_over(self.list())
        except OSError as error:
            raise storage_error("be read", error) from error

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
        part = self._folder / f".{uuid.uuid4().hex}{PART}"
        try:
            what = receive(stream, part, shown, self._limit)
            known = self._find(what.sha256)
            if known is not None:
                return known, False
            limit = self._model_limit
            with self._looking:
                file = examine(part, shown, models=self._models, model_limit_bytes=limit)
            return self._keep(part, shown, what, file)
        except OSError as error:
            raise storage_error("take the file", error) from error
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

    def gcode(self, file_id: str, plate: int) -> Generator[bytes, None, None]:
        """The plate's G-code as text, piece by piece (plate_text.py). Raises NotFound at once."""
        file = self.get(file_id)
        if file.file.plate(plate) is None:
            raise NotFound(f"{file.name} has no plate {plate}.", code="plate_not_found")
        return plate_text.chunks(self._content(file), file.file.kind, file.name, plate)

    def thumbnail(self, file_id: str, plate: int, small: bool = False) -> bytes:
        """A plate's preview as PNG; of a model, as plate 1, a drawing of it.

        Raises NotFound when there is none.
        """
        file = self.get(file_id)
        key = (file_id, plate, small and not file.file.is_model)
        picture = self._cache.get(key)
        if picture is None and (plate == 1 if file.file.is_model else file.file.plate(plate)):
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
            gone = self._content(file).replace(self._folder / f".{file_id}{PART}")
            sidecars.path_of(self._folder, file_id).unlink(missing_ok=True)
            gone.unlink(missing_ok=True)
            self._scanner.forget(file_id)
            self._pictures.forget(file_id)
        except OSError as error:
            raise storage_error(f"delete {file.name}", error) from error
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
            if not file.file.is_model:
                found = thumbnail(self._content(file), file.name, plate, small=small)
                chosen = file.file.plate(plate)
                if found is not None or chosen is None or not chosen.has_thumbnail:
                    return found
            return self._pictures.get(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(f"read {file.name}", error) from error

    def _examine_known(self, path: Path, name: str) -> PrintFile:
        """A file that was taken in once."""
        return examine(path, name, models=True, model_limit_bytes=self._model_limit)

    def _keep(
        self, part: Path, shown: str, what: Received, file: PrintFile
    ) -> tuple[StoredFile, bool]:
        stored = StoredFile(
            id=uuid.uuid4().hex,
            name=shown,
            size_bytes=what.size_bytes,
            sha256=what.sha256,
            md5=what.md5,
            added_at=self._clock.time(),
            file=file,
        )
        content = self._content(stored)
        part.replace(content)
        sync_folder(self._folder)
        sidecars.write(self._folder, stored)
        with self._lock:
            twin = next((item for item in self._files.values() if item.sha256 == what.sha256), None)
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


def _of_plate(
    stored: StoredFile, found: Sequence[PlateBounds] | None, plate: int
) -> PlateBounds | None:
    if found is None or stored.file.plate(plate) is None:
        return None
    known = next((bounds for bounds in found if bounds.plate == plate), None)
    return known or PlateBounds(plate=plate, complete=False, reason=found[0].reason or "damaged")
