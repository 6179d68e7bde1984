"""The few preview pictures that were looked at last."""

from __future__ import annotations

import threading
from collections import OrderedDict

Key = tuple[str, int, bool]
"""(file id, plate, small)"""

MAX_BYTES = 4_000_000


class ThumbnailCache:
    """Least recently used goes first; at most MAX_BYTES of pictures. Thread-safe."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max = max_bytes
        self._lock = threading.Lock()
        self._pictures: OrderedDict[Key, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key) -> bytes | None:
        with self._lock:
            picture = self._pictures.get(key)
            if picture is not None:
                self._pictures.move_to_end(key)
            return picture

    def put(self, key: Key, picture: bytes) -> None:
        with self._lock:
            self._bytes += len(picture) - len(self._pictures.pop(key, b""))
            self._pictures[key] = picture
            while self._bytes > self._max:
                _, oldest = self._pictures.popitem(last=False)
                self._bytes -= len(oldest)

    def forget(self, file_id: str) -> None:
        """Drop a deleted file's pictures."""
        with self._lock:
            for key in [key for key in self._pictures if key[0] == file_id]:
                self._bytes -= len(self._pictures.pop(key))
