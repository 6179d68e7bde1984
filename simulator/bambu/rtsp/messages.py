"""RTSP/1.0 requests and replies (RFC 2326), and the data that travels between them on TCP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import urlsplit

_MAX_BODY = 16_384
_INTERLEAVED = b"$"
_WORDS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Stream Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    503: "Service Unavailable",
}


class BadRequest(ValueError):
    """Not RTSP; the connection ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; the names of ``headers`` are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """Of the url, without slashes at its ends: "streaming/live/1/track1"."""
        return urlsplit(self.url).path.strip("/")


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request; what the client tells about its reception (RTCP) is passed over.

    None when the client is gone. Raises BadRequest, asyncio.IncompleteReadError.
    """
    while first := await reader.read(1):
        if first == _INTERLEAVED:
            head = await reader.readexactly(3)
            await reader.readexactly(int.from_bytes(head[1:], "big"))
        elif first not in b"\r\n":  # some clients end a request with an empty line too many
            return await _rest(reader, first)
    return None


async def _rest(reader: asyncio.StreamReader, first: bytes) -> Request:
    try:
        raw = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise BadRequest("the head does not end") from error
    line, *rows = raw.decode("utf-8", "replace").strip("\r\n").split("\r\n")
    words = line.split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        raise BadRequest(line[:80])
    pairs = (row.partition(":") for row in rows)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    await _skip_body(reader, headers.get("content-length", "0"))
    return Request(method=words[0], url=words[1], headers=headers)


async def _skip_body(reader: asyncio.StreamReader, length: str) -> None:
    if not length.isascii() or not length.isdigit() or int(length) > _MAX_BODY:
        raise BadRequest("a body of impossible length")
    await reader.readexactly(int(length))


def reply(
    request: Request, status: int, headers: Mapping[str, str] | None = None, body: str = ""
) -> bytes:
    """The answer to ``request`` in the form of live555, which the printers use."""
    rows = [
        f"RTSP/1.0 {status} {_WORDS[status]}",
        f"CSeq: {request.headers.get('cseq', '0')[:20]}",
        f"Date: {formatdate(usegmt=True)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    content = body.encode()
    if content:
        rows.append(f"Content-Length: {len(content)}")
    return "\r\n".join(rows).encode() + b"\r\n\r\n" + content


def interleaved(channel: int, packet: bytes) -> bytes:
    """An RTP packet as it travels on the RTSP connection (RFC 2326, 10.12)."""
    return _INTERLEAVED + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet
