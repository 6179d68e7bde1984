"""Cuts whole pictures out of an endless stream, whatever stands between them.

A multipart stream needs no more: a part's headers can hold no start of image, so boundaries of any
spelling, with or without lengths, are passed over, and a damaged picture costs only itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from cameras.frames import CameraFailed
from cameras.jpeg import BadJpeg, JpegWalk

MAX_PICTURE_BYTES = 8 * 1024 * 1024
MAX_BAD_PICTURES = 10
"""Broken ones in a row before the stream is given up."""
_SOI = b"\xff\xd8\xff"


def broken() -> CameraFailed:
    return CameraFailed("Camera sends broken pictures", code="bad_frames")


class JpegStream:
    """Fed with bytes as they come. Memory: one picture."""

    def __init__(self, max_bytes: int = MAX_PICTURE_BYTES) -> None:
        self._max = max_bytes
        self._buffer = bytearray()
        self._walk: JpegWalk | None = None
        self._skipped = 0
        self._bad = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pictures that these bytes complete. Raises CameraFailed (bad_frames)."""
        self._buffer += data
        while self._find_start():
            end = self._end()
            if end < 0:
                continue
            if not end:
                if len(self._buffer) > self._max:
                    raise broken()
                return
            picture = bytes(self._buffer[:end])
            self._drop(end)
            self._skipped = self._bad = 0
            yield picture

    def _find_start(self) -> bool:
        if self._walk is not None:
            return True
        start = self._buffer.find(_SOI)
        garbage = start if start >= 0 else max(0, len(self._buffer) - len(_SOI) + 1)
        self._skipped += garbage
        if self._skipped > self._max:
            raise broken()
        self._drop(garbage)
        if start >= 0:
            self._walk = JpegWalk()
        return start >= 0

    def _end(self) -> int:
        """As JpegWalk.end, -1 when this was no picture and the search goes on behind its start."""
        if self._walk is None:
            return -1
        try:
            return self._walk.end(self._buffer)
        except BadJpeg:
            self._bad += 1
            if self._bad >= MAX_BAD_PICTURES:
                raise broken() from None
            self._drop(2)
            return -1

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._walk = None
