"""Reads along what a client sends to a print server: HTTP requests and web socket messages."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

KEPT = 65_536  # bytes of a body
WS = "WS"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it passed. A web socket message has the method "WS" and no path."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The body's JSON, None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class WireLog:
    """All requests that were seen whole (uploads: their first bytes), oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._trace: deque[str] = deque(maxlen=40)

    def add(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def trace(self, text: str) -> None:
        """A line for a failure's message."""
        with self._lock:
            self._trace.append(f"{time.strftime('%H:%M:%S')} {text[:160]}")

    def tail(self) -> str:
        """The last requests and answers, but for the endless looks at the state."""
        with self._lock:
            return "\n".join(self._trace)

    def seen(self, since: int = 0) -> list[Request]:
        with self._lock:
            return self._requests[since:]

    def __len__(self) -> int:
        with self._lock:
            return len(self._requests)


class Ear:
    """Listens to one connection's bytes from the client, in order."""

    def __init__(self, log: WireLog) -> None:
        self._log = log
        self._buffer = bytearray()
        self._head: list[str] = []
        self._left = 0  # bytes of the body still to come
        self._chunked = False
        self._body = bytearray()
        self._fragments = bytearray()
        self._fresh: list[Request] = []
        self.is_socket = False

    def hear(self, data: bytes) -> list[Request]:
        """The requests that these bytes complete."""
        self._fresh = []
        self._buffer += data
        while self._advance():
            pass
        return self._fresh

    def _advance(self) -> bool:
        if self.is_socket:
            return self._frame()
        if not self._head:
            return self._read_head()
        return self._read_chunk() if self._chunked else self._read_body()

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._head = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        headers = self._headers()
        self._left = int(headers.get("content-length", "0"))
        self._chunked = "chunked" in headers.get("transfer-encoding", "")
        if "websocket" in headers.get("upgrade", "").lower():
            self._done()
            self.is_socket = True
        return True

    def _headers(self) -> dict[str, str]:
        rows = (line.partition(":") for line in self._head[1:])
        return {name.strip().lower(): value.strip() for name, _, value in rows}

    def _read_body(self) -> bool:
        self._take(min(self._left, len(self._buffer)))
        if self._left:
            return False
        self._done()
        return True

    def _take(self, size: int) -> None:
        self._body += self._buffer[: min(size, max(0, KEPT - len(self._body)))]
        del self._buffer[:size]
        self._left -= size

    def _read_chunk(self) -> bool:
        if self._left:
            self._take(min(self._left, len(self._buffer)))
            return not self._left
        start = 2 if self._buffer.startswith(b"\r\n") else 0
        end = self._buffer.find(b"\r\n", start)
        if end < 0:
            return False
        size = int(bytes(self._buffer[start:end]).split(b";")[0] or b"0", 16)
        last = end + (2 if size else 4)  # an empty line follows the last chunk
        if len(self._buffer) < last:
            return False
        del self._buffer[:last]
        self._left = size
        if not size:
            self._done()
        return True

    def _done(self) -> None:
        method, _, rest = self._head[0].partition(" ")
        path = rest.rpartition(" ")[0]
        self._note(Request(method, path, bytes(self._body), self._headers()))
        self._head, self._chunked = [], False
        self._body.clear()

    def _note(self, request: Request) -> None:
        self._fresh.append(request)
        self._log.add(request)

    def _frame(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        size, at = buffer[1] & 0x7F, 2
        if size > 125:
            width = 2 if size == 126 else 8
            if len(buffer) < 2 + width:
                return False
            size, at = int.from_bytes(buffer[2 : 2 + width], "big"), 2 + width
        mask_at = at
        at += 4 if buffer[1] & 0x80 else 0
        if len(buffer) < at + size:
            return False
        mask = bytes(buffer[mask_at:at]) or b"\0"
        payload = bytes(b ^ mask[i % len(mask)] for i, b in enumerate(buffer[at : at + size]))
        final, kind = buffer[0] & 0x80, buffer[0] & 0x0F
        del buffer[: at + size]
        if kind in (0, 1, 2):
            self._fragments += payload
            if final:
                self._note(Request(WS, "", bytes(self._fragments)))
                self._fragments.clear()
        return True
