"""Lets the one in who knows the relay's address; nobody can stand in the doorway meanwhile."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cameras.sources.patience import POLL_S
from cameras.sources.rtsp.messages import BadRtsp, Message, Splitter
from cameras.sources.rtsp.pumps import End

_GREETING_S = 5.0
_MOST_VISITORS = 16
"""Of this computer, who have said nothing yet; the one who came first goes first."""


@dataclass(slots=True)
class Guest:
    end: End
    splitter: Splitter
    first: list[Message | bytes]


@dataclass(slots=True)
class _Visitor:
    link: socket.socket
    until: float  # monotonic s
    splitter: Splitter = field(default_factory=Splitter)


class Door:
    """One thread uses it, once."""

    def __init__(self, listener: socket.socket, url: str) -> None:
        self._listener, self._url = listener, url
        self._visitors: list[_Visitor] = []

    def wait(self, leave: Callable[[], bool]) -> Guest | None:
        """None = ``leave()``. Raises OSError. The listener is closed behind the guest."""
        self._listener.setblocking(False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            try:
                while not leave():
                    if (guest := self._look(selector)) is not None:
                        self._listener.close()
                        return guest
            finally:
                for visitor in self._visitors:
                    visitor.link.close()
        return None

    def _look(self, selector: selectors.BaseSelector) -> Guest | None:
        for key, _ in selector.select(POLL_S):
            if key.data is None:
                self._admit(selector)
            elif key.data in self._visitors and (guest := self._hear(selector, key.data)):
                return guest
        for visitor in [one for one in self._visitors if time.monotonic() > one.until]:
            self._show_out(selector, visitor)
        return None

    def _admit(self, selector: selectors.BaseSelector) -> None:
        try:
            link, _ = self._listener.accept()
        except BlockingIOError:
            return  # gone again
        link.setblocking(False)
        visitor = _Visitor(link, time.monotonic() + _GREETING_S)
        selector.register(link, selectors.EVENT_READ, visitor)
        self._visitors.append(visitor)
        if len(self._visitors) > _MOST_VISITORS:
            self._show_out(selector, self._visitors[0])

    def _hear(self, selector: selectors.BaseSelector, visitor: _Visitor) -> Guest | None:
        """A guest, once the first message is whole; whoever does not know the address goes."""
        try:
            data = visitor.link.recv(4096)
            first = list(visitor.splitter.feed(data))
        except BlockingIOError:
            return None
        except (OSError, BadRtsp):
            data, first = b"", []
        if not data:
            self._show_out(selector, visitor)
        elif first and isinstance(first[0], Message) and first[0].uri.startswith(self._url):
            selector.unregister(visitor.link)
            self._visitors.remove(visitor)
            return Guest(End(visitor.link), visitor.splitter, first)
        elif first:
            self._show_out(selector, visitor)
        return None

    def _show_out(self, selector: selectors.BaseSelector, visitor: _Visitor) -> None:
        selector.unregister(visitor.link)
        self._visitors.remove(visitor)
        visitor.link.close()
