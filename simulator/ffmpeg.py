"""Which ffmpeg encodes the pictures of simulated cameras: the system's, else imageio-ffmpeg's."""

from __future__ import annotations

import shutil
from functools import cache


@cache
def find_ffmpeg() -> str | None:
    """The program's path; None when there is none on this machine."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError:
        return None
    try:
        return str(get_ffmpeg_exe())
    except RuntimeError:  # its package carries no program for this machine
        return None
