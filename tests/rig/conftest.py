"""A farm and a rig as processes of their own, and small pictures."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from tests.rig.rig_process import RigProcess

ROOT = Path(__file__).parents[2]
TOKEN = "canary-token-of-the-rig-0815"
PASSWORD = "canary-password-of-people"


def make_jpeg(color: str = "teal", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    picture.paste(color, (8, 8, 24, 24))
    picture.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def wait_for(true: Callable[[], Any], timeout: float = 20.0) -> Any:
    """Its first true answer; fails the test after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    tick = threading.Event()
    while not (found := true()):
        assert time.monotonic() < deadline, "waited in vain"
        tick.wait(0.02)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class FarmProcess:
    """The real server of a folder, always on the same port."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        (folder / "farm.json").write_text(json.dumps(config))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            sys.executable, str(ROOT / "api_server.py"), "--config",
            str(self._folder / "farm.json"), "--port", str(self.port),
            "--data-dir", str(self._folder / "data"),
        ]  # fmt: skip
        environ = {**os.environ, "DASH_USER": "owner", "DASH_PASS": PASSWORD}
        with (self._folder / "farm.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environ, cwd=ROOT)
        wait_for(self._answers, 40)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "farm.log").read_text()
        try:
            return bool(self.get("/healthz"))
        except OSError:
            return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def ask(self, path: str, body: Any = None) -> bytes:
        sign_in = base64.b64encode(f"owner:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Basic {sign_in}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def get(self, path: str) -> Any:
        return json.loads(self.ask(path))

    def rig(self, rig_id: str = "a1-rig") -> dict[str, Any]:
        rigs = self.get("/api/rigs")["rigs"]
        return dict(next(rig for rig in rigs if rig["id"] == rig_id))

    def events(self, rig_id: str = "a1-rig") -> list[str]:
        return [event["event"] for event in self.rig(rig_id)["events"]]


@pytest.fixture
def kit() -> SimpleNamespace:
    """The helpers above, for test modules (which cannot import this file)."""
    return SimpleNamespace(
        jpeg=make_jpeg, wait_for=wait_for, token=TOKEN, password=PASSWORD, free_port=free_port
    )


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., RigProcess]]:
    rigs: list[RigProcess] = []

    def make(name: str = "rig", **settings: Any) -> RigProcess:
        rigs.append(RigProcess(tmp_path / name, **settings))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.end(signal.SIGKILL)


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[FarmProcess]:
    """With a simulated A1 that prints, one rig beside it and one that looks at nothing."""
    config = {
        "printers": [
            {"id": "a1", "name": "A1", "type": "bambu", "model": "A1", "simulate": True,
             "options": {"scenario": "busy_farm"}},
        ],
        "rigs": [
            {"id": "a1-rig", "name": "Rig", "token": TOKEN},
            {"id": "watcher", "name": "Watcher", "token": TOKEN, "printer": "a1"},
        ],
        "simulation": {"time_scale": 60},
    }  # fmt: skip
    process = FarmProcess(tmp_path, config)
    process.start()
    yield process
    process.stop()
