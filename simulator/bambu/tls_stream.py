"""TLS over an accepted socket, with the freedoms that a printer's FTP server takes.

asyncio's own TLS always says goodbye with close_notify and hides whether a session was resumed.
A printer closes data connections without a word and demands resumption (bambu-lan A11), so this
small stream drives the TLS engine by hand.
"""

from __future__ import annotations

import asyncio
import socket
import ssl

_CHUNK = 65_536


class PlainStream:
    """The same three calls without TLS (PROT C)."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()

    async def read(self) -> bytes:
        """Some bytes; b"" at the end."""
        return await self._loop.sock_recv(self._sock, _CHUNK)

    async def write(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._sock, data)

    async def close(self, *, notify: bool = True) -> None:
        """``notify`` is for TLS only."""
        del notify
        self._sock.close()


class TlsStream:
    """Server side of one TLS connection. Not for use by two tasks at once."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.version = ""  # "TLSv1.2" or "TLSv1.3" once the handshake is done
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    @property
    def session_reused(self) -> bool:
        """Did the client resume the session of an earlier connection?"""
        return bool(self._tls.session_reused)

    async def handshake(self) -> None:
        """Raises ssl.SSLError or OSError when it fails."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
                continue
            except ssl.SSLError:
                await self._flush()  # the alert tells the client why
                raise
            await self._flush()
            self.version = self._tls.version() or ""
            return

    async def read(self) -> bytes:
        """Some bytes; b"" at the end, whether the client said close_notify or not."""
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                await self._fill()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def write(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def close(self, *, notify: bool) -> None:
        """Close the connection; ``notify`` False leaves out close_notify, as printers do."""
        try:
            if notify:
                self._say_goodbye()
                await self._flush()
        except OSError:
            return  # the client is gone already: nobody is left to say goodbye to
        finally:
            self._sock.close()

    def _say_goodbye(self) -> None:
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            return  # our close_notify is written; a printer does not wait for the answer
        except ssl.SSLError:
            return  # never shook hands: no goodbye is possible

    async def _flush(self) -> None:
        pending = self._outgoing.read()
        if pending:
            await self._loop.sock_sendall(self._sock, pending)

    async def _fill(self) -> None:
        data = await self._loop.sock_recv(self._sock, _CHUNK)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
