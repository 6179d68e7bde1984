"""Finds a whole JPEG by walking its markers.

The first FF D9 is not the end: an embedded thumbnail has its own (cameras-and-rig, raw MJPEG).
Inside entropy-coded data FF is followed by 00 or a restart marker; every other segment carries
its length.
"""

from __future__ import annotations

_SOI = b"\xff\xd8\xff"
_EOI = 0xD9
_SOS = 0xDA
_RESTARTS = range(0xD0, 0xD8)
_STANDALONE = frozenset({0x01, *_RESTARTS})
_FILL = 0xFF
MAX_SEGMENTS = 4096
MAX_STARTS = 16
"""Together they bound the time that bytes made to be slow can cost."""


class BadJpeg(ValueError):
    """These bytes cannot become a JPEG, whatever follows."""


def jpeg_end(data: bytes, start: int = 0) -> int:
    """Index after the picture's last byte, 0 when it is not yet complete.

    ``start`` is the index of its first byte. Raises BadJpeg.
    """
    if not data.startswith(_SOI, start):
        raise BadJpeg("no start of image")
    at = start + 2
    scans = 0
    for _ in range(MAX_SEGMENTS):
        found = _next_marker(data, at)
        if found is None:
            return 0
        marker, at = found
        if marker == _EOI:
            if not scans:
                raise BadJpeg("ends before any picture data")
            return at
        if marker in _STANDALONE:
            continue
        at = _after_segment(data, at)
        if not at:
            return 0
        if marker == _SOS:
            scans += 1
            at = _after_scan(data, at)
            if at < 0:
                return 0
    raise BadJpeg("more segments than any picture has")


def _next_marker(data: bytes, at: int) -> tuple[int, int] | None:
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


def _after_segment(data: bytes, at: int) -> int:
    """Index behind a segment whose length stands at ``at``, 0 when it is not all there."""
    if at + 2 > len(data):
        return 0
    length = int.from_bytes(data[at : at + 2], "big")
    if length < 2:
        raise BadJpeg("a segment shorter than its own length")
    return at + length if at + length <= len(data) else 0


def _after_scan(data: bytes, at: int) -> int:
    """Index of the marker that ends entropy-coded data, -1 when it has not come yet."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return -1
        follower = data[at + 1]
        if follower == _FILL:
            at += 1
        elif follower == 0x00 or follower in _RESTARTS:
            at += 2
        else:
            return at


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
