"""Writes binary G-code by the format's specification, whole or broken in one chosen place."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence

import heatshrink2

FILE, GCODE, SLICER, PRINTER, PRINT, PICTURE = range(6)
NONE, DEFLATE, HEATSHRINK_11, HEATSHRINK_12 = range(4)
TEXT, MEATPACK, MEATPACK_COMMENTS = range(3)
PNG, JPG, QOI = range(3)

PRODUCER = b"Producer=PrusaSlicer 2.8.1\nProduced on=2026-01-02 at 03:04:05 UTC\n"
PRINTER_DATA = (
    b"printer_model=MK4S\nfilament_type=PLA;PETG\nnozzle_diameter=0.4,0.4\n"
    b'extruder_colour="";""\nmax_layer_z=6.20\n'
    b"filament used [mm]=1500.00, 400.00\nfilament used [g]=4.50, 1.20\n"
)
PRINT_DATA = (
    b"filament used [mm]=1500.00, 400.00\nfilament used [g]=4.50, 1.20\n"
    b"total filament used [g]=5.70\nestimated printing time (normal mode)=1h 2m 3s\n"
    b"estimated printing time (silent mode)=9h 2m 3s\n"
)
SLICER_DATA = (
    b"filament_colour=#FF8000;#00FF00\nprinter_model=MK4S\nnozzle_diameter=0.4,0.4\n"
    b'filament_settings_id="Prusament PLA @MK4S";"Generic PETG @MK4S"\n'
    b"start_gcode=G28\\nprinter_model=XL\n"
)
MOVES = b"""M73 P0 R62
M862.1 P0.4 A0 F0 ; nozzle check
M862.3 P "MK4S" ; printer model check
M486 S0
M486 AShape-Box
M486 S-1
G28 ; home
;LAYER_CHANGE
;Z:0.2
;HEIGHT:0.2
G1 X10.5 Y20.25 F9000
G1 X30 Y20.25 E.55
;LAYER_CHANGE
;Z:0.4
G1 X10.5 Y-2 E1.5
M104 S0
"""

_SMALL = {char: at for at, char in enumerate(b"0123456789. \nGX")}


def header(version: int = 1, checksum: int = 1) -> bytes:
    return struct.pack("<4sIH", b"GCDE", version, checksum)


def packed(data: bytes, compression: int) -> bytes:
    if compression == DEFLATE:
        return zlib.compress(data)
    if compression == NONE:
        return data
    window = 11 if compression == HEATSHRINK_11 else 12
    return bytes(heatshrink2.encode(data, window_sz2=window, lookahead_sz2=4))


def block(
    kind: int,
    data: bytes,
    compression: int = NONE,
    encoding: int = 0,
    *,
    size: int | None = None,
    stored: bytes | None = None,
    crc: int | None = None,
    checksum: bool = True,
) -> bytes:
    """``size`` and ``stored`` replace what is said and what lies there."""
    body = packed(data, compression) if stored is None else stored
    head = struct.pack("<HHI", kind, compression, len(data) if size is None else size)
    if compression:
        head += struct.pack("<I", len(body))
    params = struct.pack("<HHH", encoding, 4, 4) if kind == PICTURE else struct.pack("<H", encoding)
    whole = head + params + body
    if not checksum:
        return whole
    return whole + struct.pack("<I", zlib.crc32(whole) if crc is None else crc)


def metadata(compression: int = NONE, *, checksum: bool = True) -> list[bytes]:
    """File, printer, print and slicer metadata; previews belong behind the second."""
    return [
        block(FILE, PRODUCER, checksum=checksum),
        block(PRINTER, PRINTER_DATA, checksum=checksum),
        block(PRINT, PRINT_DATA, compression, checksum=checksum),
        block(SLICER, SLICER_DATA, compression, checksum=checksum),
    ]


def whole(
    gcode: Iterable[bytes] = (MOVES,),
    compression: int = HEATSHRINK_12,
    encoding: int = MEATPACK_COMMENTS,
    pictures: Sequence[bytes] = (),
) -> bytes:
    """A sound file; ``pictures`` are preview blocks."""
    parts = metadata(DEFLATE)
    parts[2:2] = list(pictures)
    parts += [gcode_block(text, compression, encoding) for text in gcode]
    return header() + b"".join(parts)


def gcode_block(
    text: bytes, compression: int = HEATSHRINK_12, encoding: int = MEATPACK_COMMENTS
) -> bytes:
    data = text if encoding == TEXT else meatpack(text, comments=encoding == MEATPACK_COMMENTS)
    return block(GCODE, data, compression, encoding)


def meatpack(text: bytes, *, comments: bool = True, spaces: bool = False) -> bytes:
    """As Prusa's writer packs it: comment lines plain, moves without their spaces."""
    small = dict(_SMALL)
    if not spaces:
        small[ord("E")] = small.pop(ord(" "))
    out = b"\xff\xff\xfb" + (b"" if spaces else b"\xff\xff\xf7")
    packing = True
    for line in text.splitlines():
        if line.startswith(b";"):
            if comments:
                out += (b"\xff\xff\xfa" if packing else b"") + line + b"\n"
                packing = False
            continue
        code = line.partition(b";")[0].strip()
        if not code:
            continue
        if not spaces and code.startswith(b"G"):
            code = code.replace(b" ", b"") + b"\n"  # the writer ends such a line twice
        out += (b"" if packing else b"\xff\xff\xfb") + _pairs(code + b"\n", small)
        packing = True
    return out + (b"" if comments else b"\xff\xff\xf9")


def _pairs(code: bytes, small: dict[int, int]) -> bytes:
    out = bytearray()
    for at in range(0, len(code), 2):
        first = code[at]
        second = code[at + 1] if at + 1 < len(code) else ord("\n")
        low, high = small.get(first, 15), small.get(second, 15)
        out.append(high << 4 | low)
        out += bytes([first] if low == 15 else []) + bytes([second] if high == 15 else [])
    return bytes(out)
