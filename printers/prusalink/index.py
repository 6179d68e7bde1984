"""What PrusaLink's own list of files says of one of them, now or once it has caught up.

Measured on the Pi (0.8.1): the list follows the storage by 0.1–0.3 s; until then a new file is
missing and an overwritten one has its old size.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.clock import Clock
from core.errors import UploadCancelled
from printers.lan.http_answers import Answered
from printers.prusalink import refusals as words
from printers.prusalink.client import PrusaLinkClient
from printers.prusalink.paths import Place
from printers.prusalink.rhythm import Rhythm
from printers.prusalink.values import as_int

TIMEOUT_S = 8.0
NEVER = threading.Event()
"""For waits that nobody cancels."""


class FileIndex:
    """Thread-safe."""

    def __init__(self, name: str, client: PrusaLinkClient, rhythm: Rhythm, clock: Clock) -> None:
        self._name = name
        self._client = client
        self._rhythm = rhythm
        self._clock = clock

    def size(self, place: Place) -> int | None:
        """Bytes; None when there is no such file."""
        try:
            reply = self._client.file(place, TIMEOUT_S)
        except Answered as error:
            raise words.refused(self._name, error) from error
        if reply is None or reply.get("type") == "FOLDER":
            return None
        return as_int(reply.get("size"))

    def until(self, is_so: Callable[[], bool], cancel: threading.Event = NEVER) -> bool:
        """Look again and again, for ``rhythm.indexed`` seconds. Raises UploadCancelled."""
        end = self._clock.monotonic() + self._rhythm.indexed
        while not is_so():
            if self._clock.monotonic() >= end:
                return False
            if cancel.wait(self._rhythm.look):
                raise UploadCancelled(f"The upload to {self._name} was cancelled.")
        return True
