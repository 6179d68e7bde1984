"""Keeps the farm informed: connects again and again, sends what waits, hears orders.

Two threads: "rig:link" dials and listens, "rig:send" (one per connection) talks.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import websocket

from rig.dial import Refused, Unreachable, dial, hang_up
from rig.sender import Sender
from rig.settings import Settings

logger = logging.getLogger(__name__)

MAX_MESSAGE = 16 * 1024
"""The farm's orders are short."""
_SETTLED_S = 10.0
Message = dict[str, Any]


class Backoff:
    """1, 2, 4 … s with up to half of it taken off by chance, so that rigs do not come in step."""

    def __init__(self, first_s: float, last_s: float, chance: Callable[[], float] = random.random):
        self._first, self._last, self._chance = first_s, last_s, chance
        self._failures = 0

    def next(self, *, longest: bool = False) -> float:
        wait = self._last if longest else self._first * 2 ** min(self._failures, 20)
        self._failures += 1
        return min(self._last, wait) * (1 - self._chance() / 2)

    def reset(self) -> None:
        self._failures = 0


class Link:
    def __init__(
        self,
        settings: Settings,
        make_sender: Callable[[websocket.WebSocket], Sender],
        hear: Callable[[Message], None],
    ) -> None:
        self._settings, self._make_sender, self._hear = settings, make_sender, hear
        self._backoff = Backoff(settings.retry_first, settings.retry_last)
        self._stopping = threading.Event()
        self._sender: Sender | None = None
        self._socket: websocket.WebSocket | None = None
        self._thread = threading.Thread(target=self._run, name="rig:link", daemon=True)
        self._problem = ""

    @property
    def online(self) -> bool:
        return self._sender is not None

    def start(self) -> None:
        if self._settings.server:
            self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._stopping.set()
        if (opened := self._socket) is not None:
            hang_up(opened)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def wake(self) -> None:
        """Something is to be sent, or a delay has changed."""
        if (sender := self._sender) is not None:
            sender.wake()

    def status_changed(self) -> None:
        if (sender := self._sender) is not None:
            sender.status_changed()

    def _run(self) -> None:
        while not self._stopping.is_set():
            refused = False
            try:
                self._connection()
            except (Refused, Unreachable) as error:
                refused = isinstance(error, Refused)
                self._lost(str(error))
            except (websocket.WebSocketException, OSError, ValueError) as error:
                self._lost(f"The farm went away ({error})")
            except Exception:
                logger.exception("The link to the farm failed")  # the barrier of this thread
            self._stopping.wait(self._backoff.next(longest=refused))

    def _lost(self, why: str) -> None:
        """Once per reason, not once per attempt."""
        if why != self._problem and not self._stopping.is_set():
            logger.warning("%s. The rig works on and tries again.", why)
        self._problem = why

    def _connection(self) -> None:
        opened = self._socket = dial(self._settings)
        since = time.monotonic()
        sender = self._make_sender(opened)
        try:
            sender.start()
            self._sender = sender
            logger.info("The farm is there")
            self._problem = ""
            self._listen(opened, sender)
        finally:
            self._sender = self._socket = None
            sender.stop()
            hang_up(opened)
            if time.monotonic() - since >= _SETTLED_S:
                self._backoff.reset()

    def _listen(self, opened: websocket.WebSocket, sender: Sender) -> None:
        while not self._stopping.is_set():
            raw = opened.recv()
            if not raw:
                raise ConnectionError("it closed the connection")
            if len(raw) > MAX_MESSAGE:
                raise ValueError("its message is too long")
            message = json.loads(raw)
            if isinstance(message, dict) and not sender.heard(message):
                self._hear(message)
