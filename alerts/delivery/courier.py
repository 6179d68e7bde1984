"""One thread that owns a channel and does nothing but send, so that its worker never hangs.

Channels have time-outs, but a library may forget one, and a service that sends a byte now and then
outlasts those of sockets. Then the thread is left behind with its channel, and a new one made.
"""

from __future__ import annotations

import logging
import queue
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alerts.channels import scrub
from alerts.model import Channel, ChannelError, Message, Sent

logger = logging.getLogger(__name__)

MOST_LEFT_BEHIND = 3


class Stopped(Exception):
    """The server stops while a message is under way; what became of it is not known."""


class NeverLeft(Stopped):
    """The server stopped before the message was handed over: nobody has seen it."""


@dataclass(slots=True)
class _Errand:
    message: Message
    photo: Path | None
    memo: Mapping[str, Any]
    over: threading.Event = field(default_factory=threading.Event)
    sent: Sent | None = None
    error: ChannelError | None = None


class Courier:
    """``send`` belongs to one thread; ``let_go`` to any."""

    def __init__(self, name: str, make: Callable[[], Channel], limit_s: float) -> None:
        """``make`` is called in the courier's own thread; ``limit_s``: for one message."""
        self._name = name
        self._make = make
        self._limit_s = limit_s
        self._errands: queue.SimpleQueue[_Errand | None] | None = None
        self._left_behind: list[threading.Thread] = []
        self._thread: threading.Thread | None = None
        self._errand: _Errand | None = None
        self._stopping = False
        self._handing = threading.Lock()  # no message comes between a stop and its farewell

    def send(self, message: Message, photo: Path | None, memo: Mapping[str, Any]) -> Sent:
        """Raises ChannelError, and after ``let_go`` NeverLeft or Stopped."""
        errand = _Errand(message, photo, memo)
        with self._handing:
            if self._stopping:
                raise NeverLeft
            self._ready().put(errand)
            self._errand = errand
        in_time = errand.over.wait(self._limit_s)
        self._errand = None
        if not in_time:
            self._leave_behind()
            text = f"It gave no sign for {self._limit_s:.0f} s and was given up"
            raise ChannelError(text, maybe=True)
        if errand.error is not None:
            raise errand.error
        if errand.sent is None:
            raise Stopped
        return errand.sent

    def let_go(self, grace_s: float) -> None:
        """The last message has so long to end; then ``send`` returns without it."""
        with self._handing:
            self._stopping = True
            errand = self._errand
        if errand is not None:
            errand.over.wait(grace_s)
            errand.over.set()
        if self._errands is not None:
            self._errands.put(None)

    def _ready(self) -> queue.SimpleQueue[_Errand | None]:
        if self._errands is None:
            self._left_behind = [thread for thread in self._left_behind if thread.is_alive()]
            if len(self._left_behind) >= MOST_LEFT_BEHIND:
                raise ChannelError(f"{MOST_LEFT_BEHIND} attempts hang and do not end")
            self._errands = queue.SimpleQueue()
            self._thread = threading.Thread(
                target=self._run, args=(self._errands,), name=f"alert:{self._name}:send",
                daemon=True,
            )  # fmt: skip
            self._thread.start()
        return self._errands

    def _leave_behind(self) -> None:
        logger.warning("alerts: channel %s hangs; it is set up anew", self._name)
        if self._errands is not None and self._thread is not None:
            self._errands.put(None)  # should it ever come back
            self._left_behind.append(self._thread)
        self._errands = self._thread = None

    def _run(self, errands: queue.SimpleQueue[_Errand | None]) -> None:
        channel: Channel | None = None
        while (errand := errands.get()) is not None:
            try:
                if channel is None:
                    channel = self._make()
                errand.sent = channel.send(errand.message, errand.photo, errand.memo)
            except ChannelError as error:
                errand.error = error
            except Exception as error:  # noqa: BLE001 - a library's fault must not end the channel
                errand.error = self._fault(error)
            errand.over.set()
        self._close(channel)

    def _close(self, channel: Channel | None) -> None:
        try:
            if channel is not None:
                channel.close()
        except Exception as error:  # noqa: BLE001 - it is the last thing this thread does
            self._fault(error)

    def _fault(self, error: Exception) -> ChannelError:
        """Its text may hold tokens: cleaned in the log, and not shown to the operator at all."""
        trace = scrub.clean("".join(traceback.format_exception(error)))
        logger.error("alerts: channel %s broke:\n%s", self._name, trace)
        return ChannelError(f"A fault in the farm ({type(error).__name__}); see the server's log")
