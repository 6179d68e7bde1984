"""Connections of the HTTP library with two habits more: they say what failed before a request
could leave, and do not wait for ever for an answer that begins byte by byte."""

from __future__ import annotations

import http.client
import io
import time
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

WHOLE_HEAD_S = 20.0
"""Longest wait for status line and headers together; each read has the request's own time-out."""
BEFORE_SENDING = "the handshake failed"
"""Note on an error of the handshake: not a byte of a request had left."""


class _Limited(io.RawIOBase):
    """A socket's reading end that gives up at a moment."""

    def __init__(self, inner: io.RawIOBase, end: float) -> None:
        self._inner = inner
        self.end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self.end:
            raise TimeoutError("the answer's head came too slowly")
        return self._inner.readinto(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def begin(self) -> None:
        limited = _Limited(self.fp.detach(), time.monotonic() + WHOLE_HEAD_S)
        self.fp = io.BufferedReader(limited)
        super().begin()
        limited.end = float("inf")


class _Plain(HTTPConnection):
    response_class = _Response


class _Secure(HTTPSConnection):
    response_class = _Response

    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:
            error.add_note(BEFORE_SENDING)
            raise


class PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


POOLS: dict[str, type[HTTPConnectionPool]] = {"http": PlainPool, "https": SecurePool}
