"""The real ffmpeg against a real RTSP server, faults included."""

from __future__ import annotations

import gc
import io
import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from cameras.ffmpeg_program import FfmpegFinder
from cameras.frames import CameraFailed
from cameras.hub import CameraHub
from cameras.sources.readers import Reader
from cameras.sources.video.rtsp import RtspReader
from cameras.worker import Timing
from core.clock import SystemClock
from core.errors import PrinterOffline
from printers.base import CameraSource
from tests.cameras.rtsp_camera import CODE, RtspCamera, free_port, rtsp_camera
from tests.cameras.stub_ffmpeg import HANG, stub

FINDER = FfmpegFinder()
QUICK = Timing(idle_s=30, first_retry_s=0.2, last_retry_s=0.5)


@pytest.fixture(scope="module")
def _x1c(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspCamera]:
    with rtsp_camera(tmp_path_factory.mktemp("x1c")) as camera:
        yield camera


@pytest.fixture
def x1c(_x1c: RtspCamera) -> Iterator[RtspCamera]:
    yield _x1c
    assert psutil.Process().children(recursive=True) == [_x1c.process], "an ffmpeg is left"


def take(source: CameraSource, count: int, finder: FfmpegFinder = FINDER) -> list[bytes]:
    with closing(RtspReader(finder).frames(source, lambda: False)) as stream:
        return [next(stream) for _ in range(count)]


def failure(source: CameraSource, **times: float) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        for _ in RtspReader(FINDER, **times).frames(source, lambda: False):
            pass
    assert not caught.value.message.endswith(".") and CODE not in str(caught.value)
    return caught.value


def size_of(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture)) as image:
        image.load()
        return image.size


def until(condition: Callable[[], Any], timeout: float = 20.0) -> None:
    end, pause = time.monotonic() + timeout, threading.Event()
    while not condition():
        assert time.monotonic() < end, "waited too long"
        pause.wait(0.02)


def test_pictures_over_tls_and_digest(x1c: RtspCamera) -> None:
    assert [size_of(picture) for picture in take(x1c.source(), 5)] == [(320, 180)] * 5


@pytest.mark.parametrize(("tls", "auth"), [(True, "basic"), (False, "")])
def test_pictures_of_other_servers(tls: bool, auth: str, tmp_path: Path) -> None:
    with rtsp_camera(tmp_path, tls=tls, auth=auth) as camera:
        url = f"rtsp{'s' * tls}://127.0.0.1:{camera.wish.port}{camera.wish.path}"
        assert len(take(camera.source(url=url), 2)) == 2


def test_scaled_and_turned(x1c: RtspCamera) -> None:
    """The test picture's bars: white at the left, blue at the right; then from top to bottom."""
    (picture,) = take(x1c.source(width=160, rotate=90), 1)
    assert size_of(picture) == (90, 160)
    with Image.open(io.BytesIO(picture)) as image:
        top, bottom = (image.convert("L").getpixel((85, y)) for y in (5, 155))
    assert isinstance(top, int) and isinstance(bottom, int) and top > 150 > 80 > bottom


def test_a_wrong_code(x1c: RtspCamera) -> None:
    error = failure(x1c.source(code="00000000"))
    assert error.error_code == "auth" and "compare it with the one on the printer" in error.message
    own = f"rtsps://127.0.0.1:{x1c.wish.port}/streaming/live/1"
    assert "user and password" in failure(x1c.source(code="x", url=own)).message
    assert "wants a user" in failure(x1c.source(code="", user="", url=own)).message


def test_no_video_at_that_address(x1c: RtspCamera) -> None:
    url = f"rtsps://127.0.0.1:{x1c.wish.port}/nothing"
    assert failure(x1c.source(url=url)).error_code == "not_found"


def test_another_certificate_gets_no_code(x1c: RtspCamera) -> None:
    def strict() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        return context

    assert failure(x1c.source(tls=strict)).error_code == "certificate"
    assert failure(x1c.source(tls=None)).error_code == "certificate"


def test_before_the_certificate_is_known(x1c: RtspCamera) -> None:
    def not_yet() -> ssl.SSLContext:
        raise PrinterOffline("X1C has not been reached yet.")

    with pytest.raises(CameraFailed) as caught:
        take(x1c.source(tls=not_yet), 1)
    assert caught.value.error_code == "not_ready"


def test_a_closed_port(x1c: RtspCamera) -> None:
    port = free_port()
    off = failure(x1c.source(port=port))
    assert off.error_code == "liveview_off" and "LAN Only Liveview" in off.message
    url = f"rtsps://127.0.0.1:{port}/x"
    assert failure(x1c.source(port=port, url=url)).error_code == "off"


