"""One ffmpeg: its pictures, its words, and its certain end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO

from cameras.ffmpeg_program import environment
from cameras.frames import CameraFailed

_KEPT_LINES, _KEPT_CHARACTERS = 20, 300
_EARS_S = 1.0
_MOST_HEAD_LINES = 32
_MOST_LINE_BYTES = 1024
_MOST_PICTURE_BYTES = 8 * 1024 * 1024


class Child:
    """A process group of its own. Use as a context manager: afterwards nothing is left of it."""

    def __init__(self, command: Sequence[str], hidden: Sequence[str] = ()) -> None:
        """``hidden``: what must not be seen in its words. Raises CameraFailed (no_ffmpeg)."""
        self._hidden = [word for word in hidden if word]
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=environment(), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise CameraFailed(
                f"ffmpeg cannot be started: {error.strerror or error}", code="no_ffmpeg"
            ) from error
        name = f"{threading.current_thread().name}:words"
        self._ears = threading.Thread(target=self._listen, name=name, daemon=True)
        self._ears.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def pictures(self) -> Iterator[bytes]:
        """Until it ends. Raises CameraFailed (bad_frames) for what is no picture."""
        stream = _pipe(self._process.stdout)
        while (length := _head(stream)) is not None:
            picture = stream.read(length)
            if len(picture) < length:
                return  # it was ended in the middle of one
            if not (picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9")):
                raise CameraFailed("Camera sends broken pictures", code="bad_frames")
            yield picture

    def wait(self, timeout: float) -> bool:
        """Whether it has ended by itself within so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
            return True
        return False

    def kill(self) -> None:
        """At once, with whatever it has started. Any thread, any number of times."""
        if sys.platform == "win32":
            self._process.kill()
        elif self._process.returncode is None:  # not reaped: the number is still its own
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """Its last line, "" when it said nothing. Once it has ended."""
        self._ears.join(_EARS_S)
        return self._said[-1] if self._said else ""

    def words(self) -> str:
        """The last lines it said. Once it has ended."""
        self._ears.join(_EARS_S)
        return "\n".join(self._said)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self._process.wait()
        self._ears.join()
        _pipe(self._process.stdout).close()
        _pipe(self._process.stderr).close()

    def _listen(self) -> None:
        """Unread, a full pipe would block it (cameras-and-rig 5)."""
        stream = _pipe(self._process.stderr)
        while line := stream.readline(_MOST_LINE_BYTES):
            text = line.decode("utf-8", "replace").strip()
            for word in self._hidden:
                text = text.replace(word, "***")
            if text:
                self._said.append(text[:_KEPT_CHARACTERS])


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("ffmpeg was started without pipes")
    return stream


def _head(stream: IO[bytes]) -> int | None:
    """The length of the next picture, None at the end. Raises CameraFailed."""
    length = 0
    for _ in range(_MOST_HEAD_LINES):
        line = stream.readline(_MOST_LINE_BYTES)
        if not line:
            return None
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
        elif not line.strip() and length:
            if length > _MOST_PICTURE_BYTES:
                break
            return length
    raise CameraFailed("Camera sends broken pictures", code="bad_frames")
