"""One started program: its own process group, its output in a file, ended by its process id."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

POLITE_S = 8.0
POLL_S = 0.02


class Process:
    """Starts ``command``; every start appends to the same log."""

    def __init__(self, name: str, folder: Path, command: Sequence[object]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [str(part) for part in command]
        self._note = folder / f"{name}.pid.json"
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        with self.log.open("ab") as out:
            self._popen = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=cwd,
                start_new_session=True,
            )
        pid = self._popen.pid
        note = {"pid": pid, "born": born(pid), "owner": os.getpid(), "owner_born": born()}
        self._note.write_text(json.dumps(note), "utf-8")

    @property
    def is_running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def pid(self) -> int:
        """Raises RuntimeError when it was not started."""
        if self._popen is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._popen.pid

    def kill(self) -> None:
        """At once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Politely; what has not ended after 8 s is killed."""
        self._end(signal.SIGTERM)

    def suspend(self, on: bool) -> None:
        """SIGSTOP or SIGCONT to the group: it holds its sockets open and answers nothing."""
        if self._popen is not None and self.is_running:
            os.killpg(self._popen.pid, signal.SIGSTOP if on else signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        popen, self._popen = self._popen, None
        if popen is None:
            return
        group = popen.pid
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGCONT)
            os.killpg(group, how)
        try:
            popen.wait(POLITE_S)
        except subprocess.TimeoutExpired:
            os.killpg(group, signal.SIGKILL)
            popen.wait(POLITE_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)  # children of its own, if it left any
        self._note.unlink(missing_ok=True)

    def tail(self, lines: int = 25) -> str:
        """The end of its output, for a failure's message."""
        try:
            text = self.log.read_text("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def born(pid: int | str = "self") -> str:
    """When a process began, in the kernel's ticks; "" when there is none of that id."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def sweep(folder: Path) -> None:
    """End what a killed test run left below ``folder`` and delete its data, by process id only."""
    for place in folder.glob("*/"):
        notes = [json.loads(note.read_text("utf-8")) for note in place.glob("*.pid.json")]
        if not notes or any(born(note["owner"]) == note["owner_born"] for note in notes):
            continue
        for note in notes:
            if note["born"] and born(note["pid"]) == note["born"]:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(note["pid"], signal.SIGKILL)
        shutil.rmtree(place, ignore_errors=True)


def wait_until(ready: Callable[[], object], seconds: float, what: str) -> None:
    """Ask ``ready`` until it is true. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} was not reached within {seconds:.0f} s")
        time.sleep(POLL_S)
