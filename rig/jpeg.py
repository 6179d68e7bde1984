"""Whole JPEGs out of a stream of bytes, by walking markers (cameras-and-rig 4).

The first FF D9 is not the end: a thumbnail in the header has its own.
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_BYTES = 8 * 1024 * 1024
MIN_BYTES = 256
_SOI = b"\xff\xd8\xff"
_EOI, _SOS = 0xD9, 0xDA
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_IN_SCAN = frozenset({0x00, *range(0xD0, 0xD8)})
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class NotJpeg(ValueError):
    """These bytes cannot become a picture."""


class Walk:
    """One picture that begins at index 0; goes on where it stopped when more bytes are there."""

    def __init__(self) -> None:
        self._at = 2
        self._scan = False
        self._scans = 0
        self.size: tuple[int, int] | None = None  # pixels, once its segment was seen

    def end(self, data: bytes | bytearray) -> int:
        """Index behind the picture, 0 while it is not all there. Raises NotJpeg."""
        while True:
            if self._scan and not self._leave_scan(data):
                return 0
            if self._at + 2 > len(data):
                return 0
            if data[self._at] != 0xFF:
                raise NotJpeg("no marker where one must be")
            marker = data[self._at + 1]
            if marker == 0xFF:
                self._at += 1
            elif marker == _EOI:
                if not self._scans:
                    raise NotJpeg("ends before any picture")
                return self._at + 2
            elif marker in _BARE:
                self._at += 2
            elif not self._segment(data, marker):
                return 0

    def _segment(self, data: bytes | bytearray, marker: int) -> bool:
        """Skip one by its length; False while it is not all there."""
        if marker in (0x00, 0xD8):
            raise NotJpeg("a marker that cannot stand there")
        length = int.from_bytes(data[self._at + 2 : self._at + 4], "big")
        if self._at + 4 > len(data) or self._at + 2 + length > len(data):
            return False
        if length < 2:
            raise NotJpeg("a segment shorter than its own length")
        if marker in _SIZES and length >= 7:
            height, width = data[self._at + 5 : self._at + 7], data[self._at + 7 : self._at + 9]
            self.size = (int.from_bytes(width, "big"), int.from_bytes(height, "big"))
        self._at += 2 + length
        if marker == _SOS:
            self._scan = True
            self._scans += 1
        return True

    def _leave_scan(self, data: bytes | bytearray) -> bool:
        while True:
            found = data.find(b"\xff", self._at)
            if found < 0 or found + 1 >= len(data):
                self._at = len(data) if found < 0 else found
                return False
            follower = data[found + 1]
            if follower == 0xFF:
                self._at = found + 1
            elif follower in _IN_SCAN:
                self._at = found + 2
            else:
                self._at, self._scan = found, False
                return True


def check(jpeg: bytes) -> tuple[int, int]:
    """(width, height) of exactly one whole picture. Raises NotJpeg."""
    if len(jpeg) < MIN_BYTES or not jpeg.startswith(_SOI):
        raise NotJpeg("is no JPEG")
    walk = Walk()
    if walk.end(jpeg) != len(jpeg):
        raise NotJpeg("is cut off or has something behind it")
    if walk.size is None:
        raise NotJpeg("has no size")
    return walk.size


class Splitter:
    """Fed with bytes as they come; garbage between pictures is passed over."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max = max_bytes
        self._buffer = bytearray()
        self._walk: Walk | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pictures that these bytes complete. Memory: one picture."""
        self._buffer += data
        while self._started():
            end = self._end()
            if end == 0:
                if len(self._buffer) > self._max:
                    self._drop(2)
                    continue
                return
            if end > 0:
                picture = bytes(self._buffer[:end])
                self._drop(end)
                yield picture

    def _started(self) -> bool:
        if self._walk is None:
            start = self._buffer.find(_SOI)
            del self._buffer[: start if start >= 0 else max(0, len(self._buffer) - 2)]
            if start < 0:
                return False
            self._walk = Walk()
        return True

    def _end(self) -> int:
        """-1: this was no picture, look for the next start."""
        try:
            return self._walk.end(self._buffer) if self._walk else -1
        except NotJpeg:
            self._drop(2)
            return -1

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._walk = None
