"""ffmpeg and ffprobe for finished timelapses: the commands, and how many frames a video has.

Figures and pitfalls: cameras-and-rig 5. Every path in a command is relative to the work folder, so
that no name can be taken for a pattern or an option.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from cameras.configured import NO_TURN, Turn
from cameras.timelapse.child import Cancelled, ChildFailed, run
from cameras.timelapse.manifest import RenderOptions
from cameras.timelapse.selection import Size, hold_frames, video_size

PATTERN = "%06d.jpg"
OUTPUT = "video.mp4.part"
_CRF, _PRESET = 22, "veryfast"
_DEFLICKER_FRAMES = 5
_QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error")
_WATCHED = ("-progress", "pipe:1", "-stats_period", "0.5")
_ONE_FRAME = "media_type=video"
_TRANSPOSE = {90: "clock", 270: "cclock"}


@dataclass(frozen=True, slots=True)
class Tools:
    """Paths; ``ffprobe`` "" = there is none (imageio-ffmpeg brings ffmpeg alone)."""

    ffmpeg: str
    ffprobe: str = ""


def with_probe(ffmpeg_path: str) -> Tools:
    """The ffprobe that lies beside this ffmpeg, else the one in PATH, else none."""
    found = Path(shutil.which(ffmpeg_path) or ffmpeg_path)
    beside = shutil.which("ffprobe", path=str(found.parent))
    return Tools(ffmpeg_path, beside or shutil.which("ffprobe") or "")


def command(tools: Tools, size: Size, options: RenderOptions, turn: Turn = NO_TURN) -> list[str]:
    """Frames 000001.jpg … without a gap, all of ``size``, to OUTPUT."""
    stream = ffmpeg.input(PATTERN, framerate=options.fps, start_number=1, threads=1)
    stream = _turned(stream, turn)
    if turn.rotate in _TRANSPOSE:
        size = size[1], size[0]
    wanted = video_size(size)
    if wanted[0] < size[0] - 1 or wanted[1] < size[1] - 1:
        stream = stream.filter("scale", *wanted)
    elif wanted != size:
        stream = stream.filter("pad", *wanted)  # by one line: nothing is resampled
    if options.deflicker:
        stream = stream.filter("deflicker", size=_DEFLICKER_FRAMES)
    if hold := hold_frames(options.fps, options.hold_s):
        stream = stream.filter("tpad", stop=hold, stop_mode="clone")
    return finished(h264(stream), tools)


def h264(stream: Any) -> Any:
    """To OUTPUT, as every browser plays it."""
    return ffmpeg.output(
        stream, OUTPUT, f="mp4", vcodec="libx264", preset=_PRESET, crf=_CRF, pix_fmt="yuv420p",
        movflags="+faststart", threads=1,
    )  # fmt: skip


def finished(output: Any, tools: Tools) -> list[str]:
    """The command line: quiet but for errors, with progress on standard output."""
    return list(output.global_args(*_QUIET, *_WATCHED).overwrite_output().compile(tools.ffmpeg))


def _turned(stream: Any, turn: Turn) -> Any:
    if turn.flip_h:
        stream = stream.filter("hflip")
    if turn.flip_v:
        stream = stream.filter("vflip")
    if turn.rotate == 180:
        return stream.filter("hflip").filter("vflip")
    if turn.rotate in _TRANSPOSE:
        return stream.filter("transpose", _TRANSPOSE[turn.rotate])
    return stream


def encode(
    tools: Tools, folder: Path, size: Size, options: RenderOptions, turn: Turn,
    on_frame: Callable[[int], None], cancelled: Cancelled,
) -> None:  # fmt: skip
    """Make OUTPUT in ``folder``. ``on_frame`` hears how many are done. Raises ChildFailed, Left."""

    def hear(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "frame" and value.strip().isdigit():
            on_frame(int(value))

    run(command(tools, size, options, turn), folder, cancelled, on_line=hear)


def count_frames(tools: Tools, path: Path, cancelled: Cancelled) -> int:
    """Pictures in the first video track, all decoded. Raises ChildFailed, Left.

    Each is named as it is decoded: one that is silent until it has the sum would be taken for one
    that hangs, for ten minutes of 4K take a weak machine longer than that.
    """
    if not tools.ffprobe:
        return _count_by_decoding(tools, path, cancelled)
    asked = [
        tools.ffprobe, "-v", "error", "-select_streams", "v:0", "-show_entries",
        "frame=media_type,pts,pkt_size", "-of", "default=noprint_wrappers=1", path.name,
    ]  # fmt: skip
    found = 0

    def hear(line: str) -> None:
        nonlocal found
        found += line == _ONE_FRAME

    run(asked, path.parent, cancelled, on_line=hear)
    return found


def _count_by_decoding(tools: Tools, path: Path, cancelled: Cancelled) -> int:
    stream = ffmpeg.input(path.name).video
    lines = run(finished(ffmpeg.output(stream, "-", f="null"), tools), path.parent, cancelled)
    counts = [int(line[6:]) for line in lines if line.startswith("frame=")]
    if not counts:
        raise ChildFailed("ffmpeg reads no frame in the video")
    return counts[-1]
