"""A client's web socket on a simulated print server, with its faults."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from simulator.http_faults import reset
from simulator.http_log import body_of

if TYPE_CHECKING:
    from simulator.http_host import HttpHost

_MAX_WAITING = 2000  # messages; a client that reads nothing is cut off then
_GARBAGE = "\ufffd{not json at all"


class WsSession:
    """``put`` queues a message and never waits; ``run`` serves until the client goes away."""

    def __init__(self, host: HttpHost, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._host = host
        self._request = request
        self.socket = socket
        self.name = f"ws:{request.remote or ''}:{id(socket):x}"
        self._waiting: asyncio.Queue[str] = asyncio.Queue(_MAX_WAITING)

    def put(self, text: str) -> None:
        """Send a text, as the knobs let it out."""
        knobs = self._host.knobs
        if knobs.ws_mute or self._host.frozen(self._request):
            return
        try:
            for _ in range(max(1, knobs.ws_flood)):
                self._waiting.put_nowait(_GARBAGE if knobs.ws_garbage else text)
        except asyncio.QueueFull:
            self.abort()

    def abort(self) -> None:
        """Reset the connection."""
        if self._request.transport is not None:
            reset(self._request.transport)

    async def run(self, on_text: Callable[[str], Awaitable[None]]) -> web.WebSocketResponse:
        """Hand every text of the client to ``on_text``; return the finished response."""
        writer = asyncio.create_task(self._write())
        try:
            async for message in self.socket:
                if message.type is WSMsgType.TEXT:
                    self._host.requests.append(
                        {"method": "WS", "path": self._request.path, "body": body_of(message.data)}
                    )
                    await on_text(message.data)
        finally:
            self._host.sockets.discard(self)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return self.socket

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):  # the reader sees the end too, and ends
            while True:
                await self.socket.send_str(await self._waiting.get())
