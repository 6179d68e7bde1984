"""What a slicer may leave behind: processes that left its group, and folders of any depth."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_ROUNDS = 50  # against one that starts another before it is ended
_MOMENT_S = 0.02


def end_processes(folder: Path) -> None:
    """Kill what runs with this folder as its home, as the runner gives it to every slicer.

    A process may leave its group (setsid), but not its environment. Linux only: elsewhere such a
    process stays until it ends by itself.
    """
    if sys.platform != "linux":
        return
    mark = b"HOME=" + os.fsencode(folder)
    moment = threading.Event()
    for _ in range(_ROUNDS):
        found = [pid for pid in _processes() if _has(pid, mark)]
        if not found:
            return
        for pid in found:
            _kill(pid, mark)
        moment.wait(_MOMENT_S)


def _processes() -> Iterator[int]:
    with os.scandir("/proc") as listing:
        for entry in listing:
            if entry.name.isdigit():
                yield int(entry.name)


def _has(pid: int, mark: bytes) -> bool:
    """False too for another user's process, and for one that has gone or is a zombie."""
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _kill(pid: int, mark: bytes) -> None:
    """Held by a descriptor while it is looked at again: its number may be another's by now."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        process = os.pidfd_open(pid)
        try:
            if _has(pid, mark):
                signal.pidfd_send_signal(process, signal.SIGKILL)
        finally:
            os.close(process)


def remove(folder: Path) -> None:
    """Delete a folder and what is in it; what refuses stays.

    Python's own way goes down by recursion, which a few thousand nested folders exhaust.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:
        with contextlib.suppress(OSError):
            _flatten(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _flatten(folder: Path) -> None:
    """Hang every folder below into the topmost one."""
    number = 0
    waiting = _folders(folder)
    while waiting:
        above = waiting.pop()
        for inner in _folders(above):
            number += 1
            waiting.append(inner.rename(folder / f".flat-{number}"))


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as listing:
        return [Path(entry.path) for entry in listing if entry.is_dir(follow_symlinks=False)]
