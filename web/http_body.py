"""The body of a request as a stream that ends at its length and never waits for ever."""

from __future__ import annotations

import io
import socket
import time
from typing import Any

from core.errors import BadRequest, FarmError

MIN_RATE = 2048
"""Bytes per second a sender must keep up on average, after the first STALL seconds."""


class TooSlow(FarmError):
    """The sender stopped in the middle of its body."""

    code = "request_timeout"
    status = 408


class Body(io.RawIOBase):
    """wsgi.input. What was read together with the head comes first."""

    def __init__(
        self, sock: socket.socket, first: bytes, length: int, stall_s: float, expects: bool
    ) -> None:
        super().__init__()
        self._sock = sock
        self._first = first[:length]
        self.left = length
        self._stall_s = stall_s
        self._expects = expects
        self._began = time.monotonic()
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Raises TooSlow or BadRequest when the sender stalls or leaves."""
        view = memoryview(buffer).cast("B")[: self.left]
        if not view:
            return 0
        if self._first:
            size = min(len(view), len(self._first))
            view[:size] = self._first[:size]
            self._first = self._first[size:]
        else:
            size = self._receive(view)
        self.left -= size
        self._received += size
        return size

    def _receive(self, view: memoryview) -> int:
        if self._expects:
            self._expects = False
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        allowed = self._stall_s + self._received / MIN_RATE
        if time.monotonic() - self._began > allowed:
            raise TooSlow("The request came in too slowly.")
        self._sock.settimeout(self._stall_s)
        try:
            size = self._sock.recv_into(view)
        except TimeoutError as error:
            raise TooSlow("The request stopped in the middle.") from error
        except OSError as error:
            raise BadRequest("The connection broke in the middle.") from error
        if not size:
            raise BadRequest("The request ended before its announced length.")
        return size

    @property
    def was_invited(self) -> bool:
        """False while the sender still waits for "100 Continue" (and may never send the body)."""
        return not self._expects
