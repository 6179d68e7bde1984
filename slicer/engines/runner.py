"""Runs a slicer's command line: in a folder of its own, watched, limited, and ended for certain.

A hostile model can crash, hang or fill a slicer; it costs the farm that one slicing and nothing
else. The child gets a handful of environment variables, none of the farm's own, no input, no shell
and less of the processor than the farm.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from core.clock import Clock, SystemClock
from core.errors import StorageError
from slicer.engines import launch, leftovers
from slicer.engines.base import Ended, Invocation, Step
from slicer.engines.launch import NOT_STARTED
from slicer.engines.output import MAX_SPOKEN_BYTES, Listener

GRACE_S = 3.0  # between asking a slicer to end and ending it
LOOK_S = 0.5  # between looks at what the folder holds
MAX_ENTRIES = 20_000  # files and folders a slicing may leave

_NICENESS = 10
_ARENAS = "16"
"""Of glibc's, each of which takes 64 MB of the memory limit without using it: one per thread on
a machine with many processors would leave nothing to slice with."""
_MB = 1024 * 1024
_KEPT = ("PATH", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "PROGRAMFILES")
_HOMES = ("HOME", "TMPDIR", "TMP", "TEMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA")


def run(
    invocation: Invocation,
    folder: Path,
    *,
    timeout_s: float,
    memory_mb: int,
    output_mb: int,
    on_step: Callable[[Step], None],
    progress: Callable[[str], Step | None],
    cancel: threading.Event,
    clock: Clock | None = None,
) -> Ended:
    """Start it and stay until it and all it started are gone.

    ``on_step`` is called from this thread, in order, with a percentage that never falls. What the
    folder held before does not count towards ``output_mb``. ``Ended.code`` is NOT_STARTED when
    the program cannot be run at all. Raises StorageError when the folder cannot be used, and
    whatever ``progress`` and ``on_step`` raise, after the program was ended.
    """
    limits = _Limits(folder, output_mb * _MB, timeout_s, cancel, clock or SystemClock())
    with contextlib.ExitStack() as stack:
        pipe = _open_pipe(invocation.pipe, stack)
        try:
            child = _start(invocation, folder, timeout_s, memory_mb, output_mb)
        except OSError as error:
            if not folder.is_dir():
                raise _unusable(folder, error) from error
            return Ended(code=NOT_STARTED, tail=f"{invocation.argv[0]} cannot be started: {error}")
        if child.stdout is None:  # asked for in _start
            raise AssertionError("the slicer was started without a pipe for its output")
        stack.callback(leftovers.end_processes, folder)
        stack.callback(child.stdout.close)
        listener = Listener(child.stdout.fileno(), pipe)
        return _stay(child, listener, limits, _Forwards(progress, on_step))


def weigh(folder: Path) -> tuple[int, int]:
    """(bytes, entries) in a folder and those below it; links are not followed.

    Counting ends a little above MAX_ENTRIES. Raises StorageError when it cannot be read.
    """
    size = entries = 0
    waiting = [str(folder)]
    while waiting and entries <= MAX_ENTRIES:
        try:
            with os.scandir(waiting.pop()) as listing:
                for entry in listing:
                    entries += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError as error:  # a slicer's own temporary file, gone meanwhile
            if not folder.is_dir():
                raise _unusable(folder, error) from error
        except OSError as error:
            raise _unusable(folder, error) from error
    return size, entries


def environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """All the variables a slicer gets: nothing of the farm's but where programs are."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    homes = dict.fromkeys(_HOMES, str(folder))
    return {**kept, **homes, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": _ARENAS, **more}


class _Forwards:
    """Lines to steps; slicers count each object and each stage anew, people only forwards."""

    def __init__(
        self, progress: Callable[[str], Step | None], on_step: Callable[[Step], None]
    ) -> None:
        self._progress = progress
        self._on_step = on_step
        self._percent: int | None = None

    def __call__(self, line: str) -> None:
        step = self._progress(line)
        if step is None:
            return
        if step.percent is not None:
            self._percent = max(step.percent, self._percent or 0)
        self._on_step(Step(percent=self._percent, text=step.text, warning=step.warning))


class _Limits:
    """What ends a slicing before it ends by itself."""

    def __init__(
        self, folder: Path, most_bytes: int, timeout_s: float, cancel: threading.Event, clock: Clock
    ) -> None:
        self._folder = folder
        self._most_bytes = weigh(folder)[0] + most_bytes
        self._cancel = cancel
        self._clock = clock
        self._deadline = clock.monotonic() + timeout_s
        self._look_at = clock.monotonic() + LOOK_S

    def reached(self, spoken: int) -> str:
        """ "cancelled", "time" or "output"; "" while it may go on."""
        if self._cancel.is_set():
            return "cancelled"
        now = self._clock.monotonic()
        if now >= self._deadline:
            return "time"
        if spoken > MAX_SPOKEN_BYTES:
            return "output"
        if now < self._look_at:
            return ""
        self._look_at = now + LOOK_S
        return "output" if self._is_full() else ""

    def ran_into(self, code: int) -> str:
        """The limit by which it ended by itself, or that it passed with its last breath."""
        if sys.platform != "win32" and -code == signal.SIGXFSZ:
            return "output"
        return "output" if self._is_full() else ""

    def grace(self) -> Callable[[], bool]:
        """A question whether there is still time to end nicely, from now on."""
        until = self._clock.monotonic() + GRACE_S
        return lambda: self._clock.monotonic() < until

    def _is_full(self) -> bool:
        size, entries = weigh(self._folder)
        return size > self._most_bytes or entries > MAX_ENTRIES


def _stay(
    child: subprocess.Popen[bytes],
    listener: Listener,
    limits: _Limits,
    hear: Callable[[str], None],
) -> Ended:
    """Until nothing is left of the child and of what it started."""
    limit = ""
    try:
        listener.start()
        while not limit and not _has_exited(child):
            limit = limits.reached(listener.spoken)
            for line in listener.next_lines():
                hear(line)
        _let_end(child, listener, limits.grace(), hear)
    finally:
        _signal(child, polite=False)
        child.wait()
        listener.stop()
    limit = limit or limits.ran_into(child.returncode)
    return Ended(code=child.returncode, tail=listener.tail, limit=limit)


def _let_end(
    child: subprocess.Popen[bytes],
    listener: Listener,
    is_time: Callable[[], bool],
    hear: Callable[[str], None],
) -> None:
    """Ask what is left of its group to end, and hear it out: an AppImage has to unmount itself."""
    _signal(child, polite=True)
    while is_time() and not (listener.ended.is_set() and _has_exited(child)):
        for line in listener.next_lines():
            hear(line)
    while listener.ended.is_set() and (lines := listener.next_lines()):
        for line in lines:
            hear(line)


def _start(
    invocation: Invocation, folder: Path, timeout_s: float, memory_mb: int, output_mb: int
) -> subprocess.Popen[bytes]:
    argv = list(invocation.argv)
    if sys.platform != "win32":
        processor_s = int(timeout_s * (os.cpu_count() or 1)) + 5
        limits = (memory_mb * _MB, output_mb * _MB, processor_s, _NICENESS)
        argv = [sys.executable, "-I", launch.__file__, *map(str, limits), *argv]
    return subprocess.Popen(
        argv,
        cwd=folder,
        env=environment(folder, {**_unpacking(invocation.argv), **invocation.environment}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _unpacking(argv: Sequence[str]) -> dict[str, str]:
    """An AppImage mounts itself; where it cannot it is told to unpack into its folder instead."""
    is_appimage = any(word.casefold().endswith(".appimage") for word in argv)
    return {"APPIMAGE_EXTRACT_AND_RUN": "1"} if is_appimage and not _can_mount() else {}


def _can_mount() -> bool:
    mounters = ("fusermount", "fusermount3")
    return Path("/dev/fuse").exists() and any(shutil.which(name) for name in mounters)


def _open_pipe(pipe: Path | None, stack: contextlib.ExitStack) -> int | None:
    """Make the FIFO and open it before the slicer looks for a reader; it waits only a second.

    Opened for both ways, so that it neither ends nor blocks when the slicer never opens it.
    """
    if pipe is None or sys.platform != "linux":
        return None
    try:
        os.mkfifo(pipe, 0o600)
        opened = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        raise _unusable(pipe.parent, error) from error
    stack.callback(os.close, opened)
    return opened


def _has_exited(child: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; on Linux its id stays taken until ``wait``, so that nobody
    else can be signalled by it."""
    if sys.platform != "linux":
        return child.poll() is not None
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal(child: subprocess.Popen[bytes], *, polite: bool) -> None:
    """Signal the child and all it started; there is no asking politely on Windows."""
    if sys.platform == "win32":
        tree = ["taskkill", "/T", "/F", "/PID", str(child.pid)]
        subprocess.run(tree, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM if polite else signal.SIGKILL)


def _unusable(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The slicer's working folder {folder.name} cannot be used: {error.strerror}. "
        "Check the farm's disk."
    )
