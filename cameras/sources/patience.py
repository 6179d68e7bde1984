"""How long a reader waits, and whether anybody still wants what it waits for."""

from __future__ import annotations

import time
from collections.abc import Callable

from cameras.frames import CameraFailed

POLL_S = 0.25
"""How often a waiting reader asks whether it is cancelled."""

Cancelled = Callable[[], bool]


class Left(Exception):
    """Nobody wants pictures any more."""


class Patience:
    """A deadline that a cancel ends early."""

    def __init__(self, cancelled: Cancelled, seconds: float, text: str) -> None:
        """``text``: why it failed when the time is up, for the panel, without a full stop."""
        self._cancelled = cancelled
        self.restart(seconds, text)

    def restart(self, seconds: float, text: str) -> None:
        """Begin to wait for the next thing."""
        self._deadline = time.monotonic() + seconds
        self._text = text

    def check(self) -> None:
        """Raises Left, or CameraFailed (stalled)."""
        if self._cancelled():
            raise Left
        if time.monotonic() > self._deadline:
            raise CameraFailed(self._text, code="stalled")
