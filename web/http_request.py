"""A parsed request as WSGI's environ, and the few things the farm is stricter about than h11.

h11 reads the head (RFC 9112) and refuses two lengths, two hosts and broken headers. What RFC 9112
only allows to refuse (folded headers, bare line feeds) is refused here: the farm must not be a link
in request smuggling, where two servers read the same bytes differently.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

import h11

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
_SINGLE = frozenset(
    {"HTTP_ORIGIN", "HTTP_AUTHORIZATION", "CONTENT_TYPE", "HTTP_SEC_FETCH_SITE", "HTTP_UPGRADE"}
)


class BadHead(Exception):
    """The head is refused with this status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def check_bytes(head: bytes) -> None:
    """The head as it came over the wire. Raises BadHead."""
    if len(head) > MAX_HEAD_BYTES:
        raise BadHead(431, "Headers too large")
    folded = b"\n " in head or b"\n\t" in head
    if folded or head.count(b"\n") != head.count(b"\r\n"):
        raise BadHead(400, "Malformed header")


def environ_of(request: h11.Request) -> dict[str, Any]:
    """The request's part of environ (PEP 3333: bytes as latin-1). Raises BadHead."""
    if request.http_version not in (b"1.1", b"1.0"):
        raise BadHead(505, "Only HTTP/1.1 is spoken here")
    if len(request.headers) > MAX_HEADERS:
        raise BadHead(431, "Too many headers")
    headers = _headers(request.headers)
    if "HTTP_TRANSFER_ENCODING" in headers:
        raise BadHead(411, "Send a Content-Length")
    path, _, query = _local(request.target).partition(b"?")
    return {
        "REQUEST_METHOD": request.method.decode("ascii"),
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "REQUEST_URI": request.target.decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{request.http_version.decode('ascii')}",
        **headers,
    }


def is_upgrade(environ: dict[str, Any]) -> bool:
    """Whether the client asks for a WebSocket. Raises BadHead when it sends a body with that."""
    if environ.get("HTTP_UPGRADE", "").lower() != "websocket":
        return False
    if "upgrade" not in environ.get("HTTP_CONNECTION", "").lower():
        return False
    if int(environ.get("CONTENT_LENGTH", "0")):
        raise BadHead(400, "An upgrade has no body")
    return True


def _local(target: bytes) -> bytes:
    if target.startswith(b"/"):
        return target
    scheme, found, rest = target.partition(b"://")
    if found and scheme.lower() in (b"http", b"https"):
        return b"/" + rest.partition(b"/")[2]
    raise BadHead(400, "Malformed request target")


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        if b"_" in name:
            continue  # would be the same WSGI name as the one with a dash
        key = name.decode("ascii").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        if key in headers:
            if key in _SINGLE:
                raise BadHead(400, "Repeated header")
            text = f"{headers[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        headers[key] = text
    return headers
