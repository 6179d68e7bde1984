"""Web cameras: streams and single pictures in every spelling, and through the hub."""

from __future__ import annotations

import io
import time
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from cameras.hub import CameraHub
from cameras.sources import snapshot
from cameras.worker import Timing
from core.clock import SystemClock
from tests.cameras.test_web_trouble import endless
from tests.cameras.web_camera import source_of, web_camera
from tests.cameras.web_reading import never, part, stream_failure, take


@pytest.mark.parametrize(
    ("kind", "boundary", "length"),
    [
        ("multipart/x-mixed-replace; boundary=frame", "--frame", True),
        ("multipart/x-mixed-replace;boundary=--frame", "--frame", True),
        ("multipart/x-mixed-replace; boundary=--frame", "----frame", False),
        ('Multipart/X-Mixed-Replace; Boundary="a b:c"', "--a b:c", False),
        ("multipart/x-mixed-replace", "--whatever", True),
        ("multipart/x-mixed-replace; boundary=frame", "--other", False),
        ("multipart/x-mixed-replace; boundary=frame", "", False),
    ],
)
def test_every_spelling_of_a_stream(kind: str, boundary: str, length: bool, jpeg: Any) -> None:
    colors = [jpeg(color) for color in ("teal", "red", "blue")]

    def serve(viewer: Any) -> None:
        viewer.open_stream(kind)
        for picture in colors:
            viewer.send(part(picture, boundary=boundary, length=length))
        viewer.wait(5)

    with web_camera(serve) as camera:
        assert take(source_of(camera.url), 3) == colors


@pytest.mark.parametrize("piece", [1, 7, 500])
def test_pictures_in_small_pieces(piece: int, jpeg: Any) -> None:
    picture = jpeg()

    def serve(viewer: Any) -> None:
        viewer.open_stream()
        data = part(picture, length=False)
        for at in range(0, len(data), piece):
            viewer.send(data[at : at + piece])
        viewer.wait(5)

    with web_camera(serve) as camera:
        assert take(source_of(camera.url), 1) == [picture]


def test_a_chunked_stream(jpeg: Any) -> None:
    picture = jpeg()

    def serve(viewer: Any) -> None:
        viewer.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: multipart/x-mixed-replace; boundary=f\r\n\r\n"
        )
        data = part(picture) * 2
        for at in range(0, len(data), 100):
            chunk = data[at : at + 100]
            viewer.send(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        viewer.wait(5)

    with web_camera(serve) as camera:
        assert take(source_of(camera.url), 2) == [picture, picture]


def test_the_last_picture_does_not_wait_for_the_next(jpeg: Any) -> None:
    def serve(viewer: Any) -> None:
        viewer.open_stream()
        viewer.send(part(jpeg(), length=False)[:-2])
        viewer.wait(5)

    with web_camera(serve) as camera:
        started = time.monotonic()
        assert len(take(source_of(camera.url), 1)) == 1
        assert time.monotonic() - started < 2


def test_a_damaged_picture_costs_only_itself(jpeg: Any) -> None:
    good, cut = jpeg("red"), jpeg()[:-300]

    def serve(viewer: Any) -> None:
        viewer.open_stream()
        for picture in (cut, good, b"no picture", b"\xff\xd8\xff\x00junk", good):
            viewer.send(part(picture))
        viewer.wait(5)

    with web_camera(serve) as camera:
        pictures = take(source_of(camera.url), 2)
    assert pictures == [good, good]
    Image.open(io.BytesIO(pictures[0])).load()


def test_the_answer_of_a_stream_that_ends(jpeg: Any) -> None:
    def serve(viewer: Any) -> None:
        viewer.open_stream()
        viewer.send(part(jpeg()))

    with web_camera(serve) as camera:
        assert stream_failure(source_of(camera.url)).error_code == "lost"


def test_snapshots_are_asked_for_again_and_again(jpeg: Any) -> None:
    colors = [jpeg(color) for color in ("teal", "red", "blue")]

    def serve(viewer: Any) -> None:
        viewer.answer(colors[len(camera.requests) - 1])

    with web_camera(serve) as camera:
        source = source_of("http://127.0.0.1:1/wrong", "snapshot", key="abc")
        source = replace(source, snapshot_url=camera.url)
        started = time.monotonic()
        with closing(snapshot.frames(source, never, every_s=0.1)) as stream:
            assert [next(stream) for _ in range(3)] == colors
        assert time.monotonic() - started >= 0.2
    first = camera.requests[0]
    assert (first.method, first.path) == ("GET", "/webcam/?action=x")
    assert first.headers["X-Api-Key"] == "abc"
    assert first.headers["Host"] == f"127.0.0.1:{camera.port}"


@pytest.mark.parametrize("kind", ["image/jpeg", "image/jpg", "application/octet-stream", ""])
def test_kinds_of_picture(kind: str, jpeg: Any) -> None:
    picture = jpeg()

    def serve(viewer: Any) -> None:
        if kind:
            viewer.answer(b"\r\n" + picture + b"tail", kind)
        else:
            viewer.send(b"HTTP/1.0 200 OK\r\n\r\n" + picture)

    with web_camera(serve) as camera:
        assert snapshot.fetch(source_of(camera.url), never) == picture


def test_a_snapshot_address_that_streams(jpeg: Any) -> None:
    with web_camera(endless(part(jpeg()))) as camera:
        assert snapshot.fetch(source_of(camera.url), never) == jpeg()


def test_a_stream_address_that_gives_single_pictures(jpeg: Any) -> None:
    with web_camera(lambda viewer: viewer.answer(jpeg())) as camera:
        assert take(source_of(camera.url), 1) == [jpeg()]


@pytest.mark.parametrize("kind", ["mjpeg", "snapshot"])
def test_the_hub_shows_web_cameras(kind: str, jpeg: Any) -> None:
    def serve(viewer: Any) -> None:
        if kind == "snapshot":
            viewer.answer(jpeg())
            return
        viewer.open_stream()
        while not viewer.wait(0.05):
            viewer.send(part(jpeg()))

    with web_camera(serve) as camera:
        hub = CameraHub(
            lambda printer_id: source_of(camera.url, kind), SystemClock(), timing=Timing(idle_s=0.3)
        )
        try:
            assert hub.status("oak").mode == "jpeg"
            first = hub.wait_frame("oak", 0, 5.0)
            assert first is not None and first.jpeg == jpeg()
            assert hub.wait_frame("oak", first.seq, 5.0) is not None
            assert hub.status("oak").code == "live"
            assert hub.pause("oak")
        finally:
            hub.stop()