def test_a_camera_that_stands_still(x1c: RtspCamera) -> None:
    stream = RtspReader(FINDER, stall_s=0.5).frames(x1c.source(), lambda: False)
    next(stream)
    x1c.freeze()
    try:
        with pytest.raises(CameraFailed) as caught:
            for _ in stream:
                pass
    finally:
        x1c.freeze(frozen=False)
    assert caught.value.error_code == "stalled"


def test_cancel_is_noticed(x1c: RtspCamera) -> None:
    cancelled = threading.Event()
    stream = RtspReader(FINDER).frames(x1c.source(), cancelled.is_set)
    next(stream)
    cancelled.set()
    for _ in stream:
        pass


def open_files() -> int:
    """How many, once nothing of what came before is still being closed."""
    gc.collect()
    pause, last, same = threading.Event(), -1, 0
    while same < 5:
        pause.wait(0.1)
        now = len(list(Path("/proc/self/fd").iterdir()))
        last, same = now, same + 1 if now == last else 0
    return last


def test_starts_and_stops_at_every_stage(x1c: RtspCamera) -> None:
    take(x1c.source(), 1)
    files = open_files()
    for round_ in range(12):
        pause = threading.Event()
        stop = threading.Timer(0.04 * round_, pause.set)  # at every stage of the start
        stop.start()
        for _ in RtspReader(FINDER).frames(x1c.source(), pause.is_set):
            pass
        stop.join()
    assert open_files() == files


def test_the_camera_dies_and_comes_back(tmp_path: Path) -> None:
    with rtsp_camera(tmp_path) as camera:
        reader = RtspReader(FINDER)
        hub = CameraHub(
            lambda camera_id: camera.source(), SystemClock(), timing=QUICK,
            readers={"rtsps": Reader(reader.frames, reader.means)},
        )  # fmt: skip
        try:
            first = hub.wait_frame("x1c", 0, 20)
            assert first is not None
            camera.stop()
            until(lambda: hub.status("x1c").failures)
            camera.start()
            seq = hub.status("x1c").frames
            again = hub.wait_frame("x1c", seq, 20)
            assert again is not None and size_of(again.jpeg) == (320, 180)
            status = hub.status("x1c")
            assert status.restarts >= 1 and status.last_error and status.fps > 0
            assert (status.width, status.height) == (320, 180)
        finally:
            hub.stop()


# --- garbage -----------------------------------------------------------------------------------

SDP = (
    b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
)


