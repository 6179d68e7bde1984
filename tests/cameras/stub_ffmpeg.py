"""Programs that stand in for ffmpeg: they start in a few milliseconds and misbehave as told."""

from __future__ import annotations

import shutil
from pathlib import Path

from cameras.ffmpeg_program import FfmpegFinder

HANG = "exec sleep 600 2>/dev/null"


def stub(folder: Path, picture: bytes, script: str = 'cat "$here/parts"; ' + HANG) -> FfmpegFinder:
    """A shell script with three pictures beside it in "$here/parts"; answers -version by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    head = f"Content-type: image/jpeg\r\nContent-length: {len(picture)}\r\n\r\n".encode()
    (folder / "parts").write_bytes(b"--picture\r\n" + 3 * (head + picture + b"\r\n--picture\r\n"))
    program = folder / "ffmpeg"
    program.write_text(
        "#!/bin/sh\n"
        f"here={folder}\n"
        'for word in "$@"; do [ "$word" = -version ] && echo "ffmpeg version 5.1.9-stub" && exit\n'
        "done\n"
        f"{script}\n"
    )
    program.chmod(0o755)
    assert shutil.which(str(program))
    return FfmpegFinder(str(program))
