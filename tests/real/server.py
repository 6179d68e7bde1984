"""What every real print server here can: start, be killed, restart, stop, show its logs."""

from __future__ import annotations

import json
import random
import shutil
import socket
import tempfile
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.real.places import run_folder
from tests.real.process import Process, sweep, wait_until

READY_S = 60.0
ANSWER_S = 10.0


def free_port() -> int:
    """A free TCP port below the range that outgoing connections take theirs from."""
    for _ in range(200):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port was found between 20000 and 31999")


class RealServer(ABC):
    """One real server on 127.0.0.1 with a data folder of its own, deleted when it stops."""

    kind = ""
    files_folder = ""
    """Below the data folder: where the server keeps print files."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        self.api_key = ""
        self.processes: list[Process] = []
        runs = run_folder()
        runs.mkdir(parents=True, exist_ok=True)
        sweep(runs)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.kind}-{self.port}-", dir=runs))
        # unix sockets take short paths only
        self.short = Path(tempfile.mkdtemp(prefix="real-"))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def files(self) -> Path:
        return self.folder / self.files_folder

    @abstractmethod
    def prepare(self) -> None:
        """Install it when it is not, and write its settings."""

    @abstractmethod
    def launch(self) -> None:
        """Start the processes that do not run."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers and its printer is connected."""

    def start(self) -> None:
        """Until it is ready. Raises RuntimeError with the logs' ends."""
        self.prepare()
        self.launch()
        self.wait_ready()

    def wait_ready(self, seconds: float = READY_S) -> None:
        """Raises RuntimeError with the logs' ends."""

        def ready() -> bool:
            for process in self.processes:
                if not process.is_running:
                    raise RuntimeError(f"{process.name} has ended by itself\n{self.logs()}")
            return self.is_ready()

        try:
            wait_until(ready, seconds, f"a ready {self.kind}")
        except TimeoutError as error:
            raise RuntimeError(f"{error}\n{self.logs()}") from error

    def kill(self) -> None:
        """The server alone, as when its computer dies; its board lives on."""
        self.processes[-1].kill()

    def restart(self, wait: bool = True) -> None:
        """Start again what was killed."""
        self.launch()
        if wait:
            self.wait_ready()

    def freeze(self, on: bool) -> None:
        """Stop the server's process in its tracks: connections stay open, nothing is answered."""
        self.processes[-1].suspend(on)

    def stop(self) -> None:
        """End all processes and delete the data."""
        for process in reversed(self.processes):
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.short, ignore_errors=True)

    def logs(self) -> str:
        """The ends of all logs, for a failure's message."""
        return "\n".join(f"--- {p.name}\n{p.tail()}" for p in self.processes)

    def __enter__(self) -> RealServer:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # asking it directly, past the farm

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = ANSWER_S,
    ) -> tuple[int, Any]:
        """(status, JSON or text) as another client gets it. Raises OSError, HTTPException."""
        raw = isinstance(body, bytes)
        data = body if raw or body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=data, method=method)
        request.add_header("X-Api-Key", self.api_key)
        if body is not None and not raw:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return reply.status, _decoded(reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _decoded(error.read())

    def answers(self, path: str) -> Any:
        """The JSON of a GET, None while it cannot be had."""
        try:
            status, body = self.ask("GET", path, timeout=2.0)
        except (OSError, HTTPException):  # OctoPrint's stand-in while it starts speaks HTTP/0.9
            return None
        return body if status == 200 else None


def _decoded(body: bytes) -> Any:
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
