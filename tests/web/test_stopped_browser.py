"""A browser that stops reading a live picture holds up nobody, and is thrown out."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cameras.hub import CameraHub
from core.clock import SystemClock
from printers.base import CameraSource
from web.app import create_app
from web.server import FarmServer, Limits

NOISE = random.Random(1).randbytes(200_000).replace(b"\xff", b"\x00")
PICTURE = b"\xff\xd8\xff\xda\x00\x02" + NOISE + b"\xff\xd9"


@pytest.fixture
def hub() -> Iterator[CameraHub]:
    """Fifty pictures a second of 200 kB."""
    made, over = (
        CameraHub(lambda camera_id: CameraSource(kind="push"), SystemClock()),
        threading.Event(),
    )

    def feed() -> None:
        while not over.wait(0.02):
            made.push("alder", PICTURE)

    thread = threading.Thread(target=feed)
    thread.start()
    yield made
    over.set()
    thread.join(5)
    made.stop()


@pytest.fixture
def server(make_farm: Any, hub: CameraHub) -> Iterator[FarmServer]:
    app = create_app(replace(make_farm().services, cameras=hub))
    made = FarmServer("127.0.0.1", 0, app, limits=Limits(send_stall_s=1.0))
    made.start()
    yield made
    made.stop()


def look(server: FarmServer) -> socket.socket:
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    link.settimeout(5)
    link.connect(server.server_address)
    link.sendall(b"GET /api/camera?camera_id=alder HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return link


def read_pictures(link: socket.socket, count: int) -> None:
    got = b""
    while got.count(b"X-Frame-At") < count:
        data = link.recv(1 << 20)
        assert data
        got = got[-16:] + data if b"X-Frame-At" not in got + data else got + data


def streams(server: FarmServer) -> int:
    """How many the farm says are open."""
    return int(server.app.test_client().get("/api/cameras").json["streams"])


def test_one_that_stops_holds_up_nobody(server: FarmServer, kit: Any) -> None:
    with look(server) as stopped, look(server) as reading:
        stopped.recv(100)
        kit.wait_for(lambda: streams(server) == 2)
        read_pictures(reading, 20)
        kit.wait_for(lambda: streams(server) == 1)
        read_pictures(reading, 20)
        assert len(server._open) == 1
    kit.wait_for(lambda: streams(server) == 0)
    kit.wait_for(lambda: not server._open)


def test_a_slow_one_gets_new_pictures(server: FarmServer, hub: CameraHub, kit: Any) -> None:
    """What waits for it in the kernel is less than two pictures, however long it slept."""
    with look(server) as slow:
        read_pictures(slow, 1)
        before = hub.status("alder").frames
        kit.wait_for(lambda: hub.status("alder").frames > before + 25)
        queued = 0
        slow.settimeout(0.0)
        try:
            while queued < 50 * len(PICTURE):
                queued += len(slow.recv(1 << 20))
        except BlockingIOError:
            pass
        assert queued < 8 * len(PICTURE)
