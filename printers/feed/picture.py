"""The newest picture of a feed, between its connection and the camera room."""

from __future__ import annotations

import threading
import time

FRESH_S = 10.0
"""A reader that comes later is not given it as new."""


class PictureBox:
    """Thread-safe. Holds one picture's bytes; a slow reader skips."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._jpeg = b""
        self._at = 0.0  # monotonic s

    @property
    def count(self) -> int:
        """Pictures so far."""
        return self._number

    def put(self, jpeg: bytes) -> None:
        with self._changed:
            self._number += 1
            self._jpeg, self._at = jpeg, time.monotonic()
            self._changed.notify_all()

    def wait(self, after: int, timeout: float) -> tuple[int, bytes] | None:
        """The newest one's number and bytes, when it is newer than ``after`` (0: any) and fresh;
        None when none was there within ``timeout`` seconds."""

        def ready() -> bool:
            return self._number > after and time.monotonic() - self._at <= FRESH_S

        with self._changed:
            if not self._changed.wait_for(ready, timeout):
                return None
            return self._number, self._jpeg
