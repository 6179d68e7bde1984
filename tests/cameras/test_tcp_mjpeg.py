"""Raw MJPEG over TCP as rpicam-vid serves it, with everything that can go wrong on the way."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest

from cameras.frames import CameraFailed
from cameras.hub import CameraHub
from cameras.sources import tcp_mjpeg
from cameras.worker import Timing
from core.clock import SystemClock
from printers.base import CameraSource

Serve = Callable[[socket.socket], None]


@contextmanager
def tcp_camera(serve: Serve) -> Iterator[CameraSource]:
    """Serves one viewer at a time, each with ``serve`` until it ends."""
    server = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                link, _ = server.accept()
            except OSError:
                return
            with link, suppress(OSError):
                serve(link)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield CameraSource(kind="tcp_mjpeg", host="127.0.0.1", port=server.getsockname()[1])
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)
        assert not thread.is_alive()


def take(source: CameraSource, count: int, stall_s: float = 5.0) -> list[bytes]:
    with closing(tcp_mjpeg.frames(source, lambda: False, stall_s)) as stream:
        return [next(stream) for _ in range(count)]


def failure(source: CameraSource, stall_s: float = 5.0) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        take(source, 1_000, stall_s)
    return caught.value


def wait_for_leave(link: socket.socket) -> None:
    link.settimeout(5)
    link.recv(1)


def with_thumbnail(picture: bytes, thumbnail: bytes) -> bytes:
    body = b"Exif\0\0" + thumbnail
    return picture[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + picture[2:]


def test_pictures_back_to_back_in_any_pieces(jpeg: Any) -> None:
    pictures = [jpeg("red"), with_thumbnail(jpeg(), jpeg(quality=5)), jpeg("blue"), jpeg("white")]
    chance = random.Random(3)

    def serve(link: socket.socket) -> None:
        data = b"".join(pictures)
        while data:
            size = chance.choice((1, 2, 3, 100, 2000))
            link.sendall(data[:size])
            data = data[size:]
        wait_for_leave(link)

    with tcp_camera(serve) as source:
        assert take(source, 4) == pictures


def test_a_damaged_picture_costs_itself_only(jpeg: Any) -> None:
    """Bytes lost in the middle, as an overrun buffer loses them, and noise between pictures."""
    whole = jpeg("red")
    torn = whole[:300] + whole[500:]
    after = jpeg("blue")

    def serve(link: socket.socket) -> None:
        link.sendall(whole + torn + b"\x00\xff\xd9noise\xff\xd8" + after + after + after)
        wait_for_leave(link)

    with tcp_camera(serve) as source:
        got = take(source, 4)
    assert got[0] == whole and got[-1] == after and set(got) <= {whole, torn, after}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "lost"),
        (b"\xff\xd8\xff\xe0", "lost"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "lost"),
        (b"\x00" * 9_000_000, "bad_frames"),
        (b"\xff\xd8\xff\xd9" * 20, "bad_frames"),
        (b"\xff\xd8\xff\xe0\x00\x05ab" + b"x" * 100 + b"\xff\xd8\xff\x00" * 20, "bad_frames"),
    ],
)
def test_garbage(data: bytes, code: str) -> None:
    with tcp_camera(lambda link: link.sendall(data)) as source:
        assert failure(source).error_code == code


@pytest.mark.parametrize("dripping", [False, True])
def test_a_silent_or_dripping_camera(dripping: bool, jpeg: Any) -> None:
    def serve(link: socket.socket) -> None:
        link.sendall(jpeg())
        link.settimeout(0.05)
        while dripping:
            link.sendall(b"\xff\xd8\xff\xfe\xff\xff"[:1])
            with suppress(TimeoutError):
                if link.recv(1) == b"":
                    return
        wait_for_leave(link)

    with tcp_camera(serve) as source:
        error = failure(source, stall_s=0.5)
    assert error.error_code == "stalled" and error.message.startswith("No frame for")


def test_cancel_is_noticed(jpeg: Any) -> None:
    with tcp_camera(wait_for_leave) as source:
        left_at = time.monotonic() + 0.2
        assert list(tcp_mjpeg.frames(source, lambda: time.monotonic() > left_at)) == []


def test_a_closed_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failure(CameraSource(kind="tcp_mjpeg", host="127.0.0.1", port=port))
    assert (error.error_code, error.message) == ("off", "Camera is off")


def test_a_thousand_viewers_one_after_the_other(jpeg: Any) -> None:
    """rpicam-vid ends with its viewer and is started anew: so does this one a thousand times."""
    came = []

    def serve(link: socket.socket) -> None:
        came.append(1)
        link.sendall(jpeg())
        wait_for_leave(link)

    with tcp_camera(serve) as source:
        for _ in range(1_000):
            take(source, 1)
    assert len(came) == 1_000


def test_through_the_hub_with_restarts(jpeg: Any) -> None:
    """Each connection gives three pictures and ends."""

    def serve(link: socket.socket) -> None:
        for color in ("red", "teal", "blue"):
            link.sendall(jpeg(color))
            threading.Event().wait(0.02)

    quick = Timing(idle_s=5, first_retry_s=0.01, last_retry_s=0.05)
    with tcp_camera(serve) as source:
        hub = CameraHub(lambda camera_id: source, SystemClock(), timing=quick)
        try:
            seq = 0
            while seq < 20:
                frame = hub.wait_frame("pi", seq, 10.0)
                assert frame is not None and frame.jpeg in map(jpeg, ("red", "teal", "blue"))
                seq = frame.seq
            status = hub.status("pi")
            assert status.restarts >= 4 and status.kind == "tcp_mjpeg"
        finally:
            hub.stop()
