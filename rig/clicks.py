"""How often the button was pressed, and what that means (cameras-and-rig 3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

ACTIONS = {1: "shot", 3: "toggle", 4: "pause", 5: "discard"}
"""Two clicks, and more than five, mean nothing: they are slips."""


class ClickCounter:
    """Pure but for the clock. Not thread-safe: one thread presses and takes."""

    def __init__(self, gap_s: float, monotonic: Callable[[], float]) -> None:
        self._gap = gap_s
        self._now = monotonic
        self._count = 0
        self._first = 0.0
        self._last = 0.0
        self._ended: deque[tuple[int, float]] = deque()

    def press(self, at: float | None = None) -> None:
        """``at``: monotonic seconds when it was, if it is told late."""
        now = self._now() if at is None else at
        if self._count and now - self._last >= self._gap:
            self._end()
        if not self._count:
            self._first = now
        self._count += 1
        self._last = now

    def wait_s(self) -> float | None:
        """Until a count is final; None when nothing was pressed."""
        if self._ended:
            return 0.0
        return max(0.0, self._last + self._gap - self._now()) if self._count else None

    def take(self) -> tuple[int, float]:
        """(clicks, monotonic time of the first), once the gap has passed; else (0, 0.0)."""
        if self._count and self._now() - self._last >= self._gap:
            self._end()
        return self._ended.popleft() if self._ended else (0, 0.0)

    def _end(self) -> None:
        self._ended.append((self._count, self._first))
        self._count = 0
