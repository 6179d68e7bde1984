"""Pictures that the farm makes when one is first asked for, and keeps beside the file.

Of a model a drawing, of a print file its preview when that is no PNG.
"""

from __future__ import annotations

import threading
from pathlib import Path

from core.files import write_durably
from slicer.mesh.picture import render
from slicer.previews import converted
from slicer.sidecars import StoredFile


class MadePictures:
    """Thread-safe; makes one at a time. What cannot be shown is not tried again till a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._one = threading.Lock()
        self._failed: set[str] = set()

    def get(self, stored: StoredFile) -> bytes | None:
        """PNG. None when there is none to make. Raises StorageError or OSError."""
        path = self._path(stored.id)
        with self._one:
            if path.is_file():
                return path.read_bytes()
            if stored.id in self._failed:
                return None
            picture = self._make(stored)
            if picture is None:
                self._failed.add(stored.id)
            else:
                write_durably(path, picture)
            return picture

    def _make(self, stored: StoredFile) -> bytes | None:
        content = self._folder / f"{stored.id}{stored.suffix}"
        if stored.file.is_model:
            return render(content, stored.file.kind)
        return converted(content)

    def forget(self, file_id: str) -> None:
        """Of a deleted file. Raises OSError."""
        with self._one:
            self._failed.discard(file_id)
            self._path(file_id).unlink(missing_ok=True)

    def _path(self, file_id: str) -> Path:
        return self._folder / f"{file_id}.png"
