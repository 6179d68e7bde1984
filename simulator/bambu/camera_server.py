"""The chamber camera of P1/A1 printers: JPEG pictures pushed over TLS (bambu-lan A12.1)."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

from simulator.bambu.camera_rules import CameraRules
from simulator.open_connections import OpenConnections

USER = b"bblp"
_LOGIN_BYTES = 80
_LOGIN_TIMEOUT_S = 10.0
_PIECE = 700  # bytes, with knob camera_partial_frames
_STALL_POLL_S = 0.2
_GARBAGE = b"\x00\x17garbage\x00"


class CameraEndpoint:
    """The camera port of one printer: one viewer at a time."""

    def __init__(self, rules: CameraRules, render: Callable[[], Awaitable[bytes]]) -> None:
        self._rules = rules
        self._render = render
        self._viewer: asyncio.StreamWriter | None = None
        self.connections = OpenConnections(f"{rules.printer_id}: camera")
        self._count = 0
        self.viewers = 0  # that signed in, ever
        self.crowded = 0  # of these while another one was watching

    @property
    def watched(self) -> bool:
        return self._viewer is not None

    async def wait_closed(self) -> None:
        """Return when every connection has ended."""
        await self.connections.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The client_connected_cb of asyncio.start_server."""
        with self.connections.handling(writer):
            try:
                if await self._welcome(reader, writer):
                    await self._stream(writer)
            finally:
                if self._viewer is writer:
                    self._viewer = None

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Check the login. False: close with 0 bytes, which is all a printer ever says."""
        if self._rules.knobs.camera_off:
            return False
        async with asyncio.timeout(_LOGIN_TIMEOUT_S):
            login = await reader.readexactly(_LOGIN_BYTES)
        if not self._login_ok(login):
            return False
        self.viewers += 1
        if self._viewer is not None:
            self.crowded += 1
            if self._rules.knobs.camera_second_client == "refuse":
                return False
            self._viewer.transport.abort()
        self._viewer = writer
        return True

    def _login_ok(self, login: bytes) -> bool:
        size, kind, _zero, _zero2 = struct.unpack_from("<4I", login)
        user, code = login[16:48].rstrip(b"\0"), login[48:80].rstrip(b"\0")
        wanted = self._rules.access_code.encode("utf-8")
        right = (size, kind) == (0x40, 0x3000) and user == USER and code == wanted
        return right and not self._rules.knobs.refuse_login

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        knobs = self._rules.knobs
        loop = asyncio.get_running_loop()
        while not writer.is_closing():
            started = loop.time()
            if knobs.camera_stall:
                await asyncio.sleep(_STALL_POLL_S)
                continue
            await self._send_frame(writer, await self._render())
            interval = 1.0 / max(knobs.camera_fps, 0.05)
            await asyncio.sleep(max(0.0, started + interval - loop.time()))

    async def _send_frame(self, writer: asyncio.StreamWriter, picture: bytes) -> None:
        knobs = self._rules.knobs
        self._count += 1
        if knobs.camera_garbage_before_soi:
            picture = _GARBAGE + picture
        if knobs.camera_zero_frame and self._count % 2:
            picture = b""
        header = struct.pack("<4I", len(picture), 0, 1, 0)
        if knobs.camera_single_record:
            pieces = [header + picture]
        elif knobs.camera_partial_frames:
            cuts = range(0, len(picture), _PIECE)
            pieces = [header[:5], header[5:], *(picture[i : i + _PIECE] for i in cuts)]
        else:
            pieces = [header, picture]
        for piece in pieces:
            if piece:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)  # a record, and a TCP segment, of its own
