"""The answer to one request: status line, headers, and a body that says where it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from typing import Any, Protocol

from web.http_head import Head


class Send(Protocol):
    """Writes all parts, in as few packets as is sensible. Raises OSError."""

    def __call__(self, *parts: bytes) -> None: ...


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


class Reply:
    """start_response and write of one request."""

    def __init__(self, send: Send, head: Head, *, keep_alive: bool) -> None:
        self._send = send
        self._head = head
        self._pending = b""
        self._chunked = False
        self._bodyless = head.method == "HEAD"
        self._begun = False
        self.keep_alive = keep_alive
        self.broken = False

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        if exc_info is not None and self._begun:
            raise exc_info[1].with_traceback(exc_info[2])
        code = int(status[:3])
        self._bodyless = self._bodyless or code in (204, 304)
        names = {name.lower() for name, _ in headers}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        if "content-length" not in names and not self._bodyless:
            self._chunked = self._head.version == "HTTP/1.1"
            if self._chunked:
                lines.append("Transfer-Encoding: chunked")
            else:
                self.keep_alive = False
        if "date" not in names:
            lines.append(f"Date: {_date(int(time.time()))}")
        lines.append("Server: print-farm")
        lines.append(f"Connection: {'keep-alive' if self.keep_alive else 'close'}")
        self._pending = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        return self.write

    def write(self, data: bytes) -> None:
        if not data or self._bodyless:
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        head, self._pending = self._pending, b""
        self._begun = True
        self._send(head, data)

    def finish(self) -> None:
        if self.broken:
            return
        tail = b"0\r\n\r\n" if self._chunked else b""
        head, self._pending = self._pending, b""
        if head or tail:
            self._send(head, tail)

    def fail(self) -> None:
        """The app broke: say so if nothing was sent yet, else cut the connection."""
        self.broken = True
        if not self._begun:
            text = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n"
            self._send(text, b"Connection: close\r\n\r\n")
