from __future__ import annotations

import asyncio
import contextlib
import io
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.secret import Secret
from printers.base import CameraSource
from simulator.certificates import CertificateAuthority, server_context


def make_jpeg(color: str = "teal", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    picture.paste(color, (8, 8, 24, 24))
    picture.save(buffer, "JPEG", **options)
    return buffer.getvalue()


@dataclass
class Knobs:
    """How this test camera misbehaves."""

    fps: float = 30.0
    second: str = "refuse"  # or "kick"
    prefix: bytes = b""  # before every picture, counted in its size
    joined: bool = False  # header and picture in one record
    piece: int = 0  # bytes per record, 0 = whole
    empty_every: int = 0
    picture: bytes = b""  # sent instead of a JPEG
    size: int = 0  # claimed instead of the true size
    stall: bool = False


class TestCamera:
    """A P1S camera on a loopback port (bambu-lan A12.1), written apart from the product."""

    __test__ = False
    access_code = "12345678"

    def __init__(self, folder: Path) -> None:
        self.knobs = Knobs()
        self._picture = make_jpeg()
        self._viewer: asyncio.StreamWriter | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        identity = CertificateAuthority(folder).identity("01P00SIM0000001")
        self.certificate = identity.certificate
        context = server_context(identity)
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if self._admits(await reader.readexactly(80), writer):
                await self._stream(writer)
        if self._viewer is writer:
            self._viewer = None
        writer.transport.abort()
        self._tasks.discard(task)

    def _admits(self, login: bytes, writer: asyncio.StreamWriter) -> bool:
        head = (0x40, 0x3000, 0, 0, b"bblp".ljust(32, b"\0"))
        wanted = struct.pack("<4I32s32s", *head, self.access_code.encode())
        if login != wanted or (self._viewer is not None and self.knobs.second == "refuse"):
            return False
        if self._viewer is not None:
            self._viewer.transport.abort()
        self._viewer = writer
        return True

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        count = 0
        while not writer.is_closing():
            knobs = self.knobs
            count += 1
            body = knobs.prefix + (knobs.picture or self._picture)
            if knobs.empty_every and count % knobs.empty_every == 0:
                body = b""
            header = struct.pack("<4I", knobs.size or len(body), 0, 1, 0)
            if not knobs.stall:
                await self._send(writer, header, body)
            await asyncio.sleep(1 / knobs.fps)

    async def _send(self, writer: asyncio.StreamWriter, header: bytes, body: bytes) -> None:
        step = self.knobs.piece
        if self.knobs.joined:
            parts = [header + body]
        elif step:
            whole = header + body
            parts = [whole[at : at + step] for at in range(0, len(whole), step)]
        else:
            parts = [header, body]
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    @property
    def watched(self) -> bool:
        return self._viewer is not None

    def reset(self) -> None:
        """Throw every viewer out and put all knobs back."""
        self.knobs = Knobs()
        self._run(self._drop())

    async def _drop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._run(self._drop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def source(
        self,
        code: str = "",
        port: int = 0,
        kind: str = "bambu_jpeg",
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> CameraSource:
        return CameraSource(
            kind=kind,
            host="127.0.0.1",
            port=port or self.port,
            user="bblp",
            secret=Secret(code or self.access_code),
            tls=tls or self.pinned,
        )

    def pinned(self) -> ssl.SSLContext:
        """Accepts this printer's leaf and nothing else, as the adapter's context does."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(self.certificate)
        return context


@pytest.fixture(scope="session")
def _camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestCamera]:
    camera = TestCamera(tmp_path_factory.mktemp("camera"))
    yield camera
    camera.close()


@pytest.fixture
def p1s(_camera: TestCamera) -> Iterator[TestCamera]:
    yield _camera
    _camera.reset()


@pytest.fixture
def jpeg() -> Callable[..., bytes]:
    return make_jpeg
