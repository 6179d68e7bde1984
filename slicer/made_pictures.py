"""Pictures that the farm makes when one is first asked for, and keeps beside the file.

Of a model a drawing, of a print file its preview when that is no PNG.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import ClassVar

from core.errors import FarmError
from core.files import write_durably
from slicer.mesh.picture import render
from slicer.previews import converted
from slicer.sidecars import StoredFile

MOST_WAITING = 12
"""Who wants a picture that must still be made; a drawing may take a minute, and each of these
holds one of the server's threads."""


class PicturesBusy(FarmError):
    """Too many wait for pictures already."""

    code: ClassVar[str] = "busy"
    status: ClassVar[int] = 503


class MadePictures:
    """Thread-safe; makes one at a time. What cannot be shown is not tried again till a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._one = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self._failed: set[str] = set()

    def get(self, stored: StoredFile) -> bytes | None:
        """PNG. None when there is none to make. Raises PicturesBusy, StorageError or OSError."""
        path = self._path(stored.id)
        if path.is_file():
            return path.read_bytes()
        if not self._places.acquire(blocking=False):
            raise PicturesBusy("Many previews are being drawn. Look again in a minute.")
        try:
            with self._one:
                return self._get(stored, path)
        finally:
            self._places.release()

    def _get(self, stored: StoredFile, path: Path) -> bytes | None:
        if path.is_file():
            return path.read_bytes()
        if stored.id in self._failed:
            return None
        content = self._folder / f"{stored.id}{stored.suffix}"
        picture = self._make(stored, content)
        if not content.exists():  # deleted meanwhile
            return None
        if picture is None:
            self._failed.add(stored.id)
            return None
        write_durably(path, picture)
        if not content.exists():
            path.unlink(missing_ok=True)
        return picture

    def _make(self, stored: StoredFile, content: Path) -> bytes | None:
        if stored.file.is_model:
            return render(content, stored.file.kind)
        return converted(content)

    def forget(self, file_id: str) -> None:
        """Of a deleted file, whose content is gone. Waits for no drawing. Raises OSError."""
        self._failed.discard(file_id)
        self._path(file_id).unlink(missing_ok=True)

    def _path(self, file_id: str) -> Path:
        return self._folder / f"{file_id}.png"
