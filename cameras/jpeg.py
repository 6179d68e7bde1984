"""Finds a whole JPEG by walking its markers.

The first FF D9 is not the end: an embedded thumbnail has its own (cameras-and-rig, raw MJPEG).
Inside entropy-coded data FF is followed by 00 or a restart marker; every other segment carries
its length.
"""

from __future__ import annotations

Bytes = bytes | bytearray

_SOI = b"\xff\xd8\xff"
_EOI = 0xD9
_SOS = 0xDA
_RESTARTS = range(0xD0, 0xD8)
_STANDALONE = frozenset({0x01, *_RESTARTS})
_FILL = 0xFF
MAX_SEGMENTS = 4096
MAX_STARTS = 16
"""Together they bound the time that bytes made to be slow can cost."""
MAX_PIXELS = 64_000_000
MAX_SCANS = 100
"""A kilobyte can claim to be a gigabyte of pixels, or have each drawn a thousand times over: such
bytes must reach no decoder, here or in a browser. Progressive pictures have some ten scans."""


class BadJpeg(ValueError):
    """These bytes cannot become a JPEG, whatever follows."""


class JpegWalk:
    """Walks one picture while its bytes arrive; goes on where it stopped, never from the start."""

    def __init__(self, start: int = 0) -> None:
        """``start`` is the index of the picture's first byte."""
        self._start = start
        self._at = start + 2
        self._segments = 0
        self._scans = 0
        self._in_scan = False

    def end(self, data: Bytes) -> int:
        """Index after the picture's last byte, 0 when it is not yet complete. Raises BadJpeg.

        ``data`` holds at least what it held at the last call.
        """
        if not data.startswith(_SOI, self._start):
            raise BadJpeg("no start of image")
        while self._segments < MAX_SEGMENTS:
            if self._in_scan and not self._leave_scan(data):
                return 0
            found = _next_marker(data, self._at)
            if found is None:  # fill bytes up to the end, if anything
                self._at = max(self._at, len(data) - 1)
                return 0
            marker, behind = found
            if marker == _EOI:
                if not self._scans:
                    raise BadJpeg("ends before any picture data")
                return behind
            behind = _after_marker(data, marker, behind)
            if not behind:
                return 0
            self._at = behind
            self._segments += 1
            if marker == _SOS:
                self._begin_scan()
        raise BadJpeg("more segments than any picture has")

    def _begin_scan(self) -> None:
        self._scans += 1
        self._in_scan = True
        if self._scans > MAX_SCANS:
            raise BadJpeg("more scans than any picture has")

    def _leave_scan(self, data: Bytes) -> bool:
        """Move to the marker that ends entropy-coded data; False when it has not come yet."""
        ended, self._at = _after_scan(data, self._at)
        self._in_scan = not ended
        return ended


def jpeg_end(data: Bytes, start: int = 0) -> int:
    """Index after the picture's last byte, 0 when it is not yet complete.

    ``start`` is the index of its first byte. Raises BadJpeg.
    """
    return JpegWalk(start).end(data)


def _next_marker(data: Bytes, at: int) -> tuple[int, int] | None:
    """(marker, index behind it); None at the end of the data. Fill bytes are skipped."""
    if at < len(data) and data[at] != _FILL:
        raise BadJpeg("no marker where one must be")
    while at < len(data) and data[at] == _FILL:
        at += 1
    if at >= len(data):
        return None
    marker = data[at]
    if marker == 0x00 or marker == 0xD8:
        raise BadJpeg("a marker that cannot stand there")
    return marker, at + 1


def _after_marker(data: Bytes, marker: int, at: int) -> int:
    """As _after_segment, for what stands behind ``marker``, which may be nothing."""
    if marker in _STANDALONE:
        return at
    behind = _after_segment(data, at)
    if behind and _is_frame_header(marker):
        _check_size(data, at)
    return behind


def _after_segment(data: Bytes, at: int) -> int:
    """Index behind a segment whose length stands at ``at``, 0 when it is not all there."""
    if at + 2 > len(data):
        return 0
    length = int.from_bytes(data[at : at + 2], "big")
    if length < 2:
        raise BadJpeg("a segment shorter than its own length")
    return at + length if at + length <= len(data) else 0


def _after_scan(data: Bytes, at: int) -> tuple[bool, int]:
    """(True, index of the marker that ends entropy-coded data), or (False, where to go on)."""
    while True:
        found = data.find(b"\xff", at)
        if found < 0:
            return False, len(data)
        if found + 1 >= len(data):
            return False, found
        follower = data[found + 1]
        if follower == _FILL:
            at = found + 1
        elif follower == 0x00 or follower in _RESTARTS:
            at = found + 2
        else:
            return True, found


def first_jpeg(data: bytes) -> bytes | None:
    """The first whole JPEG in ``data``, garbage around it cut off; None when there is none."""
    start = data.find(_SOI)
    for _ in range(MAX_STARTS):
        if start < 0:
            break
        try:
            end = jpeg_end(data, start)
        except BadJpeg:
            end = 0
        if end:
            return data if start == 0 and end == len(data) else data[start:end]
        start = data.find(_SOI, start + 1)
    return None


_NO_FRAME_HEADERS = frozenset({0xC4, 0xC8, 0xCC})
"""Among C0–CF the ones that are no SOF: Huffman tables, reserved, arithmetic conditioning."""


def _is_frame_header(marker: int) -> bool:
    return 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_HEADERS


def _size_at(data: Bytes, at: int) -> tuple[int, int]:
    """(width, height) of the frame header whose length stands at ``at``."""
    height, width = data[at + 3 : at + 5], data[at + 5 : at + 7]
    return int.from_bytes(width, "big"), int.from_bytes(height, "big")


def _check_size(data: Bytes, at: int) -> None:
    width, height = _size_at(data, at)
    if width * height > MAX_PIXELS:
        raise BadJpeg(f"{width} x {height} pixels")


def size_of(jpeg: Bytes) -> tuple[int, int]:
    """(width, height) in pixels from the first frame header, (0, 0) where there is none."""
    at = 2
    try:
        while found := _next_marker(jpeg, at):
            marker, behind = found
            if _is_frame_header(marker):
                return _size_at(jpeg, behind)
            at = behind if marker in _STANDALONE else _after_segment(jpeg, behind)
            if marker in (_SOS, _EOI) or not at:
                break
    except BadJpeg:
        return 0, 0
    return 0, 0
