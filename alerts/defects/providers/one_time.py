"""Pictures that a server may fetch without signing in: at a random address, while it is asked."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

FETCHES = 4
"""Obico tries three times (alerts 3.2)."""
MOST = 8
PATH = "/api/defect-picture/"


class OneTimePictures:
    """Thread-safe. An address holds for one question and a few fetches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, list[bytes]] = {}

    @contextmanager
    def offered(self, jpeg: bytes) -> Iterator[str]:
        """The token under which ``jpeg`` can be fetched until the block ends."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            while len(self._open) >= MOST:
                self._open.pop(next(iter(self._open)))
            self._open[token] = [jpeg] * FETCHES
        try:
            yield token
        finally:
            with self._lock:
                self._open.pop(token, None)

    def take(self, token: str) -> bytes | None:
        """One fetch; None when the address does not hold (any more)."""
        with self._lock:
            left = self._open.get(token)
            return left.pop() if left else None
