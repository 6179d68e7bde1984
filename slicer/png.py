"""What a PNG's header says. Nothing here decodes a picture."""

from __future__ import annotations

import struct

MAX_BYTES = 8_000_000
MAX_SIDE = 4096

_HEAD = struct.Struct(">8sI4sII")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"IEND\xaeB`\x82"


def size_of(raw: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels, None when these bytes do not begin like a PNG."""
    if len(raw) < _HEAD.size:
        return None
    signature, length, kind, width, height = _HEAD.unpack_from(raw)
    if signature != _SIGNATURE or kind != b"IHDR" or length != 13 or not width or not height:
        return None
    return width, height


def is_whole(raw: bytes) -> bool:
    """Whether the picture's last chunk is there."""
    return raw.endswith(_END)
