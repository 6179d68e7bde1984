"""Previews that slicers write into G-code comments: base64 between "thumbnail begin" and "end".

The form is PrusaSlicer's; SuperSlicer, OrcaSlicer and Cura's plug-in write the same. Other
encodings than PNG (QOI, JPG) stand under names of their own; previews.py makes PNGs of them.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from slicer import png, previews
from slicer.gcode.scan import HEAD_BYTES

Picture = tuple[int, bytes]
"""(shorter side in pixels, PNG)"""

MAX_PICTURES = 16
SMALL_MIN_SIDE = 48  # a smaller one is for a printer's own screen
_BEGIN = re.compile(rb"; ?thumbnail(?:_PNG)? begin (\d{1,5}) ?[x ] ?(\d{1,5}) (\d{1,8})\s")
_BEGIN_OTHER = re.compile(rb"; ?thumbnail_(?:QOI|JPG) begin (\d{1,5}) ?[x ] ?(\d{1,5}) (\d{1,8})\s")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")


def picture(path: Path, *, small: bool = False) -> bytes | None:
    """The file's best preview as PNG, None when there is none."""
    with path.open("rb") as file:
        return best(file.read(HEAD_BYTES), small=small)


def best(head: bytes, *, small: bool = False) -> bytes | None:
    """The largest whole PNG in the file's head; ``small``: the smallest a list can show."""
    return choose(_pictures(head), small=small)


def choose(found: Sequence[Picture], *, small: bool = False) -> bytes | None:
    """The largest; ``small``: the smallest that a list can show; None of none."""
    if not found:
        return None
    if small:
        shown = [item for item in found if item[0] >= SMALL_MIN_SIDE]
        return min(shown or found, key=lambda item: item[0])[1]
    return max(found, key=lambda item: item[0])[1]


def sane(raw: bytes) -> Picture | None:
    """None for anything but a whole PNG of sane size."""
    size = png.size_of(raw)
    if size is None or max(size) > png.MAX_SIDE or not png.is_whole(raw):
        return None
    return min(size), raw


def other_picture(path: Path) -> bytes | None:
    """The file's best preview that is QOI or JPG."""
    with path.open("rb") as file:
        found = [previews.sane(raw) for raw in _blocks(file.read(HEAD_BYTES), _BEGIN_OTHER)]
    return previews.best([raw for raw in found if raw is not None])


def _pictures(head: bytes) -> list[Picture]:
    found = [sane(raw) for raw in _blocks(head, _BEGIN)]
    return [picture for picture in found if picture is not None]


def _blocks(head: bytes, begin: re.Pattern[bytes]) -> Iterator[bytes]:
    for match in itertools.islice(begin.finditer(head), MAX_PICTURES):
        end = head.find(b"thumbnail", match.end())
        yield _decoded(head[match.end() : end], int(match[3])) if end > 0 else b""


def _decoded(block: bytes, declared: int) -> bytes:
    """The picture's bytes, empty when the block is damaged or larger than any preview."""
    text = _NOT_BASE64.sub(b"", block)
    if declared > png.MAX_BYTES * 4 // 3 or len(text) != declared:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
