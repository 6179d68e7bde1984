"""The head of an HTTP/1 request: strict, small, and with one reading only.

Whatever two servers could read differently (folded headers, two lengths, Transfer-Encoding) is
refused: the farm must not be a link in request smuggling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(rb"[\x21-\x7e\x80-\xff]+")
_SINGLE = frozenset(
    {
        "HTTP_HOST", "HTTP_ORIGIN", "HTTP_AUTHORIZATION", "CONTENT_LENGTH", "CONTENT_TYPE",
        "HTTP_SEC_FETCH_SITE", "HTTP_UPGRADE",
    }
)  # fmt: skip


class BadHead(Exception):
    """The head is refused with this status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One request without its body."""

    method: str
    path: str  # decoded, as WSGI wants it (latin-1 of the bytes)
    query: str
    target: str
    version: str  # "HTTP/1.1"
    headers: dict[str, str]  # WSGI names
    length: int

    @property
    def keep_alive(self) -> bool:
        wish = self.headers.get("HTTP_CONNECTION", "").lower()
        return "close" not in wish and (self.version == "HTTP/1.1" or "keep-alive" in wish)

    @property
    def is_upgrade(self) -> bool:
        return (
            self.headers.get("HTTP_UPGRADE", "").lower() == "websocket"
            and "upgrade" in self.headers.get("HTTP_CONNECTION", "").lower()
        )


def parse_head(raw: bytes) -> Head:
    """``raw`` without the empty line at its end. Raises BadHead."""
    lines = raw.split(b"\r\n")
    words = lines[0].split(b" ")
    if len(words) != 3 or not _TOKEN.fullmatch(words[0]) or not _TARGET.fullmatch(words[1]):
        raise BadHead(400, "Malformed request line")
    method, target, version = words
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise BadHead(505, "Only HTTP/1.1 is spoken here")
    if len(lines) - 1 > MAX_HEADERS:
        raise BadHead(431, "Too many headers")
    headers = _headers(lines[1:])
    if "HTTP_TRANSFER_ENCODING" in headers:
        raise BadHead(411, "Send a Content-Length")
    path, _, query = _local(target).partition(b"?")
    return Head(
        method=method.decode("ascii"),
        path=unquote_to_bytes(path).decode("latin-1"),
        query=query.decode("latin-1"),
        target=target.decode("latin-1"),
        version=version.decode("ascii"),
        headers=headers,
        length=_length(headers.get("CONTENT_LENGTH")),
    )


def _local(target: bytes) -> bytes:
    if target.startswith(b"/"):
        return target
    scheme, found, rest = target.partition(b"://")
    if found and scheme.lower() in (b"http", b"https"):
        return b"/" + rest.partition(b"/")[2]
    raise BadHead(400, "Malformed request target")


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name):
            raise BadHead(400, "Malformed header")
        if b"_" in name:
            continue  # would be the same WSGI name as the one with a dash
        key = name.decode("ascii").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        text = value.strip(b" \t").decode("latin-1")
        if any(mark in text for mark in "\r\n\0"):
            raise BadHead(400, "Malformed header")
        if key in headers:
            if key in _SINGLE:
                raise BadHead(400, "Repeated header")
            text = f"{headers[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        headers[key] = text
    return headers


def _length(value: str | None) -> int:
    if value is None:
        return 0
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise BadHead(400, "Malformed Content-Length")
    return int(value)
