"""Videos that a printer itself has made: a poster, their length, and a form that browsers play.

A P1 or A1 leaves Motion JPEG in AVI, which no browser plays; the original stays beside the MP4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from cameras.jpeg import MAX_PIXELS
from cameras.timelapse import encoder
from cameras.timelapse.child import Cancelled, ChildFailed, run
from cameras.timelapse.encoder import Tools
from cameras.timelapse.picture import POSTER_WIDTH
from cameras.timelapse.render import VIDEO, put, work_folder
from cameras.timelapse.store import POSTER

_PICTURE = "poster.jpg"


@dataclass(frozen=True, slots=True)
class Looked:
    """``video``: the file's name to play."""

    seconds: float
    video: str
    bytes: int


def look(
    folder: Path, name: str, tools: Tools, progress: Callable[[float], None], cancelled: Cancelled
) -> Looked:
    """Decode all of ``folder``/``name``. Raises ChildFailed, Left, OSError."""
    with work_folder(folder) as work:
        seconds = _decode(tools, work, name, cancelled)
        progress(0.5)
        put(work / _PICTURE, folder / POSTER)
        if name.endswith(".mp4"):
            return Looked(seconds, name, (folder / name).stat().st_size)
        _convert(tools, work, name, cancelled)
        return Looked(seconds, VIDEO, put(work / encoder.OUTPUT, folder / VIDEO))


def _opened(name: str) -> Any:
    """The file comes from whatever holds the printer's address. By its content ffmpeg would take a
    list of other files for a video, and show those; so it is told what it is."""
    kind = "mov" if name.endswith(".mp4") else "avi"
    return ffmpeg.input(
        f"../{name}", f=kind, protocol_whitelist="file", max_pixels=MAX_PIXELS, threads=1
    ).video


def _decode(tools: Tools, work: Path, name: str, cancelled: Cancelled) -> float:
    """Its length in seconds; the last picture is left in the work folder."""
    stream = _opened(name).filter("scale", f"min({POSTER_WIDTH},iw)", -2)
    output = ffmpeg.output(stream, _PICTURE, f="image2", update=1, **{"q:v": 4})
    lines = run(encoder.finished(output, tools), work, cancelled)
    times = [
        int(line[12:]) for line in lines if line[:12] == "out_time_us=" and line[12:].isdigit()
    ]
    if not times or not (work / _PICTURE).is_file():
        raise ChildFailed("There is no picture in the video.")
    return times[-1] / 1_000_000


def _convert(tools: Tools, work: Path, name: str, cancelled: Cancelled) -> None:
    stream = _opened(name).filter("pad", "ceil(iw/2)*2", "ceil(ih/2)*2")
    run(encoder.finished(encoder.h264(stream), tools), work, cancelled)
    if not encoder.count_frames(tools, work / encoder.OUTPUT, cancelled):
        raise ChildFailed("The video has no frames after it was converted.")
