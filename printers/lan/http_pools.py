"""Connections of the HTTP library with two habits more: they say what failed before a request
could leave, and do not wait for ever for an answer that begins byte by byte."""

from __future__ import annotations

import http.client
import io
import math
import time
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

WHOLE_HEAD_S = 20.0
"""From the first byte to the end of the headers; each read has the request's own time-out."""
BEFORE_SENDING = "the handshake failed"
"""Note on an error of the handshake: not a byte of a request had left."""


class _Limited(io.RawIOBase):
    """A socket's reading end that gives up some time after the first byte, until it is freed. How
    long the first one may take is the request's own time-out."""

    def __init__(self, inner: io.RawIOBase) -> None:
        self._inner = inner
        self._end = math.inf
        self._counting = True

    def free(self) -> None:
        self._end, self._counting = math.inf, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._end:
            raise TimeoutError("the answer's head came too slowly")
        got = self._inner.readinto(buffer)
        if self._counting and self._end == math.inf:
            self._end = time.monotonic() + WHOLE_HEAD_S
        return got

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def begin(self) -> None:
        limited = _Limited(self.fp.detach())
        self.fp = io.BufferedReader(limited)
        super().begin()
        limited.free()


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
