"""Viewers that read slowly, ask slowly or come in crowds cost the bridge nothing."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO

import pytest
from PIL import Image

from cameras.bridge import handler, server
from cameras.bridge.server import BridgeServer
from cameras.bridge.settings import CAMERA
from cameras.hub import PUSH, CameraHub
from core.clock import SystemClock
from printers.base import CameraSource
from tests.cameras.bridge_process import Viewer


def large() -> bytes:
    """About 1 MB that no buffer holds many of."""
    out = BytesIO()
    Image.frombytes("RGB", (900, 600), os.urandom(900 * 600 * 3)).save(out, "JPEG", quality=90)
    return out.getvalue()


@dataclass
class Made:
    hub: CameraHub
    server: BridgeServer

    @property
    def port(self) -> int:
        return int(self.server.server_port)

    def threads(self) -> int:
        """That answer this server's connections; other servers of the tests have theirs."""
        targets = (getattr(t, "_target", None) for t in threading.enumerate())
        return sum(
            getattr(target, "__self__", None) is self.server
            and target.__name__ == "process_request_thread"
            for target in targets
        )


@pytest.fixture
def made() -> Iterator[Made]:
    hub = CameraHub(lambda camera: CameraSource(kind=PUSH), SystemClock())
    bridge = BridgeServer("127.0.0.1", 0, hub, SystemClock(), max_streams=4)
    bridge.start()
    yield Made(hub, bridge)
    bridge.stop()
    hub.stop()


def gone(made: Made) -> None:
    deadline, tick = time.monotonic() + 10, threading.Event()
    while made.threads():
        assert time.monotonic() < deadline, "a connection was never let go"
        tick.wait(0.02)


def test_a_slow_reader_skips_pictures_and_delays_nobody(made: Made) -> None:
    jpeg = large()
    made.hub.push(CAMERA, jpeg)
    with closing(Viewer(made.port, receive_bytes=64 * 1024)) as slow:
        with closing(Viewer(made.port)) as quick:
            for _ in range(20):
                newest = made.hub.push(CAMERA, jpeg)
                while quick.taken_at < round(newest.taken_at, 3):
                    assert quick.picture()
        seen = 0
        while slow.taken_at < round(newest.taken_at, 3):
            assert slow.picture()
            seen += 1
        assert seen <= 4


def test_a_reader_that_stopped_reading_is_hung_up_on(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "SEND_S", 0.3)
    jpeg = large()
    made.hub.push(CAMERA, jpeg)
    with closing(Viewer(made.port, receive_bytes=64 * 1024)) as dead:
        assert dead.status == "200 OK" and made.threads() == 1
        made.hub.push(CAMERA, jpeg)
        gone(made)


def test_a_question_that_trickles_in_is_cut_off(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.3)
    with socket.create_connection(("127.0.0.1", made.port), 10) as link:
        link.sendall(b"GET /snapshot.jpg HTTP/1.1\r\nX: ")
        tick = threading.Event()
        with pytest.raises(OSError):  # it may not be read from at all: only its end counts
            for _ in range(200):
                link.sendall(b"x")
                tick.wait(0.05)
    gone(made)


def test_a_crowd_is_turned_away_and_the_places_come_back(made: Made) -> None:
    places = 4 + server.SNAPSHOT_PLACES
    links = [socket.create_connection(("127.0.0.1", made.port), 10) for _ in range(places)]
    deadline, tick = time.monotonic() + 10, threading.Event()
    while made.threads() < places:
        assert time.monotonic() < deadline
        tick.wait(0.01)
    with socket.create_connection(("127.0.0.1", made.port), 10) as late:
        assert late.recv(4096).startswith(b"HTTP/1.1 503 ")
    for link in links:
        link.close()
    gone(made)
    made.hub.push(CAMERA, large())
    with closing(Viewer(made.port)) as viewer:
        assert viewer.picture()


@pytest.mark.parametrize(
    "bytes_",
    [b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\xff\n\n", b"GET / HTTP/9.9\r\n\r\n",
     b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"GET http://[/x HTTP/1.1\r\n\r\n",
     b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
     b"\xff\xfe\n\n"],
)  # fmt: skip
def test_broken_questions_end_their_own_connection_only(
    made: Made, bytes_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", made.port), 10) as link:
        link.sendall(bytes_)
        link.shutdown(socket.SHUT_WR)
        while link.recv(65_536):
            continue
    gone(made)
    made.hub.push(CAMERA, large())
    with closing(Viewer(made.port)) as viewer:
        assert viewer.picture()
    assert "a request failed" not in caplog.text
