"""One WebSocket to another farm, from its first frame to its end."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from enum import Enum

from printers.feed.inbox import Inbox
from printers.feed.parse import MOST_HOPS, News
from printers.feed.timing import Timing
from printers.lan.web_socket import Closed, WebSocket

_PER_S = 10.0
_BURST = 40.0
"""Frames that are read at once, and in the long run. Farms send two a second; of one that sends
more the newest are read, for what waited in the line is not of now. Where even leaving them out
takes this farm's time, TCP holds the other farm back."""
_LEFT_OUT, _PER_CHARACTER = 0.05, 1e-6
"""What a frame that is left out, and each character, counts as."""
_MOST_LEFT_OUT = 1000
_MOMENT_S = 0.001


class Ending(Enum):
    ASKED = "asked"
    CLOSED = "closed"
    SILENT = "silent"
    NO_FEED = "no_feed"
    NO_PICTURES = "no_pictures"
    LOOP = "loop"
    TOO_FAR = "too_far"


class Conversation:
    """Runs in the printer's thread. ``deliver`` gets what each frame says of the printer.

    ``patience`` is how long pictures may stay away, 0 = they are not wanted.
    """

    def __init__(
        self,
        inbox: Inbox,
        timing: Timing,
        run_id: str,
        deliver: Callable[[News], None],
        patience: float,
    ) -> None:
        self._inbox = inbox
        self._timing = timing
        self._run_id = run_id
        self._deliver = deliver
        self.patience = patience
        self._began = self._pinged_at = time.monotonic()
        self._paced_to = self._began - _BURST / _PER_S
        self._behind = False  # what is in the line may be old
        self._pictures_at: float | None = None  # the last, or since when some are expected
        self.pictures = 0
        self.is_open = False  # a printer's frame has come

    @property
    def lasted(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._began

    def run(self, socket: WebSocket, broken: threading.Event) -> Ending:
        try:
            while not broken.is_set():
                ending = self._turn(socket, broken)
                if ending is not None:
                    return ending
        except Closed:
            return Ending.ASKED if broken.is_set() else Ending.CLOSED
        return Ending.ASKED

    def _turn(self, socket: WebSocket, broken: threading.Event) -> Ending | None:
        """One message or one tick."""
        message = socket.receive(self._timing.tick)
        if message is not None and self._behind:
            message = self._newest(socket, message)
        now = time.monotonic()
        if message is not None:
            ending = self._take(message, now)
            if ending is not None:
                return ending
            self._slow_down(broken, 1.0 + len(message) * _PER_CHARACTER)
        elif not self._is_alive(socket, now):
            return Ending.SILENT
        if not self.is_open and now - self._began >= self._timing.first:
            return Ending.NO_FEED
        late = self._pictures_at is not None and now - self._pictures_at >= self.patience
        return Ending.NO_PICTURES if late else None

    def _take(self, message: str, now: float) -> Ending | None:
        news, picture = self._inbox.take(message)
        if news is None:
            return None
        if self._run_id in news.via:
            return Ending.LOOP
        if len(news.via) > MOST_HOPS:
            return Ending.TOO_FAR
        self.is_open = True
        self._expect(news, picture, now)
        self._deliver(news)
        return None

    def _expect(self, news: News, picture: bool, now: float) -> None:
        """Pictures are missed where some came, or where the other farm says that there is a
        camera; never of a printer that it does not reach."""
        if picture:
            self.pictures += 1
        if not self.patience or not news.report.state.is_connected:
            self._pictures_at = None
        elif picture or (self._pictures_at is None and self._has_camera(news)):
            self._pictures_at = now

    def _has_camera(self, news: News) -> bool:
        return bool(self.pictures) or news.picture.announced

    def _is_alive(self, socket: WebSocket, now: float) -> bool:
        """The last byte, not the last frame: a pong is an answer too."""
        quiet = now - socket.heard_at
        if quiet >= self._timing.ping and now - self._pinged_at >= self._timing.ping:
            self._pinged_at = now
            socket.ping()
        return quiet < self._timing.dead

    def _newest(self, socket: WebSocket, message: str) -> str:
        """The last of all that are here. Pictures of those before are left out with them."""
        with contextlib.suppress(Closed):  # the next reading says so
            for _ in range(_MOST_LEFT_OUT):
                newer = socket.receive(_MOMENT_S)
                if newer is None:
                    break
                self._paced_to += (_LEFT_OUT + len(message) * _PER_CHARACTER) / _PER_S
                message = newer
        return message

    def _slow_down(self, broken: threading.Event, cost: float) -> None:
        now = time.monotonic()
        self._paced_to = max(self._paced_to, now - _BURST / _PER_S) + cost / _PER_S
        self._behind = self._paced_to > now
        if self._behind:
            broken.wait(self._paced_to - now)
