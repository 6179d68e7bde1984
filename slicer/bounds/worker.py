"""Child process of slicer.bounds.runner: scans one print file and writes what it found to stdout.

``python -m slicer.bounds.worker FILE SECONDS MEMORY_MB``: the file is the farm's own path, never a
name a person gave. It changes nothing and needs nothing but to read that file.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from core import jsonio
from core.errors import FarmError
from slicer import children, sniff
from slicer.bgcode import binary_file
from slicer.bounds.result import PlateBounds
from slicer.bounds.scan import scan
from slicer.kinds import Kind
from slicer.threemf.archive import SafeArchive

CHUNK_BYTES = 256 * 1024
_PLATE = re.compile(r"Metadata/plate_([1-9]\d{0,2})\.gcode")


def bounds_of(path: Path, seconds: float) -> list[PlateBounds]:
    """Every plate's bounds; all of them together get the time."""
    deadline = time.monotonic() + seconds

    def plate(chunks: Iterable[bytes], index: int = 1) -> PlateBounds:
        return scan(chunks, plate=index, seconds=deadline - time.monotonic())

    kind = sniff.kind_of(path)
    if kind == Kind.GCODE:
        return [plate(_chunks(path))]
    if kind == Kind.BGCODE:
        return [plate(binary_file.text_chunks(path, "the file"))]
    with SafeArchive(path, "the file") as archive:
        found = [plate(archive.chunks(member), index) for index, member in _plates(archive)]
    return found or [PlateBounds(complete=False, reason="damaged")]


def _plates(archive: SafeArchive) -> list[tuple[int, str]]:
    found = [(_PLATE.fullmatch(member), member) for member in archive.names]
    return sorted((int(match[1]), member) for match, member in found if match)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def main() -> int:
    path, seconds, memory_mb = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    children.limit(seconds, memory_mb)
    try:
        answer = {"plates": bounds_of(path, seconds)}
    except FarmError:
        answer = {"plates": [PlateBounds(complete=False, reason="damaged")]}
    except MemoryError:
        answer = {"plates": [PlateBounds(complete=False, reason="memory")]}
    sys.stdout.buffer.write(jsonio.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
