"""How fast a channel may send, and how long it is left alone after a failure. Pure."""

from __future__ import annotations

from collections import deque

from alerts.model import Level

WINDOW_S = 60.0
FIRST_BACKOFF_S, LAST_BACKOFF_S = 1.0, 300.0
JITTER = 0.2
"""Share of a wait that may be added, so that a farm's channels do not come back all at once."""
URGENT_S = 10.0
"""So soon after a failure a "now" that was never tried may go out, however long the others wait."""


class Pace:
    """At most so many attempts in any minute, failed ones and edits too. A quarter of them is
    kept for "now", so that a burst of news cannot hold an alarm back. Not thread-safe."""

    def __init__(self, per_minute: int) -> None:
        """``per_minute``: 1–600."""
        self._most = per_minute
        self._kept = per_minute // 4
        self._at: deque[float] = deque(maxlen=per_minute)

    def used(self, now: float) -> None:
        """An attempt begins; ``now`` monotonic s."""
        self._at.append(now)

    def wait(self, level: Level, now: float) -> float:
        """Seconds until an attempt is allowed, 0 = at once."""
        while self._at and self._at[0] <= now - WINDOW_S:
            self._at.popleft()
        room = self._most if level is Level.NOW else self._most - self._kept
        if len(self._at) < room:
            return 0.0
        return self._at[len(self._at) - room] + WINDOW_S - now


def backoff(failures: int, chance: float) -> float:
    """1, 2, 4 … 300 s after so many failures (1 or more), up to a fifth more; ``chance`` 0–1."""
    wait_s = min(LAST_BACKOFF_S, FIRST_BACKOFF_S * float(2 ** min(max(failures, 1) - 1, 16)))
    return wait_s * (1 + JITTER * chance)
