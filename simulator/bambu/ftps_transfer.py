"""Data connections of the FTPS server: passive sockets, TLS, and every way to end badly."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from simulator.bambu.tls_stream import PlainStream, TlsStream

logger = logging.getLogger(__name__)

_ACCEPT_TIMEOUT_S = 15.0
_PIECE = 32_768


class FtpReply(Exception):
    """Ends a command with this reply."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class ConnectionCut(EOFError):
    """The printer cuts data and control connection (knob ftps_drop_at)."""


class TransferKnobs(Protocol):
    """The knobs that act on data connections, see simulator.knobs.Knobs."""

    tls13: bool
    ftps_close_notify: bool
    ftps_refuse_prot_p: bool
    ftps_bytes_per_s: int
    ftps_drop_at: int
    ftps_truncate_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """How data connections are protected at this moment."""

    private: bool  # PROT P
    context: ssl.SSLContext
    require_reuse: bool


class PassivePort:
    """The listening socket that a PASV or EPSV opened; good for one transfer."""

    def __init__(self, host: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self._socket.listen(1)
        self.port: int = self._socket.getsockname()[1]

    async def accept(self) -> socket.socket:
        """Raises FtpReply 425 when nobody comes."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_ACCEPT_TIMEOUT_S):
                connection, _address = await loop.sock_accept(self._socket)
        except TimeoutError as error:
            raise FtpReply(425, "Failed to establish connection.") from error
        connection.setblocking(False)
        return connection

    def close(self) -> None:
        self._socket.close()


@contextlib.asynccontextmanager
async def data_stream(
    sock: socket.socket, protection: Protection, knobs: TransferKnobs
) -> AsyncIterator[PlainStream | TlsStream]:
    """The open data connection; closed at the end the way the printer does it."""
    stream: PlainStream | TlsStream = PlainStream(sock)
    try:
        if protection.private:
            stream = await _encrypted(sock, protection, knobs)
        yield stream
    except (ConnectionCut, asyncio.CancelledError):
        sock.close()
        raise
    except OSError as error:
        raise FtpReply(426, "Failure on the network stream.") from error
    finally:
        if sock.fileno() >= 0:
            await stream.close(notify=knobs.ftps_close_notify)


async def _encrypted(
    sock: socket.socket, protection: Protection, knobs: TransferKnobs
) -> TlsStream:
    if knobs.ftps_refuse_prot_p:
        raise FtpReply(425, "Secure data connection failed.")
    stream = TlsStream(sock, protection.context)
    try:
        await stream.handshake()
    except OSError as error:  # ssl.SSLError is one
        raise FtpReply(522, "TLS negotiation failed on the data connection.") from error
    if protection.require_reuse and not stream.session_reused:
        raise FtpReply(522, "TLS session of the control connection must be reused.")
    return stream


async def send_all(stream: PlainStream | TlsStream, data: bytes, knobs: TransferKnobs) -> None:
    """Send ``data`` at the printer's speed. Raises ConnectionCut at ftps_drop_at."""
    sent = 0
    while sent < len(data):
        piece = data[sent : sent + _PIECE]
        await stream.write(piece)
        sent += len(piece)
        await _pace(len(piece), knobs)
        if 0 < knobs.ftps_drop_at <= sent:
            raise ConnectionCut


async def receive_all(stream: PlainStream | TlsStream, knobs: TransferKnobs) -> bytes:
    """Receive an upload at the printer's speed; shortened when ftps_truncate_at is set.

    With TLS 1.3 on offer only transfers over 1.3 are truncated, so that a client which caps itself
    at 1.2 is safe, as with a P2S (bambu-lan A11). Raises ConnectionCut at ftps_drop_at.
    """
    received = bytearray()
    while piece := await stream.read():
        received += piece
        await _pace(len(piece), knobs)
        if 0 < knobs.ftps_drop_at <= len(received):
            raise ConnectionCut
    over_13 = isinstance(stream, TlsStream) and stream.version == "TLSv1.3"
    if knobs.ftps_truncate_at and (over_13 or not knobs.tls13):
        del received[knobs.ftps_truncate_at :]
    return bytes(received)


async def _pace(count: int, knobs: TransferKnobs) -> None:
    if knobs.ftps_bytes_per_s > 0:
        await asyncio.sleep(count / knobs.ftps_bytes_per_s)
