"""How soon something may go to a chat. Telegram counts messages, edits and a bot's answers alike,
and all topics of a group together (alerts 1.5)."""

from __future__ import annotations

import threading

from core.clock import Clock

EDIT_S = 3.0
"""An edit comes no sooner after anything else in its chat: 20 a minute, a group's limit."""
SAME_S = 60.0
"""One print's message is edited no more often: thirty printers may share the chat."""
_FORGET = 500


class Pace:
    """Of one chat. Thread-safe: the channel and the bot's orders share it."""

    def __init__(self, clock: Clock, edit_s: float = EDIT_S, same_s: float = SAME_S) -> None:
        self._clock = clock
        self._edit_s = edit_s
        self._same_s = same_s
        self._lock = threading.Lock()
        self._held_until = float("-inf")
        self._last = float("-inf")
        self._edited: dict[str, float] = {}

    def hold(self, seconds: float) -> None:
        """Telegram wants silence for so long."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    def held(self) -> float:
        """Seconds until anything may be sent, 0 = now."""
        with self._lock:
            return max(0.0, self._held_until - self._clock.monotonic())

    def said(self, live: str = "") -> None:
        """Something was sent; ``live``: news of that print."""
        now = self._clock.monotonic()
        with self._lock:
            self._last = now
            if live:
                self._edited.pop(live, None)
                self._edited[live] = now  # the newest at the end
            while len(self._edited) > _FORGET:
                self._edited.pop(next(iter(self._edited)))

    def edit_in(self, live: str) -> float:
        """Seconds until that print's message may be edited, 0 = now."""
        with self._lock:
            soonest = max(
                self._held_until,
                self._last + self._edit_s,
                self._edited.get(live, float("-inf")) + self._same_s,
            )
            return max(0.0, soonest - self._clock.monotonic())
