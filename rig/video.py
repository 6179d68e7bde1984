"""Frames to a verified H.264 video with ffmpeg (measured flags: cameras-and-rig 5).

Numbered input ends at the first gap with exit code 0, and so does an empty picture: frames are
checked and numbered anew before, and counted by ffprobe after.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from rig import files
from rig.errors import BuildFailed
from rig.jpeg import check
from rig.settings import VideoSettings
from rig.sources import end, last_words

SILENT_S = 180.0
"""Without a step forward for so long, ffmpeg hangs. A Pi 4 makes several frames a second."""
_PROBE_S = 900.0
_ONE_CHAIN = ("-reinit_filter", "0")
"""Else ffmpeg builds its filters anew where size or colours change (another camera, other settings
after a restart), and what deflicker holds back then is lost: the video could never be made."""

Progress = Callable[[float], None]
"""0–1"""


def chosen(frames: Sequence[Path], settings: VideoSettings) -> list[Path]:
    """All, or evenly fewer when the video would become longer than wanted; first and last stay."""
    most = max(2, int(settings.longest * settings.fps))
    if len(frames) <= most:
        return list(frames)
    step = (len(frames) - 1) / (most - 1)
    return [frames[round(number * step)] for number in range(most)]


def build(
    frames: Sequence[Path],
    target: Path,
    settings: VideoSettings,
    progress: Progress,
    cancelled: threading.Event,
) -> int:
    """Write ``target`` and its .sha256; returns the video's frames. Raises BuildFailed, OSError.

    ``target`` appears only when it is whole and counted, and .sha256 only after that.
    """
    used = chosen(frames, settings)
    if not used:
        raise BuildFailed("there is no good frame")
    part = target.with_name(target.name + ".part")
    try:
        expected = _make(used, part, settings, progress, cancelled)
        counted = count_frames(part, settings.ffprobe)
        if counted != expected:
            raise BuildFailed(f"the video has {counted} frames, not {expected}")
        _finish(part, target)
    finally:
        part.unlink(missing_ok=True)  # on a full disk half a video would keep everything away
    return counted


def _make(
    used: Sequence[Path], part: Path, settings: VideoSettings, progress: Progress,
    cancelled: threading.Event,
) -> int:  # fmt: skip
    """How many frames it must have."""
    held = round(settings.hold * settings.fps)
    with tempfile.TemporaryDirectory(dir=used[0].parent, prefix=".build-") as folder:
        _number(used, Path(folder))
        size = check(used[0].read_bytes())
        command = _command(Path(folder), part, size, held, settings)
        _encode(command, len(used) + held, progress, cancelled)
    return len(used) + held


def _number(frames: Sequence[Path], folder: Path) -> None:
    for number, frame in enumerate(frames, 1):
        name = folder / f"{number:06d}.jpg"
        try:
            os.link(frame, name)
        except OSError:  # FAT on a USB stick has no links
            shutil.copyfile(frame, name)


def _command(
    folder: Path, part: Path, size: tuple[int, int], held: int, settings: VideoSettings
) -> list[str]:
    width, height = (max(2, side // 2 * 2) for side in size)
    steps = [
        f"scale={width}:{height}:force_original_aspect_ratio=decrease",
        f"pad={width}:{height}:-1:-1:eval=frame",
        *(["deflicker=size=5"] if settings.deflicker else []),
        *([f"tpad=stop_mode=clone:stop={held}"] if held else []),
    ]
    return [
        "nice", "-n", "19", settings.ffmpeg, "-nostdin", "-y", "-loglevel", "error",
        "-threads", "1", "-framerate", str(settings.fps), *_ONE_CHAIN, "-i",
        str(folder / "%06d.jpg"),
        "-vf", ",".join(steps), "-c:v", "libx264", "-preset", "veryfast",
        "-crf", str(settings.crf), "-pix_fmt", "yuv420p", "-threads", "1",
        "-movflags", "+faststart", "-progress", "pipe:1", "-f", "mp4", str(part),
    ]  # fmt: skip


def _encode(
    command: Sequence[str], total: int, progress: Progress, cancelled: threading.Event
) -> None:
    with tempfile.TemporaryFile() as words:
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise BuildFailed(f"{command[0]} cannot be started ({error.strerror})") from error
        guard = _Guard(child, cancelled)
        try:
            for line in child.stdout or ():
                guard.alive()
                if line.startswith(b"frame=") and line[6:].strip().isdigit():
                    progress(min(1.0, int(line[6:]) / total))
            code = child.wait(SILENT_S)
        finally:
            guard.close()
            end(child)
        if cancelled.is_set():
            raise BuildFailed("the rig was stopped; the video is made after its next start")
        if code:
            raise BuildFailed(f"ffmpeg ended with {code}: {last_words(words)}")


class _Guard:
    """Ends ffmpeg when it hangs or the rig stops."""

    def __init__(self, child: subprocess.Popen[bytes], cancelled: threading.Event) -> None:
        self._child, self._cancelled = child, cancelled
        self._step, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="rig:build-guard", daemon=True)
        self._thread.start()

    def alive(self) -> None:
        self._step.set()

    def close(self) -> None:
        self._closed = True
        self._step.set()
        self._thread.join(5)

    def _run(self) -> None:
        silent = 0.0
        while not self._closed and silent < SILENT_S and not self._cancelled.is_set():
            stepped = self._step.wait(0.5)
            self._step.clear()
            silent = 0.0 if stepped else silent + 0.5
        if not self._closed:
            end(self._child)


def count_frames(video: Path, ffprobe: str = "ffprobe") -> int:
    """By decoding them all. Raises BuildFailed."""
    command = [
        ffprobe, "-v", "error", "-count_frames", "-select_streams", "v:0",
        "-show_entries", "stream=nb_read_frames", "-of", "json", str(video),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PROBE_S, check=True)
        return int(json.loads(done.stdout)["streams"][0]["nb_read_frames"])
    except (OSError, subprocess.SubprocessError, ValueError, LookupError) as error:
        raise BuildFailed(f"the video cannot be read back ({error})") from error


def _finish(part: Path, target: Path) -> None:
    """Whoever fetches videos looks for .sha256 only, so that comes last."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    digest = files.sha256(part)
    part.replace(target)
    files.sync_folder(target.parent)
    files.write(checksum_of(target), f"{digest}  {target.name}\n".encode())


def checksum_of(video: Path) -> Path:
    return video.with_name(video.name + ".sha256")
