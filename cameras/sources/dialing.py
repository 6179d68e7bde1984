"""Connects to a camera; reads so that anybody can end the waiting within half a second."""

from __future__ import annotations

import errno
import io
import os
import selectors
import socket
import ssl
from typing import Any

from cameras.frames import CameraFailed
from cameras.sources.patience import POLL_S, Patience

_PENDING = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", 0)})


def connect(
    host: str, port: int, patience: Patience, context: ssl.SSLContext | None = None
) -> socket.socket:
    """A connection, not blocking, by TLS when there is a context.

    Raises CameraFailed (off, unreachable, certificate, lost, stalled), Left.
    """
    try:
        plain = _dial(host, port, patience)
    except ConnectionRefusedError as error:
        raise CameraFailed("Camera is off", code="off") from error
    except (OSError, UnicodeError) as error:
        raise CameraFailed("Camera cannot be reached", code="unreachable") from error
    return plain if context is None else _secure(plain, context, host, patience)


def _secure(
    plain: socket.socket, context: ssl.SSLContext, host: str, patience: Patience
) -> ssl.SSLSocket:
    stream: ssl.SSLSocket | None = None
    try:
        stream = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        _shake_hands(stream, patience)
    except ssl.SSLCertVerificationError as error:
        _close(plain, stream)
        raise CameraFailed(
            "Camera shows a certificate the farm does not trust", code="certificate"
        ) from error
    except OSError as error:
        _close(plain, stream)
        raise CameraFailed("Camera hung up while connecting", code="lost") from error
    except BaseException:
        _close(plain, stream)
        raise
    return stream


def _close(plain: socket.socket, stream: ssl.SSLSocket | None) -> None:
    plain.close()
    if stream is not None:
        stream.close()


def _dial(host: str, port: int, patience: Patience) -> socket.socket:
    """The first of the host's addresses that answers. Raises OSError."""
    problem: OSError = OSError("the name has no address")
    for family, kind, proto, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        link = socket.socket(family, kind, proto)
        try:
            _dial_one(link, address, patience)
        except OSError as error:
            link.close()
            problem = error
        except BaseException:
            link.close()
            raise
        else:
            return link
    raise problem


def _dial_one(link: socket.socket, address: Any, patience: Patience) -> None:
    link.setblocking(False)
    code = link.connect_ex(address)
    if code in _PENDING:
        _wait(link, selectors.EVENT_WRITE, patience)
        code = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _shake_hands(stream: ssl.SSLSocket, patience: Patience) -> None:
    stream.setblocking(False)
    while True:
        try:
            stream.do_handshake()
        except ssl.SSLWantReadError:
            _wait(stream, selectors.EVENT_READ, patience)
        except ssl.SSLWantWriteError:
            _wait(stream, selectors.EVENT_WRITE, patience)
        else:
            return


def _wait(link: socket.socket, events: int, patience: Patience) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(link, events)
        patience.check()
        while not selector.select(POLL_S):
            patience.check()


class Polled(io.RawIOBase):
    """Reads from a link whose time-out is POLL_S; raises what patience raises."""

    def __init__(self, link: socket.socket, patience: Patience) -> None:
        self._link = link
        self._patience = patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            self._patience.check()
            try:
                return self._link.recv_into(buffer)
            except TimeoutError:
                continue
