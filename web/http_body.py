"""The body of a request as a stream that ends at its length and never waits for ever."""

from __future__ import annotations

import io
import socket
import time
from typing import Any

import h11

from core.errors import BadRequest, FarmError

MIN_RATE = 2048
"""Bytes per second a sender must keep up on average, after the first STALL seconds."""


class TooSlow(FarmError):
    """The sender stopped in the middle of its body."""

    code = "request_timeout"
    status = 408


class Body(io.RawIOBase):
    """wsgi.input. h11 knows where the body ends and whether the sender waits to be invited."""

    def __init__(
        self, sock: socket.socket, wire: h11.Connection, length: int, stall_s: float
    ) -> None:
        super().__init__()
        self._sock = sock
        self._wire = wire
        self._piece = memoryview(b"")
        self.left = length
        self._stall_s = stall_s
        self._began = time.monotonic()
        self._received = 0
        self.was_invited = not wire.they_are_waiting_for_100_continue
        """False while the sender waits for "100 Continue" (and may never send the body)."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Raises TooSlow or BadRequest when the sender stalls or leaves."""
        view = memoryview(buffer).cast("B")
        if not self._piece and self.left and view:
            self._piece = self._next_piece()
        size = min(len(view), len(self._piece))
        view[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        self.left -= size
        return size

    def end(self) -> None:
        """Tell h11 that the body, of which nothing is left, has been read."""
        if self._wire.their_state is h11.SEND_BODY:
            self._wire.next_event()

    def _next_piece(self) -> memoryview:
        try:
            while (event := self._wire.next_event()) is h11.NEED_DATA:
                self._wire.receive_data(self._receive())
        except h11.RemoteProtocolError as error:
            raise BadRequest("The request ended before its announced length.") from error
        if not isinstance(event, h11.Data):
            raise BadRequest("The request ended before its announced length.")
        self.was_invited = True
        self._received += len(event.data)
        return memoryview(event.data)

    def _receive(self) -> bytes:
        allowed = self._stall_s + self._received / MIN_RATE
        if time.monotonic() - self._began > allowed:
            raise TooSlow("The request came in too slowly.")
        self._sock.settimeout(self._stall_s)
        try:
            if self._wire.they_are_waiting_for_100_continue:
                self._invite()
            return self._sock.recv(65_536)
        except TimeoutError as error:
            raise TooSlow("The request stopped in the middle.") from error
        except OSError as error:
            raise BadRequest("The connection broke in the middle.") from error

    def _invite(self) -> None:
        go_on = h11.InformationalResponse(status_code=100, reason=b"Continue", headers=[])
        self._sock.sendall(self._wire.send(go_on))
        self.was_invited = True
