"""MJPEG over HTTP through the hub: frames lost, stalls and restarts of the camera's server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from cameras.hub import CameraHub
from cameras.sources import mjpeg
from cameras.sources.readers import Reader
from cameras.worker import Timing
from core.clock import SystemClock
from tests.cameras.web_camera import Viewer, source_of, web_camera

QUICK = Timing(idle_s=30, first_retry_s=0.01, last_retry_s=0.05)
COLORS = ("red", "teal", "blue")


@pytest.fixture
def hub_at() -> Iterator[Callable[[str], CameraHub]]:
    made: list[CameraHub] = []

    def make(url: str) -> CameraHub:
        readers = {"mjpeg": Reader(partial(mjpeg.frames, stall_s=0.4))}
        made.append(
            CameraHub(lambda _: source_of(url), SystemClock(), timing=QUICK, readers=readers)
        )
        return made[-1]

    yield make
    for hub in made:
        hub.stop()


def part(picture: bytes) -> bytes:
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    return head.encode() + picture + b"\r\n"


def watch(hub: CameraHub, count: int) -> list[bytes]:
    """The next so many pictures, with as many reconnects as it takes."""
    found: list[bytes] = []
    seq = 0
    while len(found) < count:
        frame = hub.wait_frame("oak", seq, 20.0)
        assert frame is not None, hub.status("oak")
        found.append(frame.jpeg)
        seq = frame.seq
    return found


@pytest.mark.parametrize("end", ["hang up", "stall", "garbage", "half a picture"])
def test_the_camera_comes_back_whatever_ended_it(end: str, hub_at: Any, jpeg: Any) -> None:
    def serve(viewer: Viewer) -> None:
        viewer.open_stream()
        for color in COLORS:
            viewer.send(part(jpeg(color)))
            viewer.wait(0.01)
        if end == "stall":
            viewer.wait(2)
        elif end == "garbage":
            viewer.send(b"\xff\xd8\xff\xd9" * 40)
        elif end == "half a picture":
            viewer.send(part(jpeg())[:400])

    with web_camera(serve) as camera:
        hub = hub_at(camera.url)
        assert set(watch(hub, 9)) <= {jpeg(color) for color in COLORS}
        assert hub.status("oak").restarts >= 1 and len(camera.requests) >= 2
        assert hub.status("oak").last_error


def test_lost_bytes_cost_only_the_picture_they_were_of(hub_at: Any, jpeg: Any) -> None:
    """Every third picture has lost a piece; a length that lies must not eat the next one."""
    torn = jpeg()[:200] + jpeg()[260:]

    def serve(viewer: Viewer) -> None:
        viewer.open_stream()
        while not viewer.wait(0.005):
            viewer.send(part(jpeg("red")) + part(jpeg("blue")))
            viewer.send(part(jpeg()).replace(jpeg(), torn))

    with web_camera(serve) as camera:
        hub = hub_at(camera.url)
        seen = set(watch(hub, 30))
        assert {jpeg("red"), jpeg("blue")} & seen
        assert seen <= {jpeg("red"), jpeg("blue"), torn}
        assert hub.status("oak").restarts == 0
