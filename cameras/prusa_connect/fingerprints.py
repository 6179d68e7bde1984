"""By what Prusa Connect knows each camera: made once, kept for ever."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path

from core import jsonio
from core.errors import StorageError
from core.files import write_durably

FILE = "prusa_connect.json"


class Fingerprints:
    """``folder``/prusa_connect.json: {"fingerprints": {camera id: UUID}}. Thread-safe.

    A token is bound to the first fingerprint it comes with, so a file that cannot be read is never
    replaced by new ones: that would lock every camera out.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._known: dict[str, str] | None = None  # as on the disk, which is asked once

    def of(self, camera_id: str) -> str:
        """The camera's own; made and written durably at the first call. Raises StorageError."""
        with self._lock:
            known = self._read() if self._known is None else self._known
            if camera_id not in known:
                known = {**known, camera_id: str(uuid.uuid4())}
                write_durably(self._path, jsonio.dumps({"fingerprints": known}), keep_backup=True)
            self._known = known
            return known[camera_id]

    def _read(self) -> dict[str, str]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unreadable(error.strerror or "no reason given") from error
        try:
            known = jsonio.loads(content)["fingerprints"]
            if not all(isinstance(text, str) for pair in known.items() for text in pair):
                raise ValueError("not texts")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._unreadable("it is damaged") from error
        return dict(known)

    def _unreadable(self, why: str) -> StorageError:
        return StorageError(
            f"{self._path} cannot be read ({why}). It holds the cameras' fingerprints: restore it "
            f"from {FILE}.bak or a backup, or delete it and add the cameras in Prusa Connect anew."
        )
