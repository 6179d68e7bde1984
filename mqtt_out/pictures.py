"""Which printer's picture is due, and the newest one where it is.

Nobody waits here: asking for a picture starts its camera, and the next look a second later finds
it. A camera that gives none is left alone until the next turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from cameras.frames import Frame
from cameras.shrinking import scaled
from core.errors import FarmError

logger = logging.getLogger(__name__)

Look = Callable[[str], Frame | None]
"""printer_id -> its main camera's live picture. Must not wait. May raise FarmError."""

GIVE_UP_S = 15.0
"""A camera that was off needs seconds, a video camera more; then it has none now."""
WIDTH = 1280
LARGE_BYTES = 300_000
"""Above this a picture is made smaller: it crosses the broker to everybody."""


@dataclass(slots=True)
class _Turn:
    due: float  # monotonic s
    newer_than: float = 0.0  # monotonic s at which the picture must have been taken at least
    until: float = 0.0  # monotonic s, 0 = not begun


class Pictures:
    """Used by the publisher's thread."""

    def __init__(self, look: Look, every_s: float) -> None:
        self._look, self._every_s = look, every_s
        self._turns: dict[str, _Turn] = {}

    def follow(self, printer_id: str, *, printing: bool, mono: float) -> None:
        """While it prints there is a picture every so often, the first one now."""
        if printing and printer_id not in self._turns:
            self._turns[printer_id] = _Turn(due=mono)
        elif not printing and (turn := self._turns.get(printer_id)) and not turn.newer_than:
            del self._turns[printer_id]

    def want(self, printer_id: str, mono: float) -> None:
        """Something happened there: a picture of now, once."""
        self._turns[printer_id] = _Turn(due=mono, newer_than=mono)

    def taken(self, mono: float) -> list[tuple[str, Frame]]:
        """Those that are due and there."""
        found = []
        for printer_id, turn in list(self._turns.items()):
            if mono < turn.due:
                continue
            turn.until = turn.until or mono + GIVE_UP_S
            frame = self._frame(printer_id)
            is_new = frame is not None and frame.taken_mono >= turn.newer_than
            if frame is not None and is_new:
                found.append((printer_id, frame))
            if is_new or mono >= turn.until:
                self._turns[printer_id] = _Turn(due=mono + self._every_s)
        return found

    def _frame(self, printer_id: str) -> Frame | None:
        try:
            return self._look(printer_id)
        except FarmError as error:
            logger.debug("mqtt: no picture of %s: %s", printer_id, error.message)
            return None


def small(jpeg: bytes) -> bytes:
    """As it is sent."""
    return jpeg if len(jpeg) <= LARGE_BYTES else scaled(jpeg, WIDTH)