def odd_camera(answer: Callable[[str, str], bytes]) -> tuple[socket.socket, CameraSource]:
    """``answer`` gets (method, CSeq) and gives the bytes to send."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            link, _ = server.accept()
            with link, link.makefile("rb") as lines:
                while request := lines.readline().decode():
                    headers = iter(lambda: lines.readline().decode().strip(), "")
                    fields = dict(line.split(": ", 1) for line in headers)
                    link.sendall(answer(request.split(" ")[0], fields["CSeq"]))

    threading.Thread(target=serve, daemon=True).start()
    port = server.getsockname()[1]
    return server, CameraSource(
        kind="rtsp", host="127.0.0.1", port=port, url=f"rtsp://127.0.0.1:{port}/x"
    )


def reply(number: str, body: bytes = b"", *lines: str) -> bytes:
    extra = "".join(f"{line}\r\n" for line in lines)
    return (
        f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


@pytest.mark.parametrize(
    ("play", "codes"),
    [
        (b"$\x00\x00\x20" + bytes(range(32)), {"stalled", "lost", "bad_frames"}),
        (b"not a frame at all", {"protocol"}),
        (b"", {"stalled"}),
    ],
)
def test_a_camera_that_plays_garbage(play: bytes, codes: set[str]) -> None:
    def answer(method: str, number: str) -> bytes:
        if method == "DESCRIBE":
            return reply(number, SDP, "Content-Type: application/sdp")
        if method == "SETUP":
            wire = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
            return reply(number, b"", "Session: 1", wire)
        return reply(number) + (play * 50 if method == "PLAY" else b"")

    server, source = odd_camera(answer)
    with server:
        assert failure(source, first_s=1.0).error_code in codes


def test_a_description_of_nothing() -> None:
    server, source = odd_camera(lambda method, number: reply(number, b"v=0\r\n"))
    with server:
        assert failure(source, first_s=1.5).error_code in ("bad_frames", "stalled")


def test_a_web_server_at_the_cameras_address() -> None:
    server, source = odd_camera(lambda method, number: b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with server:
        assert failure(source).error_code == "protocol"


# --- secrets -----------------------------------------------------------------------------------


def spied_on(pid: int) -> list[str]:
    """What others on the computer can read of a program."""
    proc = Path(f"/proc/{pid}")
    return [(proc / name).read_bytes().decode() for name in ("cmdline", "environ")]


def test_the_code_is_nowhere_to_be_seen(x1c: RtspCamera, caplog: pytest.LogCaptureFixture) -> None:
    reader = RtspReader(FINDER)
    codes = [CODE, "canary-wrong-code"]
    hub = CameraHub(
        lambda camera_id: x1c.source(code=codes[camera_id == "wrong"]), SystemClock(), timing=QUICK,
        readers={"rtsps": Reader(reader.frames, reader.means)},
    )  # fmt: skip
    with caplog.at_level(logging.DEBUG):
        try:
            hub.frame("wrong")
            assert hub.wait_frame("right", 0, 20) is not None
            until(lambda: hub.status("wrong").failures)
            seen = [caplog.text, repr(hub.status("right")), repr(hub.status("wrong"))]
            for child in psutil.Process().children():
                with suppress(OSError, psutil.Error):  # the refused one ends at any moment
                    if "ffmpeg" in child.name():
                        seen += spied_on(child.pid)
        finally:
            hub.stop()
    assert "rtsp://127.0.0.1:" in "".join(seen), "the relay's address is there"
    assert "canary" not in "".join(seen)
    assert hub.status("right").ffmpeg and "/streaming/live/1" in hub.status("right").command


def test_what_ffmpeg_says_is_cleaned(tmp_path: Path, jpeg: Any, x1c: RtspCamera) -> None:
    """Should a build of it print the address it was given, or the code it must not know."""
    finder = stub(tmp_path, jpeg(), f'echo "401 for $* and {CODE}" >&2; exit 1')
    with pytest.raises(CameraFailed) as caught:
        take(x1c.source(), 1, finder)
    assert CODE not in caught.value.message and "***" in caught.value.message
    assert "127.0.0.1" not in caught.value.message


def test_an_ffmpeg_that_never_comes_to_the_relay(
    tmp_path: Path, jpeg: Any, x1c: RtspCamera
) -> None:
    finder = stub(tmp_path, jpeg(), HANG)
    with pytest.raises(CameraFailed) as caught:
        for _ in RtspReader(finder, first_s=0.4).frames(x1c.source(), lambda: False):
            pass
    assert caught.value.error_code == "stalled"


def test_without_any_ffmpeg(x1c: RtspCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CameraFailed) as caught:
        take(x1c.source(), 1, FfmpegFinder("/no/such/ffmpeg"))
    assert caught.value.error_code == "no_ffmpeg" and "cameras.ffmpeg" in caught.value.message


def test_with_the_ffmpeg_that_imageio_carries(
    x1c: RtspCamera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another major version than the system's: options were renamed between them."""
    monkeypatch.setenv("PATH", str(tmp_path))
    finder = FfmpegFinder()
    assert "imageio" in finder.find().path
    assert [size_of(picture) for picture in take(x1c.source(width=160), 2, finder)] == [
        (160, 90)
    ] * 2


def test_a_killed_farm_takes_its_ffmpeg_along(x1c: RtspCamera) -> None:
    """kill -9 runs no clean-up; the relay's socket closes, and ffmpeg ends by itself."""
    code = """
import sys
from tests.cameras.test_rtsp import FINDER, RtspReader
from tests.cameras.rtsp_camera import pinned_to
from core.secret import Secret
from printers.base import CameraSource
port, certificate, code = sys.stdin.readline().split()
source = CameraSource(kind="rtsps", host="127.0.0.1", port=int(port), user="bblp", fps=15.0,
                      secret=Secret(code), tls=lambda: pinned_to(certificate))
for _ in RtspReader(FINDER).frames(source, lambda: False):
    print("picture", flush=True)
"""
    farm = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert farm.stdin is not None and farm.stdout is not None
    farm.stdin.write(f"{x1c.wish.port} {x1c.certificate} {CODE}\n")
    farm.stdin.flush()
    assert farm.stdout.readline() == "picture\n"
    (ffmpeg,) = psutil.Process(farm.pid).children()
    farm.kill()
    farm.communicate()
    psutil.wait_procs([ffmpeg], timeout=15)
    assert not ffmpeg.is_running() or ffmpeg.status() == psutil.STATUS_ZOMBIE
