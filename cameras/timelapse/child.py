"""One child process with both pipes drained: niced, in a group of its own, ended when it hangs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from cameras.ffmpeg_program import environment

Cancelled = Callable[[], bool]

STALL_S = 300.0
"""Without a line on its standard output: it hangs. A weak machine takes seconds for a frame."""
_POLL_S = 0.2
_ERROR_LINES, _ERROR_CHARACTERS = 8, 600
_MOST_LINES = 20_000
NICE = ("nice", "-n", "19")


class ChildFailed(Exception):
    """It did not do what it was started for; the text is its own where it said something."""


class Left(Exception):
    """It was ended because nobody wants its result any more."""


def run(
    command: Sequence[str],
    folder: Path,
    cancelled: Cancelled,
    *,
    on_line: Callable[[str], None] | None = None,
    stall_s: float = STALL_S,
) -> list[str]:
    """Run it in ``folder`` and give its output's lines. Raises ChildFailed, Left.

    ``on_line`` is called in another thread with each line at once.
    """
    try:
        child = subprocess.Popen(
            [*_niced(), *command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True, creationflags=_BELOW_NORMAL,
            env=environment(),
        )  # fmt: skip
    except OSError as error:
        raise ChildFailed(f"{Path(command[0]).name} cannot be started: {error}") from error
    said = _Ears(child, on_line)
    try:
        _wait(child, said, cancelled, stall_s)
    finally:
        end(child)
        child.wait()
        said.close()
    if child.returncode:
        raise ChildFailed(said.last_words() or _death(command[0], child.returncode))
    return said.lines()


def _wait(
    child: subprocess.Popen[bytes], said: _Ears, cancelled: Cancelled, stall_s: float
) -> None:
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_POLL_S)
            return
        if cancelled():
            raise Left
        if time.monotonic() - said.heard_at > stall_s:
            raise ChildFailed(f"It made no progress for {stall_s:.0f} s. {said.last_words()}")


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill it and its group, if it still runs."""
    if child.poll() is not None:
        return
    if sys.platform == "win32":
        child.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


class _Ears:
    """Two threads that read all it says, so that it never waits for a reader."""

    def __init__(
        self, child: subprocess.Popen[bytes], on_line: Callable[[str], None] | None
    ) -> None:
        self.heard_at = time.monotonic()
        self._lines: deque[str] = deque(maxlen=_MOST_LINES)
        self._errors: deque[str] = deque(maxlen=_ERROR_LINES)
        self._threads = [
            threading.Thread(target=self._hear, args=args, name="timelapse:child", daemon=True)
            for args in ((child.stdout, self._lines, on_line), (child.stderr, self._errors, None))
        ]
        for thread in self._threads:
            thread.start()

    def _hear(
        self, pipe: IO[bytes], kept: deque[str], on_line: Callable[[str], None] | None
    ) -> None:
        with pipe:
            for raw in pipe:
                line = raw.decode("utf-8", "replace").strip()
                self.heard_at = time.monotonic()
                if line:
                    kept.append(line)
                if line and on_line is not None:
                    on_line(line)

    def close(self) -> None:
        for thread in self._threads:
            thread.join()

    def lines(self) -> list[str]:
        return list(self._lines)

    def last_words(self) -> str:
        return "; ".join(self._errors)[-_ERROR_CHARACTERS:]


def _niced() -> tuple[str, ...]:
    return NICE if sys.platform != "win32" and shutil.which("nice") else ()


_BELOW_NORMAL = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


def _death(program: str, code: int) -> str:
    name = Path(program).name
    if code < 0:
        return f"{name} was ended by signal {-code} ({signal.strsignal(-code)})"
    return f"{name} ended with code {code} and said nothing"
