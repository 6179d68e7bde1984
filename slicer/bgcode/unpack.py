"""What is in a block of binary G-code: the four compressions, exact lengths only."""

from __future__ import annotations

import zlib
from typing import Protocol

from slicer.bgcode import heatshrink

_NONE, _DEFLATE, _HEATSHRINK_11, _HEATSHRINK_12 = range(4)
_WINDOW_BITS = {_HEATSHRINK_11: 11, _HEATSHRINK_12: 12}
_MAX_DEFLATE_RATIO = 200  # print-files 6


class Packed(Protocol):
    """What a block's header says of its data."""

    @property
    def compression(self) -> int: ...
    @property
    def size(self) -> int: ...


def max_ratio(compression: int) -> int:
    """How many bytes one stored byte may become."""
    if compression == _NONE:
        return 1
    return _MAX_DEFLATE_RATIO if compression == _DEFLATE else heatshrink.MAX_RATIO


def unpack(data: bytes, block: Packed) -> bytes:
    """The block's ``size`` bytes. Raises ValueError when ``data`` does not hold them exactly."""
    if block.compression == _NONE:
        return data
    if block.compression == _DEFLATE:
        return _inflate(data, block.size)
    return heatshrink.unpack(data, _WINDOW_BITS[block.compression], block.size)


def _inflate(data: bytes, size: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(found) != size or not stream.eof or stream.unused_data:
        raise ValueError(f"{len(found)} bytes instead of {size}")
    return found
