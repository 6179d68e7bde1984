"""Reads the camera of P1 and A1 printers: JPEG pictures over TLS (bambu-lan A12.1).

The printer serves one viewer at a time and never says why it hangs up.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable, Generator, Iterator

from cameras.frames import CameraFailed
from cameras.jpeg import first_jpeg
from core.errors import FarmError
from printers.base import CameraSource

MAX_FRAME_BYTES = 4 * 1024 * 1024
CONNECT_TIMEOUT_S = 8.0
STALL_TIMEOUT_S = 30.0
MAX_BAD_FRAMES = 10
"""Empty or broken pictures in a row before the connection is given up."""
_POLL_S = 0.5
_HEADER = struct.Struct("<4I")
_LOGIN = struct.Struct("<4I32s32s")
_LOGIN_SIZE, _LOGIN_KIND = 0x40, 0x3000

Cancelled = Callable[[], bool]


def frames(
    source: CameraSource, cancelled: Cancelled, stall_s: float = STALL_TIMEOUT_S
) -> Generator[bytes, None, None]:
    """Pictures as they come, until ``cancelled()``; close the iterator to hang up.

    Raises CameraFailed with a sentence. Notices a cancel within half a second.
    """
    with _connect(source) as stream:
        reader = _Reader(stream, cancelled, stall_s)
        try:
            if cancelled():  # connecting took longer than whoever needs the printer may wait
                return
            stream.sendall(_login(source))
            yield from _pictures(reader)
        except _Cancelled:
            return
        except OSError as error:
            raise _hung_up(reader) from error


def _login(source: CameraSource) -> bytes:
    user = source.user.encode()[:32]
    code = source.secret.reveal().encode()[:32]
    return _LOGIN.pack(_LOGIN_SIZE, _LOGIN_KIND, 0, 0, user, code)


def _connect(source: CameraSource) -> ssl.SSLSocket:
    try:
        context = source.tls() if source.tls else None
    except FarmError as error:
        raise CameraFailed(error.message, code="not_ready") from error
    if context is None:
        raise CameraFailed("Camera has no known certificate", code="not_ready")
    try:
        plain = socket.create_connection((source.host, source.port), CONNECT_TIMEOUT_S)
    except ConnectionRefusedError as error:
        raise CameraFailed("Camera is off", code="off") from error
    except OSError as error:
        raise CameraFailed("Camera cannot be reached", code="unreachable") from error
    try:
        stream = context.wrap_socket(plain, server_hostname=None)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        raise CameraFailed(
            "Camera shows another certificate than the printer's known one", code="certificate"
        ) from error
    except OSError as error:
        plain.close()
        raise CameraFailed("Camera hung up while connecting", code="lost") from error
    stream.settimeout(_POLL_S)
    return stream


def _pictures(reader: _Reader) -> Iterator[bytes]:
    bad = 0
    while True:
        size = _HEADER.unpack(reader.exactly(_HEADER.size))[0]
        if size > MAX_FRAME_BYTES:
            raise CameraFailed("Camera sends broken pictures", code="bad_frames")
        picture = first_jpeg(reader.exactly(size)) if size else None
        if picture is not None:
            bad = 0
            yield picture
            continue
        bad += 1
        if bad >= MAX_BAD_FRAMES:
            raise CameraFailed("Camera sends broken pictures", code="bad_frames")


def _hung_up(reader: _Reader) -> CameraFailed:
    if reader.received:
        return CameraFailed("Camera connection was lost", code="lost")
    return CameraFailed(
        "Camera is used by another app, or switched off at the printer", code="busy"
    )


class _Cancelled(Exception):
    """Nobody wants pictures any more."""


class _Reader:
    """Exact reads that notice a cancel and a silent camera."""

    def __init__(self, stream: ssl.SSLSocket, cancelled: Cancelled, stall_s: float) -> None:
        self._stream = stream
        self._cancelled = cancelled
        self._stall_s = stall_s
        self.received = False

    def exactly(self, size: int) -> bytes:
        """All of it within stall_s, or CameraFailed; OSError at a hang-up; _Cancelled."""
        data = bytearray(size)
        view = memoryview(data)
        got = 0
        deadline = time.monotonic() + self._stall_s
        while got < size:
            if self._cancelled():
                raise _Cancelled
            if time.monotonic() > deadline:
                raise CameraFailed(f"No frame for {self._stall_s:.0f} s", code="stalled")
            try:
                count = self._stream.recv_into(view[got:])
            except TimeoutError:
                continue
            if not count:
                raise ConnectionResetError("end of stream")
            got += count
            self.received = True
        return bytes(data)
