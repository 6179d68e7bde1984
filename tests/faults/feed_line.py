"""Two farms as people run them, and the line between them, which a test cuts."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST
WAIT_S = 30.0


class Line:
    """127.0.0.1:port -> 127.0.0.1:target. ``accepted`` is the monotonic time of every attempt to
    come through, also while it is cut."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.accepted: list[float] = []
        self._cut = False
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, name="line", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Reset every connection, and every new one as soon as it is made."""
        with self._lock:
            self._cut = True
            ends = list(self._open)
        for end in ends:
            _reset(end)

    def heal(self) -> None:
        with self._lock:
            self._cut = False

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted.append(time.monotonic())
            with self._lock:
                cut = self._cut
            try:
                if cut:
                    raise ConnectionResetError
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                _reset(client)
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        down = threading.Thread(target=_carry, args=(server, client), daemon=True)
        down.start()
        _carry(client, server)
        down.join()
        with self._lock:
            self._open -= {client, server}
        client.close()
        server.close()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    """Until one of the two ends; then both do."""
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _reset(end: socket.socket) -> None:
    """For a reader that waits in it, too."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        end.shutdown(socket.SHUT_RDWR)


class Process:
    """``python api_server.py``, on the port it says."""

    def __init__(self, folder: Path, *args: str, port: int = 0, **environ: str) -> None:
        self._folder, self._args = folder, args
        self._environ = {"PATH": os.environ["PATH"], "HOME": str(folder), **environ}
        self._log = folder / "server.log"
        self.port = port
        folder.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        """Again on the same port, once it has one."""
        command = [sys.executable, "api_server.py", "--port", str(self.port), *self._args]
        command += ["--data-dir", str(self._folder / "jobs")]
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                command, cwd=ROOT, env=self._environ, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        assert line.startswith("Print farm on http://127.0.0.1:"), self.log
        self.port = int(line.split("//127.0.0.1:")[1].split()[0])

    @property
    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        self._child.send_signal(signal.SIGTERM)
        assert self._child.wait(30) == 0, self.log
        assert self._child.stdout is not None
        self._child.stdout.close()

    def ask(self, path: str, body: Any = None) -> tuple[int, bytes]:
        """(HTTP status, body). With ``body`` a POST."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status), bytes(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def printer(self, printer_id: str) -> dict[str, Any]:
        return dict(json.loads(self.ask(f"/api/printer/{printer_id}")[1]))
