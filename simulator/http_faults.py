"""Carries out the knobs of http_knobs.py that concern every answer of a print server."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from simulator.http_host import HttpHost

JSON_TYPE = "application/json"
_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>"
    "<body><h1>Welcome</h1><p>Accept the terms to go on.</p></body></html>\n"
)
_PIECES = 20


async def for_ever() -> None:
    """Until the connection goes away, which cancels the handler."""
    await asyncio.Event().wait()


class Faults:
    """Asked before and after every handler of one server."""

    def __init__(self, host: HttpHost) -> None:
        self._host = host

    async def before(self, request: web.Request) -> web.StreamResponse | None:
        """An answer instead of the handler's; None: let it work."""
        knobs = self._host.knobs
        if knobs.mute_http or self._host.frozen(request):
            await for_ever()
        if knobs.http_status:
            return web.Response(status=knobs.http_status, text=f"{knobs.http_status} as told\n")
        if knobs.http_redirect:
            return web.Response(status=302, headers={"Location": knobs.http_redirect})
        if knobs.html_page:
            return web.Response(text=_PAGE, content_type="text/html")
        return None

    async def after(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """The answer as the knobs let it out."""
        knobs = self._host.knobs
        if knobs.http_delay_s > 0:
            await asyncio.sleep(knobs.http_delay_s)
        if self._host.frozen(request):
            await for_ever()
        if not isinstance(response, web.Response):
            return response  # a stream or a web socket, sent already
        if knobs.answer_lost and request.method not in ("GET", "HEAD"):
            await cut(request)
        self._spoil(response)
        if knobs.truncate_body or knobs.slow_body_s > 0:
            return await self._in_pieces(request, response)
        return response

    def _spoil(self, response: web.Response) -> None:
        knobs = self._host.knobs
        body = response.body
        if response.content_type != JSON_TYPE or not isinstance(body, bytes) or not body:
            return
        if knobs.wrong_types:
            body = json.dumps(_twisted(json.loads(body))).encode()
        if knobs.malformed_json:
            body = body[: len(body) // 2] + b"\xff{"
        if knobs.huge_body > len(body):
            body += b" " * (knobs.huge_body - len(body))
        response.body = body

    async def _in_pieces(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        knobs = self._host.knobs
        body = response.body if isinstance(response.body, bytes) else b""
        slow = web.StreamResponse(status=response.status, headers=response.headers)
        slow.content_length = len(body)
        await slow.prepare(request)
        if knobs.truncate_body:
            await slow.write(body[: len(body) // 2])
            if request.transport is not None:
                request.transport.close()
            await for_ever()
        size = max(1, len(body) // _PIECES)
        for start in range(0, len(body), size):
            await slow.write(body[start : start + size])
            await asyncio.sleep(knobs.slow_body_s / _PIECES)
        await slow.write_eof()
        return slow


async def cut(request: web.Request) -> None:
    """Reset the connection of a request; does not return."""
    if request.transport is not None:
        reset(request.transport)
    await for_ever()


def reset(transport: asyncio.Transport) -> None:
    """Close with a reset, not with an orderly end."""
    line = transport.get_extra_info("socket")
    if line is not None and not transport.is_closing():
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _twisted(value: Any) -> Any:
    """The same keys with values of other types."""
    if isinstance(value, dict):
        return {key: _twisted(item) for key, item in value.items()}
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, (int, float)):
        return f"{value} or so"
    return {"": value} if value is None else 7 if isinstance(value, str) else None
