"""Browsers' stand-ins that watch live pictures and ask for single ones.

A process of its own: ``python -m bench.camera_viewers watch PORT SECONDS CAMERA…`` opens one
MJPEG stream per camera named (repeat it for several viewers), ``… snapshots PORT COUNT CAMERA
QUERY`` asks one after the other. Prints one line of JSON: ages or times in ms.
"""

from __future__ import annotations

import http.client
import json
import re
import selectors
import socket
import sys
import time

from bench.camera_source import sent_ns

_SETTLE_S = 3.0
_CHUNK_BYTES = 256 * 1024
_HEAD_BYTES = 4096
_LENGTH = re.compile(rb"Content-Length: (\d+)\r\n(?:[^\r\n]+\r\n)*\r\n")


class Viewer:
    """One MJPEG stream; keeps of it only the age of each picture on arrival."""

    def __init__(self, port: int, camera: str) -> None:
        self.link = socket.create_connection(("127.0.0.1", port), 10)
        path = f"/api/camera?camera_id={camera}"
        self.link.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        self.link.setblocking(False)
        self._buffer = bytearray()
        self._answered = False

    def read(self) -> list[float]:
        """Ages in ms of the pictures that are whole now."""
        data = self.link.recv(_CHUNK_BYTES)
        if not data:
            raise RuntimeError("a live picture ended early")
        now = time.monotonic_ns()
        self._buffer += data
        ages = []
        while jpeg := self._next():
            ages.append((now - sent_ns(jpeg)) / 1e6)
        return ages

    def _next(self) -> bytes:
        """The first bytes of the next picture, once all of it is there."""
        if not self._answered and b"\r\n" in self._buffer:
            if b" 200 " not in self._buffer[:20]:
                raise RuntimeError(f"a live picture answered {bytes(self._buffer[:100])!r}")
            self._answered = True
        found = _LENGTH.search(self._buffer, 0, _HEAD_BYTES)
        if found is None or len(self._buffer) < found.end() + int(found[1]):
            return b""
        jpeg = bytes(self._buffer[found.end() : found.end() + 64])
        del self._buffer[: found.end() + int(found[1])]
        return jpeg


def watch(port: int, seconds: float, cameras: list[str]) -> list[float]:
    """Ages on arrival of all pictures of all viewers, after a few seconds to settle."""
    ages: list[float] = []
    with selectors.DefaultSelector() as selector:
        for camera in cameras:
            viewer = Viewer(port, camera)
            selector.register(viewer.link, selectors.EVENT_READ, viewer)
        start = time.monotonic() + _SETTLE_S
        while (now := time.monotonic()) < start + seconds:
            for key, _ in selector.select(0.5):
                found = key.data.read()
                if now >= start:
                    ages += found
    return ages


def snapshots(port: int, count: int, camera: str, query: str) -> list[float]:
    """Times of whole answers over one kept-open connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    times = []
    for _ in range(count):
        before = time.perf_counter_ns()
        connection.request("GET", f"/api/camera/snapshot?camera_id={camera}{query}")
        answer = connection.getresponse()
        body = answer.read()
        times.append((time.perf_counter_ns() - before) / 1e6)
        if answer.status != 200 or not body:
            raise RuntimeError(f"the snapshot answered {answer.status}")
    connection.close()
    return times


def main(kind: str, port: str, amount: str, *rest: str) -> None:
    if kind == "watch":
        found = watch(int(port), float(amount), list(rest))
    else:
        found = snapshots(int(port), int(amount), rest[0], rest[1] if len(rest) > 1 else "")
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
