"""WebSocket frames made once for all browsers, and a socket that never makes the maker wait."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from typing import Any

MAX_UNSENT = 1 << 20
_NO_WAIT = getattr(socket, "MSG_DONTWAIT", 0)
"""0 where the system has no such flag (Windows): then frames take the way through the queue."""


def text_frame(payload: bytes) -> bytes:
    """One unmasked, final text frame (RFC 6455 5.2), as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class FrameSocket:
    """The upgraded socket: control frames of the WebSocket library and our own frames, whole.

    The library's thread reads and answers pings, the hub offers frames without waiting, the
    connection's own thread sends what did not fit. ``lock`` keeps their bytes apart.
    """

    def __init__(self, sock: socket.socket, early: bytes = b"") -> None:
        self._sock = sock
        self._early = early  # came in together with the request's head
        self._rest = b""
        self.lock = threading.Lock()
        self.upgraded = False
        self.wake: Callable[[], None] = lambda: None
        self.wait_for_room: Callable[[], None] = lambda: None
        """Called before each read: the library keeps every message that nobody has taken yet."""

    # -- what the WebSocket library uses ------------------------------------------------------

    def recv(self, size: int) -> bytes:
        if early := self._early[:size]:
            self._early = self._early[size:]
            return early
        self.wait_for_room()
        return self._sock.recv(size)

    def send(self, data: bytes) -> int:
        """A control frame: now, or behind what is still unsent. Raises OSError when hopeless."""
        if not self.upgraded:
            self._sock.settimeout(None)  # the library's reader waits in recv or a selector
            self.upgraded = True
        with self.lock:
            if len(self._rest) > MAX_UNSENT:
                raise BrokenPipeError("the browser does not read")
            self._rest = self._push(self._rest + data)
        if self._rest:
            self.wake()
        return len(data)

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()

    # -- what the hub and the connection's thread use ------------------------------------------

    def offer(self, frame: bytes) -> bool:
        """Start sending ``frame`` without waiting; the caller holds ``lock``. False: not begun."""
        if self._rest or not _NO_WAIT:
            return False
        rest = self._push(frame)
        if len(rest) == len(frame):
            return False
        self._rest = rest
        return True

    @property
    def has_early(self) -> bool:
        """Whether ``recv`` has bytes no selector can see."""
        return bool(self._early)

    @property
    def unsent(self) -> bool:
        return bool(self._rest)

    def flush(self, more: bytes, timeout: float) -> None:
        """Send everything; the caller holds ``lock``. Raises OSError when the peer stalls."""
        self._rest += more
        while self._rest:
            if not self._writable(timeout):
                raise TimeoutError("the browser does not read")
            self._rest = self._push(self._rest)

    def _push(self, data: bytes) -> bytes:
        try:
            sent = self._sock.send(data, _NO_WAIT)
        except BlockingIOError:
            return data
        return data[sent:]

    def _writable(self, timeout: float) -> bool:
        with selectors.DefaultSelector() as selector:
            try:
                selector.register(self._sock, selectors.EVENT_WRITE)
            except ValueError as error:  # closed by the library's thread: its reader saw the end
                raise ConnectionAbortedError("the connection is closed") from error
            return bool(selector.select(timeout))


class FrameSelector(selectors.DefaultSelector):
    """What the library's reader waits with: bytes that came with the head are readable at once."""

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Raises ValueError for a socket that was closed before its reader began: that the library
        understands, an OSError ends its thread with a traceback."""
        try:
            return super().register(fileobj, events, data)
        except OSError as error:
            raise ValueError("the connection is closed") from error

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        for key in self.get_map().values():
            if isinstance(key.fileobj, FrameSocket) and key.fileobj.has_early:
                return [(key, selectors.EVENT_READ)]
        return super().select(timeout)
