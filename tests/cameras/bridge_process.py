"""The bridge as people run it: a process of its own, settings in its environment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Bridge:
    def __init__(self, folder: Path, **settings: object) -> None:
        """``settings``: environment variables."""
        self._log = folder / "bridge.log"
        environ = {"PATH": os.environ["PATH"], "PORT": "0", "STATE_DIRECTORY": str(folder)}
        environ |= {name: str(value) for name, value in settings.items()}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cameras.bridge"],
                cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Camera bridge on http://127.0.0.1:"), self.log
        self.port = int(line.rsplit(":", 1)[1])

    @property
    def log(self) -> str:
        return self._log.read_text()

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
        """(the answer, its body)."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(
                method, path, headers={k.replace("_", "-"): v for k, v in headers.items()}
            )
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def end(self) -> int:
        """Politely; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(15)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextmanager
def bridge(folder: Path, **settings: object) -> Iterator[Bridge]:
    running = Bridge(folder, **settings)
    try:
        yield running
    finally:
        assert running.end() == 0
    assert "Traceback" not in running.log


class Viewer:
    """A browser at /stream.mjpg that reads part by part."""

    def __init__(self, port: int, receive_bytes: int = 0) -> None:
        self.link = socket.socket()
        if receive_bytes:
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.link.settimeout(10)
        self.link.connect(("127.0.0.1", port))
        self.link.sendall(b"GET /stream.mjpg?t=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.stream = self.link.makefile("rb")
        self.status = self.stream.readline().decode().split(" ", 1)[1].strip()
        self.headers = self._headers()
        self.taken_at = 0.0
        if self.status == "200 OK":
            assert self.stream.readline() == b"--frame\r\n"

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while (line := self.stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().strip().partition(": ")
            found[name] = value
        return found

    def picture(self) -> bytes:
        """The next one, with the boundary that makes a browser show it; b"" at the end."""
        head = self._headers()
        if not head:
            return b""
        assert head["Content-Type"] == "image/jpeg"
        self.taken_at = float(head["X-Timestamp"])
        jpeg: bytes = self.stream.read(int(head["Content-Length"]))
        assert self.stream.readline() == b"\r\n"
        assert self.stream.readline() == b"--frame\r\n"
        return jpeg

    def close(self) -> None:
        self.stream.close()
        self.link.close()
