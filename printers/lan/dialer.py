"""Sockets to one printer, which another thread can break off at any moment.

Why not leave it to the protocol libraries: a stop() must not wait for the time-out of a dead
address, and all of a printer's ports, and the first look at its certificate, must be reached the
same way.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

CONNECT_TIMEOUT_S = 5.0
HANDSHAKE_TIMEOUT_S = 8.0


class Aborted(OSError):
    """abort() was called while, or before, the socket was opened."""


class Dialer:
    """Opens connections to one host. ``abort`` ends the ones being opened, for good."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._lock = threading.Lock()
        self._opening: set[socket.socket] = set()
        self._aborted = False

    def open_tls(self, port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
        """A connected socket after its handshake, with a time-out set. Raises OSError, SSLError."""
        return self.wrap(self.open_tcp(port), context)

    def open_tcp(self, port: int, timeout: float = CONNECT_TIMEOUT_S) -> socket.socket:
        """The first of the host's addresses that answers. Raises OSError."""
        last: OSError = OSError(f"{self.host} has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self.host, port, type=socket.SOCK_STREAM
        ):
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(timeout)
            try:
                self._enter(sock)
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                self._leave(sock)
                sock.close()
                last = self._reason(error)
                if isinstance(last, Aborted):
                    break
            else:
                self._leave(sock)
                return sock
        raise last

    def wrap(
        self,
        sock: socket.socket,
        context: ssl.SSLContext,
        session: ssl.SSLSession | None = None,
        timeout: float = HANDSHAKE_TIMEOUT_S,
        server_hostname: str | None = None,
    ) -> ssl.SSLSocket:
        """TLS on a connected socket; closes it on failure. Raises OSError, SSLError."""
        sock.settimeout(timeout)
        secured: ssl.SSLSocket | None = None
        try:
            secured = context.wrap_socket(
                sock,
                do_handshake_on_connect=False,
                session=session,
                server_hostname=server_hostname,
            )
            self._enter(secured)
            secured.do_handshake()
        except (OSError, ValueError) as error:
            (secured or sock).close()
            if isinstance(error, OSError):
                raise self._reason(error) from error
            raise
        finally:
            if secured is not None:
                self._leave(secured)
        return secured

    @contextmanager
    def watch(self, sock: socket.socket) -> Iterator[None]:
        """While something is still being agreed on it, ``abort`` ends this connection too.

        Raises Aborted, also in place of whatever the broken connection gave.
        """
        self._enter(sock)
        try:
            yield
        except Exception as error:
            if self._aborted:
                raise Aborted("stopped") from error
            raise
        finally:
            self._leave(sock)

    def abort(self) -> None:
        """Break off what is being opened; every later open raises Aborted."""
        with self._lock:
            self._aborted = True
            opening = list(self._opening)
        for sock in opening:
            shut(sock)

    def _enter(self, sock: socket.socket) -> None:
        with self._lock:
            if self._aborted:
                raise Aborted("stopped")
            self._opening.add(sock)

    def _leave(self, sock: socket.socket) -> None:
        with self._lock:
            self._opening.discard(sock)

    def _reason(self, error: OSError) -> OSError:
        return Aborted("stopped") if self._aborted else error


def shut(sock: socket.socket) -> None:
    """Wake whoever waits on the socket; it stays theirs to close."""
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return  # was not connected, or the peer is already gone
