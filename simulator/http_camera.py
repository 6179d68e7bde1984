"""The HTTP camera of a simulated printer: single pictures and an MJPEG stream."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from aiohttp import web

from simulator.plain_machine import PlainPrinter

_BOUNDARY = "boundarydonotcross"
_PART = b"--boundarydonotcross\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
_STALL_POLL_S = 0.2


class HttpCamera:
    """Pictures are drawn in ``pool``, and once for all who ask within one frame's time."""

    def __init__(self, machine: PlainPrinter, pool: Executor) -> None:
        self._machine = machine
        self._pool = pool
        self._drawn_at = -1e9
        self._picture: asyncio.Future[bytes] | None = None

    async def picture(self) -> bytes:
        """A JPEG of 1280×720 pixels of now."""
        loop = asyncio.get_running_loop()
        age = loop.time() - self._drawn_at
        if self._picture is None or age > self._interval or self._picture.cancelled():
            self._drawn_at = loop.time()
            self._picture = loop.run_in_executor(self._pool, self._machine.camera_frame)
        return await asyncio.shield(self._picture)

    @property
    def _interval(self) -> float:
        return 1.0 / max(self._machine.knobs.camera_fps, 0.05)

    def add(self, router: web.UrlDispatcher, path: str = "/webcam/") -> None:
        """One path for both, chosen by ?action=snapshot or stream, as mjpg-streamer has it."""
        router.add_get(path, self.either)

    async def either(self, request: web.Request) -> web.StreamResponse:
        """By the query."""
        if request.query.get("action") == "snapshot":
            return await self.snapshot(request)
        return await self.stream(request)

    async def snapshot(self, _request: web.Request) -> web.StreamResponse:
        """One JPEG."""
        if self._machine.knobs.camera_off:
            return web.Response(status=503, text="503: no camera\n")
        while self._machine.knobs.camera_stall:
            await asyncio.sleep(_STALL_POLL_S)
        return web.Response(
            body=await self.picture(),
            content_type="image/jpeg",
            headers={"Cache-Control": "no-store"},
        )

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """multipart/x-mixed-replace until the viewer goes away."""
        if self._machine.knobs.camera_off:
            return web.Response(status=503, text="503: no camera\n")
        answer = web.StreamResponse(
            headers={
                "Content-Type": f"multipart/x-mixed-replace;boundary={_BOUNDARY}",
                "Cache-Control": "no-store",
                "Connection": "close",
            }
        )
        await answer.prepare(request)
        loop = asyncio.get_running_loop()
        while not self._machine.knobs.camera_off:
            started = loop.time()
            if self._machine.knobs.camera_stall:
                await asyncio.sleep(_STALL_POLL_S)
                continue
            picture = await self.picture()
            await answer.write(_PART % len(picture) + picture + b"\r\n")
            await asyncio.sleep(max(0.0, started + self._interval - loop.time()))
        return answer
