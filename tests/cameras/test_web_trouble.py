"""Web cameras that flood, drip, refuse or speak nonsense: a sentence, and little memory."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest

from cameras.frames import CameraFailed
from cameras.jpeg_stream import JpegStream
from cameras.sources import mjpeg, snapshot
from tests.cameras.web_camera import source_of, web_camera
from tests.cameras.web_reading import Serve, part, picture_failure, stream_failure


def endless(piece: bytes, kind: str = "multipart/x-mixed-replace") -> Serve:
    def serve(viewer: Any) -> None:
        viewer.open_stream(kind)
        while not viewer.wait(0):
            viewer.send(piece)

    return serve


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(b"x" * 65536, id="no picture at all"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10" + b"y" * 90, id="starts of pictures"),
        pytest.param(
            b"\xff\xd8\xff\xdb\x00\x04ab\xff\xda\x00\x02" + b"z" * 65536, id="huge picture"
        ),
    ],
)
def test_floods_end_in_a_sentence_and_little_memory(piece: bytes) -> None:
    with web_camera(endless(piece)) as camera:
        tracemalloc.start()
        try:
            error = stream_failure(source_of(camera.url))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (error.error_code, error.message) == ("bad_frames", "Camera sends broken pictures")
    assert peak < 40_000_000


def test_a_huge_picture_in_one_entropy_run() -> None:
    stream = JpegStream(max_bytes=100_000)
    start = b"\xff\xd8\xff\xdb\x00\x04ab\xff\xda\x00\x02"
    with pytest.raises(CameraFailed):
        for _ in range(100):
            list(stream.feed(start + b"q" * 5_000))
            start = b""


def test_bytes_made_to_be_slow() -> None:
    """One byte at a time, fill bytes and stuffing: linear, not quadratic."""
    scan = b"\xff\xd8\xff\xdb\x00\x04ab\xff\xda\x00\x02"
    started = time.monotonic()
    for head, tail, size in (
        (scan, b"q", 300_000),
        (scan, b"\xff\x00", 60_000),
        (scan, b"\xff", 30_000),
        (b"\xff\xd8\xff", b"\xff", 30_000),
    ):
        stream = JpegStream(max_bytes=size)
        with pytest.raises(CameraFailed):
            for byte in head + tail * size:
                list(stream.feed(bytes([byte])))
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("where", ["connect", "header", "drip header", "picture", "drip"])
def test_a_silent_or_dripping_camera(where: str, jpeg: Any) -> None:
    def serve(viewer: Any) -> None:
        if where == "drip header":
            while not viewer.wait(0.05):
                viewer.send(b"H")
        if where in ("picture", "drip"):
            viewer.open_stream()
            viewer.send(part(jpeg())[:100])
            while where == "drip" and not viewer.wait(0.05):
                viewer.send(b"x")
        viewer.wait(5)

    with web_camera(serve) as camera:
        source = source_of(camera.url)
        if where == "connect":
            source = source_of(camera.url.replace("http:", "https:"))
        started = time.monotonic()
        error = stream_failure(source, stall_s=0.6, answer_s=0.6)
        assert time.monotonic() - started < 3
    if where == "connect":  # the server reads the hello as a request that never ends
        assert error.error_code in ("stalled", "lost")
    else:
        assert error.error_code == "stalled"
        assert error.message.startswith(("Camera did not answer", "No frame for"))


@pytest.mark.parametrize("where", ["header", "picture", "pause"])
@pytest.mark.parametrize("kind", ["mjpeg", "snapshot"])
def test_cancel_is_noticed_within_half_a_second(kind: str, where: str, jpeg: Any) -> None:
    def serve(viewer: Any) -> None:
        if where == "pause" and kind == "snapshot":
            viewer.answer(jpeg())
        elif where != "header":
            viewer.open_stream()
            viewer.send(part(jpeg()) if where == "pause" else part(jpeg())[:99])
        viewer.wait(5)

    left_at = time.monotonic() + 0.3
    read: Any = mjpeg.frames if kind == "mjpeg" else snapshot.frames
    with web_camera(serve) as camera:
        source = source_of(camera.url, kind)
        pictures = list(read(source, lambda: time.monotonic() > left_at))
        late = time.monotonic() - left_at
    assert len(pictures) == (where == "pause") and late < 0.5


@pytest.mark.parametrize(
    ("status", "kind", "code", "words"),
    [
        ("401 Unauthorized", "text/plain", "auth", "refuses the farm's key"),
        ("403 Forbidden", "application/json", "auth", "refuses the farm's key"),
        ("404 Not Found", "text/html", "not_found", "no camera at"),
        ("204 No Content", "image/jpeg", "no_picture", "no picture yet"),
        ("503 Busy", "text/html", "server_error", "HTTP 503"),
        ("200 OK", "text/html; charset=utf-8", "not_a_picture", "a web page"),
        ("200 OK", "application/json", "not_a_picture", "something else"),
        ("200 OK", "image/png", "bad_frames", "broken pictures"),
    ],
)
@pytest.mark.parametrize("read", [stream_failure, picture_failure])
def test_refusals_in_words(status: str, kind: str, code: str, words: str, read: Any) -> None:
    def serve(viewer: Any) -> None:
        viewer.answer(
            b"<html>Sign in</html>" if not status.startswith("204") else b"", kind, status
        )

    with web_camera(serve) as camera:
        error = read(source_of(camera.url))
    assert error.error_code == code and words in error.message
    assert not error.message.endswith(".") and error.status == 503


@pytest.mark.parametrize(
    "answer",
    [
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: -5\r\n\r\n\xff\xd8\xff",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 900\r\n\r\n\xff\xd8\xff",
        b"",
    ],
)
def test_servers_that_speak_nonsense(answer: bytes) -> None:
    with web_camera(lambda viewer: viewer.send(answer)) as camera:
        error = picture_failure(source_of(camera.url))
    assert error.error_code in ("protocol", "lost", "bad_frames")


def test_a_picture_without_end() -> None:
    with web_camera(endless(b"\xff\xd8\xff\xe0" * 10_000, "image/jpeg")) as camera:
        assert picture_failure(source_of(camera.url)).error_code == "bad_frames"
