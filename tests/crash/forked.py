"""Servers that start in a moment: forked from a process that has imported everything already.

``python -m tests.crash.forked`` reads orders from its standard input, a JSON object a line
({"argv", "env", "folder"}), and answers each with the new process's id. It ends with its input.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.workshop import ROOT, Server


class Forge:
    """The process that forks. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._log = (folder / "forge.log").open("a")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.forked"], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self._turn = threading.Lock()

    def fork(self, argv: Sequence[str], env: Mapping[str, str], folder: Path) -> int:
        """The id of a new server process."""
        order = {"argv": list(argv), "env": dict(env), "folder": str(folder)}
        pipes = self._process
        assert pipes.stdin is not None and pipes.stdout is not None
        with self._turn:
            pipes.stdin.write(json.dumps(order) + "\n")
            pipes.stdin.flush()
            return int(pipes.stdout.readline())

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                pipe.close()
        self._process.wait(20)


class ForkedServer(Server):
    """As Server, out of a forge."""

    def __init__(self, forge: Forge, folder: Path, printers: Any, **settings: Any) -> None:
        super().__init__(folder, printers, **settings)
        self._forge = forge
        self._pid = 0

    def launch(self, **environment: str) -> None:
        (self.folder / "stdout").write_text("")
        argv = [
            "--config", str(self._config), "--data-dir", str(self.data), "--port", str(self.port)
        ]  # fmt: skip
        env = {"FARM_TIMING": json.dumps(self._timing)} | environment
        self._pid = self._forge.fork(argv, env, self.folder)

    def ready(self, patience_s: float = 60.0) -> bool:
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            found = re.search(r"http://[\d.]+:(\d+)", (self.folder / "stdout").read_text())
            if found is not None:
                self.url, self.port = found[0], int(found[1])
                return True
            if not self._lives():
                return False
            time.sleep(0.02)
        raise AssertionError(f"It neither serves nor dies: {self.log()[-2000:]}")

    def died(self, patience_s: float) -> bool:
        end = time.monotonic() + patience_s
        while self._lives():
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)
        return True

    def _lives(self) -> bool:
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        return True

    def _end(self, number: int) -> int:
        if not self._pid:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, number)
            if not self.died(20):
                os.kill(self._pid, signal.SIGKILL)
                self.died(20)
        self._pid = 0
        return 0


def _become_server(order: dict[str, Any]) -> None:
    """In the new process; does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    folder = Path(order["folder"])
    for number, name in ((1, "stdout"), (2, "server.log")):
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(order["env"])
    from tests.crash.points import main

    code = 70
    try:
        code = main(order["argv"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def serve() -> int:
    import tests.crash.points  # noqa: F401 - all that a server needs, once

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave no trace
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _become_server(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(serve())
