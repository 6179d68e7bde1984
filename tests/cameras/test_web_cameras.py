"""Cameras over HTTP: streams and single pictures, from friendly and from hostile servers."""

from __future__ import annotations

import io
import socket
import ssl
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cameras.frames import CameraFailed
from cameras.hub import CameraHub
from cameras.jpeg_stream import JpegStream
from cameras.sources import mjpeg, snapshot
from cameras.worker import Timing
from core.clock import SystemClock
from core.errors import PrinterOffline
from printers.base import CameraSource
from simulator.certificates import CertificateAuthority, server_context
from tests.cameras.web_camera import source_of, web_camera

Serve = Callable[[Any], None]


def never() -> bool:
    return False


def take(source: CameraSource, count: int, **timing: float) -> list[bytes]:
    timing = {"stall_s": 5.0, "answer_s": 5.0, **timing}
    with closing(mjpeg.frames(source, never, **timing)) as stream:
        return [next(stream) for _ in range(count)]


def stream_failure(source: CameraSource, **timing: float) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        take(source, 100, **timing)
    return caught.value


def picture_failure(source: CameraSource, answer_s: float = 5.0) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        snapshot.fetch(replace(source, kind="snapshot"), never, answer_s)
    return caught.value


def part(picture: bytes, *, boundary: str = "--frame", length: bool = True) -> bytes:
    head = f"{boundary}\r\nContent-Type: image/jpeg\r\n"
    if length:
        head += f"Content-Length: {len(picture)}\r\n"
    return head.encode() + b"\r\n" + picture + b"\r\n"


# -- streams ------------------------------------------------------------------------------------


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


# -- single pictures ----------------------------------------------------------------------------


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


# -- addresses, keys, certificates --------------------------------------------------------------


def redirect(viewer: Any, to: str) -> None:
    viewer.send(f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode())


def test_a_redirect_on_the_same_server_is_followed(jpeg: Any) -> None:
    def serve(viewer: Any) -> None:
        if viewer.path == "/pic":
            viewer.answer(jpeg())
        else:
            redirect(viewer, "/pic")

    with web_camera(serve) as camera:
        assert snapshot.fetch(source_of(camera.url, key="abc"), never) == jpeg()
    assert [viewer.headers["X-Api-Key"] for viewer in camera.requests] == ["abc", "abc"]


@pytest.mark.parametrize("read", [stream_failure, picture_failure])
def test_a_redirect_elsewhere_gets_no_key(read: Any, jpeg: Any) -> None:
    with web_camera(lambda viewer: viewer.answer(jpeg())) as other:
        for to in (other.url, other.url.replace("http:", ""), "file:///etc/passwd", "https://x/"):
            with web_camera(lambda viewer, to=to: redirect(viewer, to)) as camera:
                error = read(source_of(camera.url, key="abc"))
            assert error.error_code in ("redirected", "address")
        assert other.requests == []


def test_a_redirect_to_what_is_no_address() -> None:
    with web_camera(lambda viewer: redirect(viewer, "http://[::1/x")) as camera:
        assert picture_failure(source_of(camera.url)).error_code == "redirected"


def test_a_redirect_for_ever() -> None:
    with web_camera(lambda viewer: redirect(viewer, "/again")) as camera:
        assert picture_failure(source_of(camera.url)).error_code == "redirected"
    assert len(camera.requests) == 4


@pytest.mark.parametrize(
    "url", ["", "rtsp://x/", "//x", "http://", "http://[::1", "http://a:99999"]
)
def test_addresses_that_are_none(url: str) -> None:
    assert picture_failure(source_of(url)).error_code == "address"


def test_signing_in_by_the_address(jpeg: Any) -> None:
    with web_camera(lambda viewer: viewer.answer(jpeg())) as camera:
        url = camera.url.replace("://", "://me:p%40ss@").replace("action=x", "a=ü b")
        snapshot.fetch(source_of(url), never)
    (viewer,) = camera.requests
    assert viewer.headers["Authorization"] == "Basic bWU6cEBzcw=="
    assert viewer.path == "/webcam/?a=%C3%BC%20b"


def test_a_key_that_cannot_be_sent_is_not_shown() -> None:
    with web_camera(lambda viewer: None) as camera:
        source = source_of(camera.url, key="secret\r\nHost: evil")
        error = picture_failure(source)
    assert error.error_code == "address" and camera.requests == []
    assert error.__cause__ is None and error.__suppress_context__


def test_a_closed_port_is_a_camera_that_is_off() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        error = stream_failure(source_of(url))
    assert (error.error_code, error.message) == ("off", "Camera is off")


def test_https_with_the_printers_certificate(tmp_path: Path, jpeg: Any) -> None:
    identity = CertificateAuthority(tmp_path).identity("oak")

    def pinned() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(identity.certificate)
        return context

    def not_yet() -> ssl.SSLContext:
        raise PrinterOffline("Oak has not been reached yet.")

    with web_camera(endless(part(jpeg())), server_context(identity)) as camera:
        source = source_of(camera.url, key="abc")
        assert take(replace(source, tls=pinned), 2) == [jpeg(), jpeg()]
        seen = len(camera.requests)
        for tls in (None, lambda: None):
            strange = stream_failure(replace(source, tls=tls))
            assert strange.error_code == "certificate", "the system does not know it"
        early = stream_failure(replace(source, tls=not_yet))
        assert early.error_code == "not_ready" and "Oak" in early.message
        assert len(camera.requests) == seen, "no key was sent"


# -- through the hub ----------------------------------------------------------------------------


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
