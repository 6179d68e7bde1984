"""One FTPS session to a printer (bambu-lan A11): implicit TLS, and the quirks of its server.

Independent of the rest of the adapter: it raises ftplib's and the system's own errors;
transfer.py turns them into sentences.
"""

from __future__ import annotations

import contextlib
import ftplib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from core.errors import UploadCancelled
from printers.bambu.models import FtpsProfile
from printers.lan.dialer import HANDSHAKE_TIMEOUT_S, Dialer

USER = "bblp"
BLOCK = 32 * 1024
REPLY_TIMEOUT_S = 20.0
STALL_TIMEOUT_S = 30.0
"""A data connection that moves no byte for so long is given up."""

_SLICE_S = 0.25
_SEND_BUFFER = 128 * 1024
"""Small, so that the progress shown is what has left, not what waits in this machine."""

Tick = Callable[[int], None]
"""Called with the bytes moved so far; may raise to break the transfer off."""


class Stalled(OSError):
    """No byte moved, or the whole transfer took longer than its deadline."""


class NoProtection(OSError):
    """The printer's server cannot encrypt data connections (some A1 firmware)."""


class PrinterFtp(ftplib.FTP_TLS):
    """ftplib with the control connection in TLS from the first byte, and our own data channel."""

    def __init__(self, dialer: Dialer, context: ssl.SSLContext, profile: FtpsProfile) -> None:
        super().__init__(context=context, timeout=REPLY_TIMEOUT_S, encoding="utf-8")
        self._dialer = dialer
        self._profile = profile
        self._control: ssl.SSLSocket | None = None

    def open(self, port: int, password: str, *, clear_data: bool) -> None:
        """Connect, log in and choose how data travels. Raises OSError, ftplib.Error."""
        self.host = self._dialer.host
        self.port = port
        self._control = self._dialer.open_tls(port, self.context)
        self._control.settimeout(REPLY_TIMEOUT_S)
        self.sock = self._control
        self.af = self._control.family
        self.file = self._control.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        super().login(USER, password)
        self._protect(clear_data)
        self.voidcmd("TYPE I")

    def _protect(self, clear_data: bool) -> None:
        if clear_data:
            self.voidcmd("PBSZ 0")
            self.prot_c()
            return
        try:
            self.prot_p()
        except ftplib.error_perm as error:
            raise NoProtection(str(error)) from error

    @property
    def is_protected(self) -> bool:
        return bool(getattr(self, "_prot_p", False))

    def transfer_socket(self, command: str) -> tuple[socket.socket, int | None]:
        """A data connection for ``command``; the control host always, whatever PASV names."""
        conn, size = super(ftplib.FTP_TLS, self).ntransfercmd(command)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        if not self.is_protected:
            return conn, size
        session = self._control.session if self._control and self._profile.session_reuse else None
        try:
            return self._dialer.wrap(conn, self.context, session, HANDSHAKE_TIMEOUT_S), size
        except (ssl.SSLError, ConnectionError) as error:
            raise NoProtection(str(error)) from error

    def send(self, command: str, source: Any, tick: Tick, deadline: float) -> None:
        """STOR: the whole of ``source``. The final reply is left to ``finish``."""
        conn, _ = self.transfer_socket(command)
        pace = _Pace(tick, deadline)
        try:
            conn.settimeout(_SLICE_S)
            while block := source.read(BLOCK):
                left = memoryview(block)
                while left:
                    try:
                        sent = conn.send(left)
                    except TimeoutError:
                        sent = 0
                    left = left[sent:]
                    pace.moved(sent)
        finally:
            _leave(conn)

    def receive(
        self, command: str, write: Callable[[bytes], Any], tick: Tick, deadline: float
    ) -> None:
        """RETR or LIST: until the printer closes, with or without a TLS goodbye."""
        conn, _ = self.transfer_socket(command)
        pace = _Pace(tick, deadline)
        try:
            conn.settimeout(_SLICE_S)
            while True:
                try:
                    block = conn.recv(BLOCK)
                except TimeoutError:
                    pace.moved(0)
                    continue
                if not block:
                    return
                write(block)
                pace.moved(len(block))
        finally:
            _leave(conn)

    def finish(self, patience: float, cancel: threading.Event | None = None) -> str:
        """The reply after a transfer; a printer may flush to its stick for half a minute first.

        Raises TimeoutError, UploadCancelled, ftplib.Error.
        """
        if self._control is None:
            raise ConnectionError("not connected")
        end = time.monotonic() + patience
        while not _readable(self._control, _SLICE_S):
            if cancel is not None and cancel.is_set():
                raise UploadCancelled("The upload was cancelled.")
            if time.monotonic() >= end:
                raise TimeoutError("no reply after the transfer")
        return self.voidresp()

    def end(self, *, polite: bool = True) -> None:
        """QUIT where that makes sense, and close. Never raises."""
        if polite and self._control is not None:
            self._control.settimeout(2.0)
            with contextlib.suppress(OSError, ftplib.Error, EOFError, ValueError):
                self.sendcmd("QUIT")
        with contextlib.suppress(OSError):
            self.close()
        if self._control is not None:
            self._control.close()


def _readable(sock: ssl.SSLSocket, timeout: float) -> bool:
    if sock.pending():
        return True
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        return bool(poller.poll(timeout * 1000))
    return bool(select.select([sock], [], [], timeout)[0])


class _Pace:
    """Counts what moved, lets the caller break off, and notices when nothing moves."""

    def __init__(self, tick: Tick, deadline: float) -> None:
        self._tick = tick
        self._deadline = deadline
        self._total = 0
        self._progress_at = time.monotonic()

    def moved(self, count: int) -> None:
        """Call after every try, at least once per slice. Raises Stalled, or what tick raises."""
        now = time.monotonic()
        if count:
            self._total += count
            self._progress_at = now
        elif now - self._progress_at > STALL_TIMEOUT_S:
            raise Stalled("no byte moved for a while")
        if now > self._deadline:
            raise Stalled("the transfer took longer than its deadline")
        self._tick(self._total)


def _leave(conn: socket.socket) -> None:
    """Close a data connection without the TLS goodbye that printers never answer."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(conn, socket.SHUT_WR)
    conn.close()
