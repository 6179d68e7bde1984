"""One end of a relayed connection: reads and writes without ever blocking."""

from __future__ import annotations

import selectors
import socket
import ssl

_CHUNK_BYTES = 64 * 1024
_ROUNDS = 8
MOST_WAITING_BYTES = 1024 * 1024
"""So much may wait for the other end before nothing more is read for it."""
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class End:
    """A socket that is not blocking, and what waits to be sent to it."""

    def __init__(self, link: socket.socket) -> None:
        link.setblocking(False)
        self.link = link
        self.out = bytearray()
        self.ended = False

    @property
    def is_full(self) -> bool:
        return len(self.out) > MOST_WAITING_BYTES

    def read(self) -> bytes:
        """What is there now; ``ended`` is set when it has hung up, politely or not."""
        got = bytearray()
        for _ in range(_ROUNDS):  # TLS holds more than the socket shows
            try:
                data = self.link.recv(_CHUNK_BYTES)
            except _NOT_NOW:
                break
            except OSError:
                data = b""
            if not data:
                self.ended = True
                break
            got += data
        return bytes(got)

    def has_more(self) -> bool:
        """Whether bytes wait where a selector cannot see them."""
        return isinstance(self.link, ssl.SSLSocket) and self.link.pending() > 0

    def flush(self) -> None:
        """Send as much as goes; ``ended`` is set when it has hung up."""
        while self.out:
            try:
                sent = self.link.send(self.out)
            except _NOT_NOW:
                return
            except OSError:
                self.ended = True
                return
            del self.out[:sent]

    def interest(self, *, reads: bool) -> int:
        wanted = selectors.EVENT_READ if reads else 0
        return wanted | (selectors.EVENT_WRITE if self.out else 0)
