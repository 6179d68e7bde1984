"""One upload at a time: a Raspberry Pi prints while it stores."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import UploadCancelled

_LOOK_S = 0.25


class UploadTurn:
    """Of one print server; any thread may wait for it."""

    def __init__(self, printer: str) -> None:
        self._name = printer
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, cancel: threading.Event) -> Iterator[None]:
        """Raises UploadCancelled when ``cancel`` is set before it is our turn."""
        while not self._lock.acquire(timeout=_LOOK_S):
            if cancel.is_set():
                raise self.cancelled()
        try:
            yield
        finally:
            self._lock.release()

    def cancelled(self) -> UploadCancelled:
        return UploadCancelled(f"The upload to {self._name} was cancelled.")
