"""The answer to one request: WSGI's start_response and write, said to h11."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Protocol

import h11


class Send(Protocol):
    """Writes all parts, in as few packets as is sensible. Raises OSError."""

    def __call__(self, *parts: bytes) -> None: ...


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode("ascii")


class Reply:
    """One answer. h11 chooses how its end is marked and whether the connection must close."""

    def __init__(
        self, send: Send, wire: h11.Connection, *, method: str = "", keep_alive: bool = False
    ) -> None:
        self._send = send
        self._wire = wire
        self._bodyless = method == "HEAD"
        self._response: h11.Response | None = None
        self._begun = False
        self._keep_alive = keep_alive
        self.broken = False

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        if exc_info is not None and self._begun:
            raise exc_info[1].with_traceback(exc_info[2])
        code = int(status[:3])
        self._bodyless = self._bodyless or code in (204, 304)
        lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        if not any(name.lower() == "date" for name, _ in headers):
            lines.append((b"Date", _date(int(time.time()))))
        lines.append((b"Server", b"print-farm"))
        lines.append((b"Connection", b"keep-alive" if self._keep_alive else b"close"))
        reason = status[4:].encode("latin-1")
        self._response = h11.Response(status_code=code, reason=reason, headers=lines)
        return self.write

    def write(self, data: bytes) -> None:
        if data and not self._bodyless:
            self._put(h11.Data(data=data))

    def finish(self) -> None:
        self._put(h11.EndOfMessage())

    def refuse(self, status: int, reason: str) -> None:
        """A whole answer in plain text, after which the connection closes."""
        text = reason.encode()
        self._keep_alive = False
        self.start(
            f"{status} {HTTPStatus(status).phrase}",
            [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))],
        )
        self.write(text)
        self.finish()

    def fail(self) -> None:
        """The app broke: say so if nothing was sent yet, else cut the connection."""
        self.broken = True
        if self._wire.our_state is h11.SEND_RESPONSE:
            self.refuse(500, "The farm server made a mistake; its log has the details.")

    def _put(self, event: h11.Data | h11.EndOfMessage) -> None:
        """Raises OSError, and LocalProtocolError when the app does not keep to its headers."""
        parts: list[bytes] = []
        if not self._begun and self._response is not None:
            parts += self._wire.send_with_data_passthrough(self._response) or ()
            self._begun = True
        parts += self._wire.send_with_data_passthrough(event) or ()
        if parts:
            self._send(*parts)
