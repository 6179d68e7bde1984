"""Pictures that people ask for: a camera that sleeps needs seconds, which nobody else waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alerts.channels.telegram.orders.heard import Place
from alerts.channels.telegram.orders.replies import Replies
from alerts.channels.telegram.picture import fitted
from cameras.book import CameraBook
from cameras.hub import CameraHub
from core.clock import Clock
from core.errors import FarmError

Look = Callable[[str], bytes | None]
"""printer_id -> its live picture, None while there is none (the first look wakes the camera).
Raises FarmError with the reason where there will be none."""

PATIENCE_S = 20.0
MOST = 10


def look_through(hub: CameraHub, book: CameraBook) -> Look:
    """The main camera of each printer."""

    def look(printer_id: str) -> bytes | None:
        camera_id = book.main_of(printer_id)
        if camera_id is None:
            raise FarmError("It has no camera.")
        frame = hub.frame(camera_id)
        return frame.jpeg if frame else None

    return look


@dataclass(frozen=True, slots=True)
class _Wish:
    place: Place
    printer_id: str
    name: str
    until_mono: float


class Pictures:
    """Belongs to the bot's thread; ``look`` never waits."""

    def __init__(self, look: Look, clock: Clock, replies: Replies) -> None:
        self._look = look
        self._clock = clock
        self._replies = replies
        self._wishes: list[_Wish] = []

    def __len__(self) -> int:
        return len(self._wishes)

    def want(self, place: Place, printer_id: str, name: str) -> None:
        if len(self._wishes) >= MOST:
            self._replies.say(place, "Too many pictures at once. Ask again in a moment.")
            return
        until = self._clock.monotonic() + PATIENCE_S
        self._wishes.append(_Wish(place, printer_id, name, until))

    def look(self) -> None:
        """Send those that have come, and tell of those that will not."""
        for _ in range(len(self._wishes)):
            wish = self._wishes.pop(0)  # one that breaks the farm's own code is gone
            if not self._fulfil(wish):
                self._wishes.append(wish)

    def _fulfil(self, wish: _Wish) -> bool:
        """True when it is done with."""
        try:
            jpeg = self._look(wish.printer_id)
        except FarmError as error:
            self._replies.say(wish.place, f"{wish.name}: no picture. {error.message}")
            return True
        picture = fitted(jpeg) if jpeg else None
        if picture is not None:
            self._replies.show(wish.place, picture, wish.name)
        elif jpeg:
            self._replies.say(wish.place, f"{wish.name}: its picture cannot be shown here.")
        elif self._clock.monotonic() > wish.until_mono:
            text = f"{wish.name}: no picture within {PATIENCE_S:.0f} s. The camera's page says why."
            self._replies.say(wish.place, text)
        else:
            return False
        return True
