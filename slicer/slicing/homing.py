"""Does a print file find its zero before it prints? A slicing without presets does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from slicer.bgcode import binary_file
from slicer.threemf.archive import SafeArchive

HEAD_BYTES = 4 * 1024 * 1024  # pictures and settings may stand before the start code
_CHUNK_BYTES = 256 * 1024
_LAYER = re.compile(rb";\s?(?:LAYER_CHANGE|CHANGE_LAYER|LAYER:|layer 0\b)", re.IGNORECASE)
_HOMES = re.compile(rb"\s*G28(?:\.\d)?(?:\s|;|$)", re.IGNORECASE)
_MACRO = re.compile(rb"\s*_?[A-Za-z]{2,}\w*(?:\s|$)")
"""A Klipper macro ("START_PRINT BED=60"), which homes where nobody can see it from here."""
_FIRMWARE_HOMES = re.compile(rb";\s?FLAVOR:\s?(?:Griffin|UltiGCode|Makerbot)", re.IGNORECASE)


def homes(head: Iterable[bytes]) -> bool:
    """Whether the lines before the first layer home the axes, or call a macro that may."""
    for line in lines(head):
        if _LAYER.match(line):
            return False
        if line.startswith(b";"):
            if _FIRMWARE_HOMES.match(line):
                return True
        elif _HOMES.match(line) or _MACRO.match(line):
            return True
    return False


def head_of(path: Path, kind: str, plate: int) -> Iterator[bytes]:
    """The plate's G-code from its beginning, as far as anybody need look."""
    left = HEAD_BYTES
    for chunk in _chunks(path, kind, plate):
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _chunks(path: Path, kind: str, plate: int) -> Iterator[bytes]:
    if kind == "bgcode":
        yield from binary_file.text_chunks(path, path.name)
    elif kind == "gcode":
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    else:
        with SafeArchive(path, path.name) as archive:
            yield from archive.chunks(f"Metadata/plate_{plate}.gcode")
