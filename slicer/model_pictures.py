"""Pictures of models: drawn when one is first asked for, kept beside the model."""

from __future__ import annotations

import threading
from pathlib import Path

from core.files import write_durably
from slicer.mesh.picture import DRAWN_KINDS, render
from slicer.sidecars import StoredFile


class ModelPictures:
    """Thread-safe; draws one at a time. What cannot be drawn is not tried again till a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._one = threading.Lock()
        self._failed: set[str] = set()

    def get(self, stored: StoredFile) -> bytes | None:
        """PNG. None when it cannot be drawn. Raises StorageError or OSError."""
        if stored.file.kind not in DRAWN_KINDS:
            return None
        path = self._path(stored.id)
        with self._one:
            if path.is_file():
                return path.read_bytes()
            if stored.id in self._failed:
                return None
            picture = render(self._folder / f"{stored.id}{stored.suffix}", stored.file.kind)
            if picture is None:
                self._failed.add(stored.id)
            else:
                write_durably(path, picture)
            return picture

    def forget(self, file_id: str) -> None:
        """Of a deleted model. Raises OSError."""
        with self._one:
            self._failed.discard(file_id)
            self._path(file_id).unlink(missing_ok=True)

    def _path(self, file_id: str) -> Path:
        return self._folder / f"{file_id}.png"
