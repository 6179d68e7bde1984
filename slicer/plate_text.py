"""A plate's G-code as text, whatever it is packed in: piece by piece, in bounded memory."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

from slicer.bgcode import binary_file
from slicer.threemf.archive import SafeArchive

CHUNK_BYTES = 256 * 1024


def chunks(path: Path, kind: str, name: str, plate: int) -> Generator[bytes, None, None]:
    """The text of one plate of a print file of that kind (printfile.PRINT_KINDS).

    Binary G-code is unpacked at about 15 MB/s. Raises OSError, and Unusable or TooLarge when the
    file is damaged. Close the generator to let go of the file before its end.
    """
    if kind == "bgcode":
        yield from binary_file.text_chunks(path, name)
    elif kind == "gcode":
        yield from _plain(path)
    else:
        yield from _member(path, name, plate)


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _member(path: Path, name: str, plate: int) -> Iterator[bytes]:
    with SafeArchive(path, name) as archive:
        yield from archive.chunks(f"Metadata/plate_{plate}.gcode")
