"""Child processes for work that hostile files must not do inside the server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_NICENESS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What a child said; ``code`` None when its time was up."""

    code: int | None
    output: bytes
    errors: bytes

    @property
    def last_line(self) -> str:
        """Of its errors: why it ended, for the log."""
        return self.errors.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]


def ask(
    module: str,
    arguments: Sequence[str],
    *,
    seconds: float,
    started: Callable[[subprocess.Popen[bytes]], None] | None = None,
) -> Answer:
    """Run ``python -m module arguments`` and end it, with all it started, after ``seconds``.

    ``arguments`` are the farm's own paths and numbers, never a name that a person gave. ``started``
    is handed the child, so that another thread may ``end`` it. Raises OSError when no child can be
    started.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        if started is not None:
            started(child)
        output, errors = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return Answer(None, b"", b"")
    finally:
        _put_away(child)
    return Answer(child.returncode, output, errors)


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and its group, if it still runs. Any thread may call this."""
    if child.poll() is not None:
        return
    if sys.platform == "win32":
        child.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _put_away(child: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the child and its group, and close its pipes."""
    end(child)
    child.wait()
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def limit(seconds: float, memory_mb: int) -> None:
    """In the child: bound what it may take, where the system can (not on Windows).

    It may write no file at all: what it has to say goes to stdout.
    """
    if sys.platform == "win32":
        return
    import resource

    megabytes = memory_mb * 1024 * 1024
    processor_s = int(seconds) + 5
    for what, most in (
        (resource.RLIMIT_AS, megabytes),
        (resource.RLIMIT_CPU, processor_s),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
    os.nice(_NICENESS)
