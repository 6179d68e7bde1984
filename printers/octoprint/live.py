"""One websocket to OctoPrint, from showing the session to its end (octoprint-moonraker 1)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

from core.jsonio import dumps
from printers.lan.web_socket import Closed, WebSocket
from printers.octoprint.inbox import Inbox
from printers.octoprint.memory import TERMINAL
from printers.octoprint.timing import Timing

PATH = "/sockjs/websocket"
"""The raw form: one JSON object a message, without the frames of the other transports."""

_SUBSCRIBE = {
    "subscribe": {
        "state": {"logs": TERMINAL, "messages": False},
        "events": True,
        "plugins": False,
    }
}


class Ending(Enum):
    ASKED = "asked"
    SILENT = "silent"
    CLOSED = "closed"
    MUTE = "mute"  # nothing was ever reported through it: a proxy is in the way


class Live:
    """Runs in the printer's thread. ``login`` gives "name:session"; ``opened`` is called at the
    first report; ``between(now, since)`` after every message or tick, ``since`` seconds after the
    last report, and says whether it made up for that."""

    def __init__(
        self,
        inbox: Inbox,
        timing: Timing,
        login: Callable[[], str],
        opened: Callable[[], None],
        between: Callable[[float, float], bool],
    ) -> None:
        self._inbox = inbox
        self._timing = timing
        self._login = login
        self._opened = opened
        self._between = between
        self._began = self._reported_at = self._pinged_at = time.monotonic()
        self.is_open = False
        self.why = ""

    def run(self, socket: WebSocket, session: str, broken: threading.Event) -> Ending:
        """Until it ends. Raises what ``login`` and ``between`` raise."""
        self._inbox.reauth = False
        try:
            for message in ({"auth": session}, _SUBSCRIBE, {"throttle": self._timing.throttle}):
                socket.send(_text(message))
            while not broken.is_set():
                ending = self._turn(socket)
                if ending is not None:
                    return ending
        except Closed as error:
            self.why = str(error)
            return Ending.CLOSED if self.is_open else Ending.MUTE
        return Ending.ASKED

    def _turn(self, socket: WebSocket) -> Ending | None:
        """One message or one tick."""
        message = socket.receive(self._timing.tick)
        now = time.monotonic()
        if message is not None and self._inbox.take(message):
            self._reported_at = now
            if not self.is_open:
                self.is_open = True
                self._opened()
        if not self.is_open and now - self._began >= self._timing.first:
            self.why = "nothing comes through it"
            return Ending.MUTE
        if not self._is_alive(socket, now):
            return Ending.SILENT
        if self._inbox.reauth:
            self._inbox.reauth = False
            socket.send(_text({"auth": self._login()}))
        if self._between(now, now - self._reported_at):
            self._reported_at = now
        return None

    def _is_alive(self, socket: WebSocket, now: float) -> bool:
        """A server without a printer says nothing by itself, so it is asked."""
        quiet = now - socket.heard_at
        if quiet >= self._timing.ping and now - self._pinged_at >= self._timing.ping:
            self._pinged_at = now
            socket.ping()
        return quiet < self._timing.dead


def _text(message: object) -> str:
    return dumps(message).decode()
