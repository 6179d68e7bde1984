"""Child process of slicer.previews: finds a print file's QOI or JPG and writes it as PNG.

``python -m slicer.preview_worker FILE SECONDS MEMORY_MB``: the file is the farm's own path. Exit
code 3: there is none that can be read.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from slicer import children, png, sniff
from slicer.bgcode import binary_file
from slicer.gcode import pictures
from slicer.kinds import Kind

UNREADABLE = 3


def _preview(path: Path) -> bytes | None:
    if sniff.kind_of(path) == Kind.BGCODE:
        return binary_file.other_picture(path, "the file")
    return pictures.other_picture(path)


def main() -> int:
    path = Path(sys.argv[1])
    children.limit(float(sys.argv[2]), int(sys.argv[3]))
    from PIL import Image  # only here and now: under the limits

    raw = _preview(path)
    if raw is None:
        return UNREADABLE
    try:
        with Image.open(io.BytesIO(raw), formats=("QOI", "JPEG")) as picture:
            if max(picture.size) > png.MAX_SIDE:
                return UNREADABLE
            picture.save(sys.stdout.buffer, "PNG")
    except (OSError, ValueError, SyntaxError, IndexError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return UNREADABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
