"""Pictures that a server may fetch without signing in: at a random address, while it is asked."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.clock import Clock, SystemClock

FETCHES = 4
"""Obico tries three times (alerts 3.2)."""
MOST = 8
PATH = "/api/defect-picture/"


class OneTimePictures:
    """Thread-safe. An address holds for one question and a few fetches."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._open: dict[str, tuple[float, list[bytes]]] = {}  # until: monotonic s

    @contextmanager
    def offered(self, jpeg: bytes, longest_s: float = 60.0) -> Iterator[str]:
        """The token under which ``jpeg`` can be fetched until the block ends, or ``longest_s`` are
        over: a server that never ends its answer does not keep the door open."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            while len(self._open) >= MOST:
                self._open.pop(next(iter(self._open)))
            self._open[token] = (self._clock.monotonic() + longest_s, [jpeg] * FETCHES)
        try:
            yield token
        finally:
            with self._lock:
                self._open.pop(token, None)

    def take(self, token: str) -> bytes | None:
        """One fetch; None when the address does not hold (any more)."""
        with self._lock:
            until, left = self._open.get(token, (0.0, []))
            return left.pop() if left and self._clock.monotonic() < until else None
