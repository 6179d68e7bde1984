"""Puts a picture into G-code that has none, the way slicers do, so that printers show it too."""

from __future__ import annotations

import base64
import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from slicer import png

MAX_BYTES = 200_000
"""Of a picture: with its base64 it stays within what readers look at from a file's head."""
_LINE = 78
_CHUNK_BYTES = 1024 * 1024
_MAX_FIRST_LINE = 64 * 1024


def insert_picture(path: Path, picture: bytes) -> bool:
    """Add the PNG behind the file's first line, which names the slicer.

    Takes the same memory whatever the file's size, and as much room on the disk once more. False
    when the picture is none, or too large to be of use. Raises OSError; the file is then as it was.
    """
    size = png.size_of(picture)
    if size is None or len(picture) > MAX_BYTES or not png.is_whole(picture):
        return False
    new = path.with_name(path.name + ".new")
    try:
        with path.open("rb") as source, new.open("xb") as target:
            first = source.readline(_MAX_FIRST_LINE)
            target.write(first)
            target.writelines(block(picture, size))
            shutil.copyfileobj(source, target, _CHUNK_BYTES)
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    return True


def block(picture: bytes, size: tuple[int, int]) -> Iterator[bytes]:
    """The lines of PrusaSlicer's comment, which the others took over."""
    text = base64.b64encode(picture)
    yield b"\n;\n; thumbnail begin %dx%d %d\n" % (*size, len(text))
    for at in range(0, len(text), _LINE):
        yield b"; " + text[at : at + _LINE] + b"\n"
    yield b"; thumbnail end\n;\n"
