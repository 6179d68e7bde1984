"""The camera bridge as a process of its own, against a TCP camera that takes one viewer."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from cameras.jpeg import first_jpeg
from cameras.prusa_connect.fingerprints import FILE
from core import jsonio
from core.clock import SystemClock
from tests.cameras.bridge_process import ROOT, Bridge, Viewer, bridge
from tests.cameras.prusa_connect.connect_server import TOKEN, connect_server
from tests.cameras.tcp_feeder import Feeder


@pytest.fixture
def feeder() -> Iterator[Feeder]:
    with closing(Feeder()) as made:
        yield made


def until(true: Callable[[], object], timeout: float = 15.0) -> None:
    """Wait until ``true()``; fails the test after ``timeout`` seconds."""
    deadline, tick = time.monotonic() + timeout, threading.Event()
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        tick.wait(0.02)


def shows(running: Bridge) -> bool:
    return running.ask("/snapshot.jpg")[0].status == 200


def test_one_picture(feeder: Feeder, tmp_path: Path) -> None:
    with bridge(tmp_path, MJPEG_URL=feeder.url) as running:
        until(lambda: feeder.sent > 2)  # it is there before anybody looks
        until(lambda: shows(running))
        answer, jpeg = running.ask("/snapshot.jpg?t=123")
        assert first_jpeg(jpeg) == jpeg
        with Image.open(io.BytesIO(jpeg)) as image:
            image.load()
        assert answer.getheader("Content-Type") == "image/jpeg"
        assert answer.getheader("Age") == "0"
        assert abs(float(answer.getheader("X-Frame-At") or 0) - time.time()) < 5

        head, nothing = running.ask("/snapshot.jpg", "HEAD")
        assert (head.status, nothing) == (200, b"")
        assert int(head.getheader("Content-Length") or 0) > 500


def test_a_picture_known_already_is_not_sent_again(feeder: Feeder, tmp_path: Path) -> None:
    with bridge(tmp_path, MJPEG_URL=feeder.url) as running:
        until(lambda: shows(running))
        feeder.silent.set()
        until(lambda: running.ask("/snapshot.jpg")[1] == running.ask("/snapshot.jpg")[1])
        etag = running.ask("/snapshot.jpg")[0].getheader("ETag") or ""
        answer, body = running.ask("/snapshot.jpg", If_None_Match=f'"other", W/{etag}')
        assert (answer.status, body, answer.getheader("ETag")) == (304, b"", etag)
        assert running.ask("/snapshot.jpg", If_None_Match='"other"')[0].status == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/index.html", "/snapshot.jpg/", "/Snapshot.jpg", "/stream.mjpg/x", "/../snapshot.jpg",
     "/snapshot.jpg%00", "/?action=snapshot", "*", "/etc/passwd"],
)  # fmt: skip
def test_there_is_nothing_else(shown: Bridge, path: str) -> None:
    answer, body = shown.ask(path)
    assert answer.status == 404 and b"only /snapshot.jpg" in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_there_is_nothing_to_do_here(shown: Bridge, method: str) -> None:
    answer, _ = shown.ask("/snapshot.jpg", method)
    assert (answer.status, answer.getheader("Allow")) == (405, "GET, HEAD")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """One running bridge for questions that change nothing."""
    with closing(Feeder()) as feeder:
        folder = tmp_path_factory.mktemp("bridge")
        with bridge(folder, MJPEG_URL=feeder.url, MAX_CLIENTS=2) as running:
            until(lambda: shows(running))
            yield running


def test_more_viewers_than_places_are_told(shown: Bridge) -> None:
    viewers = [Viewer(shown.port) for _ in range(3)]
    assert [viewer.status for viewer in viewers[:2]] == ["200 OK"] * 2
    assert viewers[2].status.startswith("503") and viewers[2].headers["Retry-After"] == "10"
    assert shown.ask("/snapshot.jpg")[0].status == 200
    viewers.pop().close()
    viewers.pop().close()

    def place_again() -> bool:
        with closing(Viewer(shown.port)) as viewer:
            return viewer.status == "200 OK"

    until(place_again)
    viewers.pop().close()


def test_a_stream_may_be_asked_for_its_head(shown: Bridge) -> None:
    answer, body = shown.ask("/stream.mjpg", "HEAD")
    assert (answer.status, body) == (200, b"")
    assert answer.getheader("Content-Type") == "multipart/x-mixed-replace; boundary=frame"
    assert answer.getheader("X-Accel-Buffering") == "no"


def test_all_viewers_share_one_connection(feeder: Feeder, tmp_path: Path) -> None:
    with bridge(tmp_path, MJPEG_URL=feeder.url) as running:
        until(lambda: shows(running))
        viewers = [Viewer(running.port) for _ in range(5)]
        for _ in range(10):
            for viewer in viewers:
                assert first_jpeg(viewer.picture())
            assert shows(running)
        for viewer in viewers:
            viewer.close()
    assert (feeder.most, feeder.came) == (1, 1)


def test_no_camera_is_said_with_its_reason(tmp_path: Path) -> None:
    feeder = Feeder()
    feeder.close()
    with bridge(tmp_path, MJPEG_URL=feeder.url) as running:
        until(lambda: b"Camera is off" in running.ask("/snapshot.jpg")[1])
        for path in ("/snapshot.jpg", "/stream.mjpg"):
            answer, body = running.ask(path)
            assert (answer.status, answer.getheader("Retry-After")) == (503, "2")
            assert body.startswith(b"No picture: ")
    assert "Camera is off" in running.log


def test_an_old_picture_is_never_served_as_live(feeder: Feeder, tmp_path: Path) -> None:
    with bridge(tmp_path, MJPEG_URL=feeder.url, STALE_SECONDS=2) as running:
        until(lambda: shows(running))
        viewer = Viewer(running.port)
        assert viewer.picture()
        feeder.silent.set()
        until(lambda: running.ask("/snapshot.jpg")[0].status == 503)
        assert b"No frame for" in running.ask("/snapshot.jpg")[1]
        until(lambda: viewer.picture() == b"")  # the stream ends, too
        viewer.close()


def test_a_still_camera_is_repeated_and_each_picture_shown_at_once(
    feeder: Feeder, tmp_path: Path
) -> None:
    with bridge(tmp_path, MJPEG_URL=feeder.url, STALE_SECONDS=60) as running:
        until(lambda: shows(running))
        feeder.silent.set()
        until(lambda: running.ask("/snapshot.jpg")[1] == running.ask("/snapshot.jpg")[1])
        viewer = Viewer(running.port)
        first, at = viewer.picture(), viewer.taken_at  # came with its boundary, no next one needed
        assert (viewer.picture(), viewer.taken_at) == (first, at)
        viewer.close()


def test_the_camera_may_be_started_anew(feeder: Feeder, tmp_path: Path) -> None:
    with bridge(tmp_path, MJPEG_URL=feeder.url, STALE_SECONDS=2) as running:
        until(lambda: shows(running))
        feeder.close()
        until(lambda: not shows(running))
        with closing(Feeder(feeder.port)) as again:
            until(lambda: shows(running))
            assert again.most == 1
    assert "camera: " in running.log


def test_it_ends_at_once_with_viewers_looking(feeder: Feeder, tmp_path: Path) -> None:
    with bridge(tmp_path, MJPEG_URL=feeder.url) as running:
        until(lambda: shows(running))
        viewer = Viewer(running.port)
        assert viewer.picture()
    viewer.close()


def test_it_shows_the_camera_in_prusa_connect(feeder: Feeder, tmp_path: Path) -> None:
    with connect_server(SystemClock()) as server:
        settings = {"MJPEG_URL": feeder.url, "PC_TOKEN": TOKEN, "PC_HOST": server.url}
        with bridge(tmp_path, **settings, PC_NAME="Bench Pi") as running:
            until(lambda: server.infos)
            command = Path(f"/proc/{running.process.pid}/cmdline")
            if sys.platform == "linux":
                assert TOKEN.encode() not in command.read_bytes()
        [taken], [info] = server.pictures, server.infos
        assert first_jpeg(taken.body) == taken.body
        assert info.config == {"name": "Bench Pi", "resolution": {"width": 64, "height": 48}}
        kept = jsonio.loads((tmp_path / FILE).read_bytes())["fingerprints"]
        assert taken.headers["fingerprint"] == kept["camera"]
        assert TOKEN not in running.log and (feeder.most, feeder.came) == (1, 1)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MJPEG_URL", "http://127.0.0.1/", "MJPEG_URL: must be an address that begins with tcp://"),
        ("MJPEG_URL", "tcp://127.0.0.1", "MJPEG_URL: needs a port"),
        ("PORT", "80a", "PORT: must be a number from 0 to 65535"),
        ("STALE_SECONDS", "nan", "STALE_SECONDS: must be a number from 2 to 300"),
        ("INTERVAL_SECONDS", "5", "INTERVAL_SECONDS: must be a number from 10 to 3600"),
        ("PC_FINGERPRINT", "short", "PC_FINGERPRINT: must have 16 to 80 characters"),
        ("PC_HOST", "ftp://example", "PC_HOST: must be an address"),
        ("HOST", "192.0.2.1", "Cannot listen on 192.0.2.1, port 8081"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, name: str, value: str, words: str) -> None:
    environ = {"PATH": os.environ["PATH"], "PC_TOKEN": TOKEN, "STATE_DIRECTORY": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "cameras.bridge"],
        cwd=ROOT, env={**environ, name: value}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert ended.returncode == 2 and words in ended.stderr
    assert TOKEN not in ended.stderr and "Traceback" not in ended.stderr


def test_a_token_on_the_command_line_is_refused(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cameras.bridge", "--token", TOKEN],
        cwd=ROOT, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert ended.returncode == 2 and "could be read by all" in ended.stderr
    assert TOKEN not in ended.stderr + ended.stdout


def test_it_needs_little() -> None:
    """The farm's libraries are not there on a Pi that runs only the bridge."""
    code = "import sys, cameras.bridge.__main__; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in ended.stdout.split()}
    unwanted = {"flask", "werkzeug", "web", "job_queue", "slicer", "simulator", "requests", "PIL",
                "urllib3", "cryptography", "paho", "aiohttp", "numpy", "asyncio"}  # fmt: skip
    assert not loaded & unwanted
