"""Where pictures come from: any libcamera camera by its program, files, or ffmpeg's test card."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import IO

from rig import picamera
from rig.errors import CameraFailed
from rig.feed import Open
from rig.jpeg import Splitter
from rig.settings import CameraSettings

Cancelled = Callable[[], bool]
_LAST_WORDS = 400
_CHUNK = 65_536
_POLL_S = 0.5


def open_source(settings: CameraSettings) -> Open:
    """The reader of this kind of camera."""
    if settings.kind == "picamera2":
        return lambda cancelled: picamera.pictures(settings, cancelled)
    if settings.kind == "file":
        return lambda cancelled: from_files(settings, cancelled)
    command = test_card(settings) if settings.kind == "test" else own_command(settings)
    return lambda cancelled: from_program(command, settings.stale, cancelled)


def own_command(settings: CameraSettings) -> list[str]:
    """The configured program, or rpicam-vid: MJPEG to its standard output, for ever."""
    if settings.command:
        return list(settings.command)
    return [
        "rpicam-vid", "-t", "0", "-n", "--codec", "mjpeg", "-q", str(settings.quality),
        "--width", str(settings.width), "--height", str(settings.height),
        "--framerate", f"{settings.fps:g}", "--autofocus-mode", "continuous", "--flush", "-o", "-",
    ]  # fmt: skip


def test_card(settings: CameraSettings) -> list[str]:
    card = f"testsrc2=size={settings.width}x{settings.height}:rate={settings.fps:g}"
    return [
        "ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", card,
        "-q:v", "5", "-f", "mjpeg", "-flush_packets", "1", "-",
    ]  # fmt: skip


def from_program(
    command: Sequence[str], stale_s: float, cancelled: Cancelled
) -> Generator[bytes, None, None]:
    """JPEGs that a child writes one behind the other. The child ends with the generator."""
    with tempfile.TemporaryFile() as words:
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise CameraFailed(f"{command[0]} cannot be started ({error.strerror})") from error
        try:
            yield from _read(child, stale_s, cancelled)
        finally:
            end(child)
        if not cancelled():
            raise CameraFailed(f"{command[0]} ended: {last_words(words)}")


def _read(
    child: subprocess.Popen[bytes], stale_s: float, cancelled: Cancelled
) -> Generator[bytes, None, None]:
    """Never waits longer than half a second for bytes: a child may fall silent for ever."""
    splitter = Splitter()
    pipe = child.stdout
    if pipe is None:
        raise CameraFailed("the camera's program has no output")
    since = time.monotonic()
    while not cancelled():
        if time.monotonic() - since > stale_s:
            raise CameraFailed(f"no picture for {stale_s:g} s; the camera is started anew")
        if not select.select([pipe], [], [], _POLL_S)[0]:
            continue
        data = os.read(pipe.fileno(), _CHUNK)
        if not data:
            return
        for jpeg in splitter.feed(data):
            since = time.monotonic()
            yield jpeg


def end(child: subprocess.Popen[bytes], patience_s: float = 2.0) -> None:
    """End a child's whole process group and reap it."""
    for word in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            break
        try:
            os.killpg(child.pid, word)
        except ProcessLookupError:
            break  # it ended between the two looks
        try:
            child.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
    child.wait(patience_s)
    if child.stdout is not None and not child.stdout.closed:
        child.stdout.close()


def last_words(words: IO[bytes]) -> str:
    """The end of what a child said on its standard error."""
    words.seek(0)
    text = words.read()[-_LAST_WORDS:].decode("utf-8", "replace")
    return " ".join(text.split()) or "it did not say why"


def from_files(settings: CameraSettings, cancelled: Cancelled) -> Generator[bytes, None, None]:
    """A folder's JPEGs in turn, or one file again and again while it is newly written."""
    path = Path(settings.path)
    pause = threading.Event()
    turn, written = 0, -1.0
    since = time.monotonic()
    while not cancelled():
        files = sorted(path.glob("*.jpg")) if path.is_dir() else [path]
        try:
            chosen = files[turn % len(files)] if files else path
            changed = chosen.stat().st_mtime
            if path.is_dir() or changed != written:
                yield chosen.read_bytes()
                since, turn, written = time.monotonic(), turn + 1, changed
        except OSError as error:
            raise CameraFailed(f"{path} cannot be read ({error.strerror})") from error
        if time.monotonic() - since > settings.stale:
            raise CameraFailed(f"{path} has not been written for {settings.stale:g} s")
        pause.wait(1 / settings.fps)
