"""One WebSocket to a print server: wsproto for the protocol, our own socket around it.

Our own socket, so that another thread can break off connecting and reading, TLS is trusted as
everywhere else, one call reads all that has arrived, and a message ends at a limit.
"""

from __future__ import annotations

import contextlib
import math
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from printers.lan.address import Address
from printers.lan.dialer import Dialer, shut
from printers.lan.trust import Trust

HANDSHAKE_TIMEOUT_S = 8.0
_SEND_TIMEOUT_S = 5.0
_READ_BYTES = 65_536
_BURST, _PER_S = 5_000, 500
"""Frames: at once, and in the long run. A server that sends more would take the farm's time from
all other printers."""


class HandshakeRefused(Exception):
    """The server answered the upgrade with an HTTP error."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class Closed(Exception):
    """The peer is gone, or sends what the protocol does not allow."""


class WebSocket:
    """One thread receives; any thread may send, ping and abort."""

    def __init__(self, sock: socket.socket, max_bytes: int) -> None:
        self._sock = sock
        self._max_bytes = max_bytes
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._io = threading.Lock()  # TLS sockets must not be read and written at once
        self._ready: deque[str] = deque()
        self._parts: list[str] = []
        self._size = 0
        self._over = False
        self._credit = float(_BURST)
        self.heard_at = time.monotonic()

    @classmethod
    def open(
        cls,
        dialer: Dialer,
        address: Address,
        trust: Trust,
        path: str,
        headers: Mapping[str, str],
        *,
        max_bytes: int = 4_000_000,
    ) -> WebSocket:
        """Connect and shake hands.

        Raises OSError (ssl errors included), HandshakeRefused, Closed.
        """
        context = trust.context()
        sock = dialer.open_tcp(address.port)
        if context is not None:
            name = address.host if trust.checks_name else None
            sock = dialer.wrap(sock, context, server_hostname=name)
        opened = cls(sock, max_bytes)
        try:
            with dialer.watch(sock):
                opened._shake_hands(address, path, headers)
        except BaseException:
            sock.close()
            raise
        return opened

    def _shake_hands(self, address: Address, path: str, headers: Mapping[str, str]) -> None:
        default = 443 if address.secure else 80
        host = address.host if address.port == default else f"{address.host}:{address.port}"
        extra = [(key.encode(), value.encode()) for key, value in headers.items()]
        request = Request(host=host, target=address.target(path), extra_headers=extra)
        self._transmit(request)
        until = time.monotonic() + HANDSHAKE_TIMEOUT_S
        while (left := until - time.monotonic()) > 0:
            events = self._read(left)
            for event in events:
                if isinstance(event, RejectConnection):
                    raise HandshakeRefused(event.status_code)
                if isinstance(event, RejectData):
                    raise Closed("the upgrade was refused")
            if events and isinstance(events[0], AcceptConnection):
                for event in events[1:]:  # what came in the same breath
                    self._take(event)
                return
        raise TimeoutError("no answer to the upgrade")

    # -- receiving -----------------------------------------------------------------------------

    def receive(self, timeout: float) -> str | None:
        """The next text message, None when none came within ``timeout`` s. Raises Closed."""
        until = time.monotonic() + timeout
        while not self._ready:
            if self._over:
                raise Closed("the server closed the connection")
            left = until - time.monotonic()
            if left <= 0:
                return None
            for event in self._read(left):
                self._take(event)
        return self._ready.popleft()

    def _read(self, timeout: float) -> list[Event]:
        """All that arrives within ``timeout`` s, perhaps nothing. Raises Closed."""
        try:
            if not _wait_readable(self._sock, timeout):
                return []
            with self._io:
                self._sock.settimeout(0)
                data = self._sock.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return []
        except (OSError, ValueError) as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("the server closed the connection")
        before, self.heard_at = self.heard_at, time.monotonic()
        try:
            with self._io:
                self._protocol.receive_data(data)
                events = list(self._protocol.events())
        except (RemoteProtocolError, LocalProtocolError, UnicodeDecodeError) as error:
            raise Closed(f"not a WebSocket conversation: {error}") from error
        self._spend(len(events), self.heard_at - before)
        return events

    def _spend(self, frames: int, elapsed: float) -> None:
        self._credit = min(_BURST, self._credit + elapsed * _PER_S) - frames
        if self._credit < 0:
            raise Closed("it sends more than anyone could read")

    def _take(self, event: Event) -> None:
        if isinstance(event, TextMessage):
            self._collect(event)
        elif isinstance(event, BytesMessage):
            self._count(len(event.data))
            if event.message_finished:
                self._size = 0
        elif isinstance(event, Ping):
            self._transmit(event.response())
        elif isinstance(event, CloseConnection):
            self._over = True

    def _collect(self, event: TextMessage) -> None:
        self._count(len(event.data))
        self._parts.append(event.data)
        if event.message_finished:
            self._ready.append("".join(self._parts))
            self._parts.clear()
            self._size = 0

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self._max_bytes:
            raise Closed(f"a message of more than {self._max_bytes} characters")

    # -- sending -------------------------------------------------------------------------------

    def send(self, text: str) -> None:
        """Raises Closed; then it may or may not have left."""
        self._transmit(TextMessage(data=text))

    def ping(self) -> None:
        """Have the server say something. Raises Closed."""
        self._transmit(Ping())

    def _transmit(self, event: Event) -> None:
        with self._io:
            try:
                data = self._protocol.send(event)
                self._sock.settimeout(_SEND_TIMEOUT_S)
                self._sock.sendall(data)
            except (OSError, ValueError, LocalProtocolError) as error:
                raise Closed(str(error)) from error

    # -- the end -------------------------------------------------------------------------------

    def abort(self) -> None:
        """From any thread: wakes ``receive``, which then raises Closed."""
        shut(self._sock)

    def close(self) -> None:
        """Say goodbye where that is possible, and close."""
        with contextlib.suppress(Closed):
            if not self._over:
                self._over = True
                self._transmit(CloseConnection(code=1000))
        self._sock.close()


def _wait_readable(sock: socket.socket, timeout: float) -> bool:
    """Whether something can be read within ``timeout`` s. Raises OSError, ValueError (closed)."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([sock], [], [], timeout)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(math.ceil(timeout * 1000)))  # rounded down it would wake up twice
