"""Binary G-code that is broken or built to do harm: name -> how it is made, the code."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

from core.errors import FarmError, TooLarge, Unusable
from slicer.bgcode.blocks import MAX_BLOCKS
from tests.slicer import bgcode_writer as write

EMPTY_BLOCK = write.block(write.GCODE, b"")


def _with(*blocks: bytes) -> bytes:
    return write.header() + b"".join(write.metadata()) + b"".join(blocks)


def _gcode(**broken: Any) -> bytes:
    return _with(write.block(write.GCODE, write.MOVES, **broken))


def _instead(at: int, block: bytes) -> bytes:
    """Sound but for one of its metadata blocks."""
    parts = write.metadata()
    parts[at] = block
    return write.header() + b"".join(parts) + write.gcode_block(write.MOVES)


def _only(kind: int) -> bytes:
    """Without the metadata of that kind."""
    kinds = [write.FILE, write.PRINTER, write.PRINT, write.SLICER]
    parts = [part for each, part in zip(kinds, write.metadata(), strict=True) if each != kind]
    return write.header() + b"".join(parts) + write.gcode_block(write.MOVES)


def _claims(kind: int, compression: int, size: int, stored: int) -> bytes:
    """A header that claims sizes, with nothing behind it."""
    return struct.pack("<HHIIH", kind, compression, size, stored, 0)


def _bomb() -> bytes:
    """Blocks that are each within the limits, but too much together: 300 MB in 2.2 MB."""
    data = random.Random(1).randbytes(7_000) + bytes(1024 * 1024 - 7_000)
    return _with(*[write.block(write.GCODE, data, write.DEFLATE, stored=zlib.compress(data))] * 300)


def _allowed(compression: int, encoding: int) -> bytes:
    """As much as may be unpacked, 250 MB, and no print in it."""
    text = b"G1 X100 Y100.5 F9000 ; travel\n" * (1024 * 1024 // 31)
    data = (
        text
        if encoding == write.TEXT
        else b"\xff\xff\xfb\xff\xff\xf7" + b"\x1d\x1e\x92\xcc" * 262_000
    )
    if compression == write.DEFLATE:
        data += random.Random(1).randbytes(7_000).hex().encode()
    return _with(*[write.block(write.GCODE, data, compression, encoding)] * 240)


def _tight() -> bytes:
    """As many bytes as one stored byte can become: 1029 by deflate."""
    zeros = bytes(1024 * 1024)
    return _with(write.block(write.GCODE, zeros, write.DEFLATE, stored=zlib.compress(zeros, 9)))


MOVES = write.MOVES
_TRAVEL = write.gcode_block(b"G1 X100 Y100\n" * 70_000)
NOISE = bytes(range(256)) * 40
CASES: dict[str, tuple[Callable[[], bytes], str, type[FarmError]]] = {
    "magic alone": (lambda: b"GCDE", "truncated", Unusable),
    "header alone": (lambda: write.header(), "bgcode_no_gcode", Unusable),
    "version 0": (lambda: write.header(0) + write.whole()[10:], "bgcode_version", Unusable),
    "version 2": (lambda: write.header(2) + write.whole()[10:], "bgcode_version", Unusable),
    "checksum method": (
        lambda: write.header(checksum=2) + write.whole()[10:], "bgcode_checksum_type", Unusable,
    ),
    "cut block header": (lambda: _with(write.gcode_block(MOVES)[:6]), "truncated", Unusable),
    "cut packed header": (lambda: _with(write.gcode_block(MOVES)[:11]), "truncated", Unusable),
    "cut data": (lambda: write.whole()[:-40], "truncated", Unusable),
    "cut checksum": (lambda: write.whole()[:-1], "truncated", Unusable),
    "block type": (lambda: _with(write.block(6, b"x")), "bgcode_block_type", Unusable),
    "compression": (lambda: _gcode(compression=4, stored=b"x"), "bgcode_compression", Unusable),
    "packed preview": (
        lambda: write.whole(pictures=[write.block(write.PICTURE, b"x" * 99, write.DEFLATE)]),
        "bgcode_compression",
        Unusable,
    ),
    "G-code encoding": (lambda: _gcode(encoding=3), "bgcode_encoding", Unusable),
    "metadata encoding": (
        lambda: _instead(1, write.block(write.PRINTER, b"a=b\n", encoding=1)),
        "bgcode_encoding",
        Unusable,
    ),
    "preview format": (
        lambda: write.whole(pictures=[write.block(write.PICTURE, b"x", encoding=3)]),
        "bgcode_encoding",
        Unusable,
    ),
    "4 GB block": (
        lambda: _with(_claims(write.GCODE, 1, 2**32 - 1, 90)), "bgcode_block_too_large", TooLarge,
    ),
    "4 GB stored": (
        lambda: _with(_claims(write.GCODE, 3, 65_536, 2**32 - 1)),
        "bgcode_block_too_large",
        TooLarge,
    ),
    "metadata of 5 MB": (
        lambda: _instead(3, write.block(write.SLICER, b"a=b\n" * 1_250_001)),
        "bgcode_block_too_large",
        TooLarge,
    ),
    "preview of 9 MB": (
        lambda: write.whole(pictures=[write.block(write.PICTURE, bytes(9_000_000))]),
        "bgcode_block_too_large",
        TooLarge,
    ),
    "deflate bomb": (_tight, "bgcode_ratio", TooLarge),
    "heatshrink bomb": (
        lambda: _gcode(compression=3, size=1_000_000, stored=bytes(100_000)),
        "bgcode_ratio",
        TooLarge,
    ),
    "many bombs": (_bomb, "bgcode_too_large", TooLarge),
    "many blocks": (
        lambda: _with(*[EMPTY_BLOCK] * (MAX_BLOCKS + 1)), "bgcode_too_many_blocks", TooLarge,
    ),
    "wrong checksum": (lambda: _gcode(crc=1), "bgcode_crc", Unusable),
    "wrong checksum of metadata": (
        lambda: _instead(1, write.block(write.PRINTER, b"a=b\n", crc=1)), "bgcode_crc", Unusable,
    ),
    "deflate noise": (lambda: _gcode(compression=1, stored=NOISE), "bgcode_unpack", Unusable),
    "deflate gives less": (
        lambda: _gcode(compression=1, size=len(MOVES) + 1), "bgcode_unpack", Unusable,
    ),
    "deflate gives more": (
        lambda: _gcode(compression=1, size=len(MOVES) - 1), "bgcode_unpack", Unusable,
    ),
    "deflate and a rest": (
        lambda: _gcode(compression=1, stored=zlib.compress(MOVES) + b"x"),
        "bgcode_unpack",
        Unusable,
    ),
    "heatshrink gives less": (
        lambda: _gcode(compression=3, size=len(MOVES) + 1), "bgcode_unpack", Unusable,
    ),
    "heatshrink gives more": (
        lambda: _gcode(compression=2, size=len(MOVES) - 1), "bgcode_unpack", Unusable,
    ),
    "no G-code": (lambda: _with(), "bgcode_no_gcode", Unusable),
    "no printer metadata": (lambda: _only(write.PRINTER), "bgcode_incomplete", Unusable),
    "no print metadata": (lambda: _only(write.PRINT), "bgcode_incomplete", Unusable),
    "no slicer metadata": (lambda: _only(write.SLICER), "bgcode_incomplete", Unusable),
    "metadata behind the G-code": (
        lambda: _with(write.gcode_block(MOVES), write.block(write.PRINT, b"a=b\n")),
        "bgcode_order",
        Unusable,
    ),
    "metadata twice": (
        lambda: _with(write.metadata()[3], write.gcode_block(MOVES)), "bgcode_order", Unusable,
    ),
    "cut MeatPack": (
        lambda: _gcode(encoding=2, stored=b"\xff\xff\xfb\x0f", size=4), "bgcode_meatpack", Unusable,
    ),
    "bytes, no text": (
        lambda: _with(write.block(write.GCODE, MOVES + b"\0" * 9)), "gcode_binary", Unusable,
    ),
    "empty G-code": (lambda: _with(EMPTY_BLOCK), "gcode_only_comments", Unusable),
    "only comments": (
        lambda: _with(write.gcode_block(b"; a\n; b\n")), "gcode_only_comments", Unusable,
    ),
    "no print": (lambda: _with(write.gcode_block(b"G28\nG1 X1 Y1\n")), "empty_plate", Unusable),
    "no print in sight": (
        lambda: _with(*[_TRAVEL] * 12, write.gcode_block(MOVES)), "empty_plate", Unusable,
    ),
    "250 MB of text by deflate": (
        lambda: _allowed(write.DEFLATE, write.TEXT), "empty_plate", Unusable,
    ),
    "250 MB packed by heatshrink": (
        lambda: _allowed(write.HEATSHRINK_12, write.MEATPACK), "empty_plate", Unusable,
    ),
    "one line of 2 MB": (
        lambda: _with(*[write.block(write.GCODE, b"G1X1" * 250_000)] * 2),
        "gcode_line_too_long",
        TooLarge,
    ),
}  # fmt: skip
