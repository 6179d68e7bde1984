"""Cameras: real child processes, files, and a picamera2 that only a Pi would have."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest

from rig.errors import CameraFailed
from rig.feed import Feed
from rig.settings import CameraSettings
from rig.sources import open_source, own_command

NEVER: Callable[[], bool] = lambda: False  # noqa: E731 - a constant with a type


def program(tmp_path: Path, jpeg: bytes, then: str) -> tuple[str, ...]:
    """A camera's program: a warning, two pictures with garbage between, then ``then``."""
    (tmp_path / "one.jpg").write_bytes(jpeg)
    (tmp_path / "camera.py").write_text(
        "import sys, time\n"
        "sys.stderr.write('lens cap is on ' * 20000); sys.stderr.flush()\n"
        f"jpeg = open({str(tmp_path / 'one.jpg')!r}, 'rb').read()\n"
        "sys.stdout.buffer.write(b'junk' + jpeg + b'junk' + jpeg); sys.stdout.buffer.flush()\n"
        f"{then}\n"
    )
    return (sys.executable, str(tmp_path / "camera.py"))


def test_any_program_that_writes_jpegs(tmp_path: Path, kit: SimpleNamespace) -> None:
    jpeg = kit.jpeg()
    command = program(tmp_path, jpeg, "time.sleep(60)")
    source = open_source(CameraSettings(kind="command", command=command))(NEVER)
    assert [next(source), next(source)] == [jpeg, jpeg]
    children = psutil.Process().children(recursive=True)
    assert children
    source.close()
    assert not any(child.is_running() for child in children), "closed and reaped"


def test_a_program_that_ends_or_is_missing_says_why(tmp_path: Path, kit: SimpleNamespace) -> None:
    command = program(tmp_path, kit.jpeg(), "sys.exit('no cameras available!')")
    source = open_source(CameraSettings(kind="command", command=command))(NEVER)
    next(source), next(source)
    with pytest.raises(CameraFailed, match="no cameras available!"):
        next(source)
    missing = open_source(CameraSettings(kind="command", command=("/no/such/program",)))(NEVER)
    with pytest.raises(CameraFailed, match="cannot be started"):
        next(missing)


def test_a_program_that_falls_silent_is_ended(tmp_path: Path, kit: SimpleNamespace) -> None:
    command = program(tmp_path, kit.jpeg(), "time.sleep(60)")
    settings = CameraSettings(kind="command", command=command, stale=0.3)
    source = open_source(settings)(NEVER)
    next(source), next(source)
    with pytest.raises(CameraFailed, match=r"no picture for 0\.3 s"):
        next(source)


def test_a_silent_program_does_not_keep_the_rig_from_stopping(
    tmp_path: Path, kit: SimpleNamespace
) -> None:
    command = program(tmp_path, kit.jpeg(), "time.sleep(60)")
    feed = Feed(open_source(CameraSettings(kind="command", command=command, stale=300)))
    feed.start()
    kit.wait_for(lambda: feed.latest(60))
    children = psutil.Process().children(recursive=True)
    feed.stop()
    assert children and not any(child.is_running() for child in children)


def test_rpicam_vid_is_the_default_program() -> None:
    command = own_command(CameraSettings(kind="command", fps=5))
    assert command[0] == "rpicam-vid" and command[-2:] == ["-o", "-"]
    assert command[command.index("--width") + 1] == "1920"


def test_a_file_is_shown_when_it_is_written_anew(tmp_path: Path, kit: SimpleNamespace) -> None:
    path = tmp_path / "now.jpg"
    path.write_bytes(kit.jpeg("red"))
    settings = CameraSettings(kind="file", path=str(path), fps=30, stale=0.5)
    source = open_source(settings)(NEVER)
    assert next(source) == kit.jpeg("red")
    with pytest.raises(CameraFailed, match="has not been written"):
        next(source)


def test_a_folder_is_shown_in_turn(tmp_path: Path, kit: SimpleNamespace) -> None:
    pictures = [kit.jpeg("red"), kit.jpeg("navy")]
    for number, jpeg in enumerate(pictures):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg)
    source = open_source(CameraSettings(kind="file", path=str(tmp_path), fps=30))(NEVER)
    assert [next(source) for _ in range(4)] == pictures * 2


class FakeCamera:
    """As Picamera2's own, as far as the rig uses it."""

    autofocus = True
    opened: list[FakeCamera]

    def __init__(self, jpeg: bytes) -> None:
        self.camera_controls = {"AfMode": 1} if type(self).autofocus else {}
        self.controls: dict[str, Any] = {}
        self.configured: dict[str, Any] = {}
        self.closed = False
        self._jpeg = jpeg

    def create_video_configuration(self, **options: Any) -> dict[str, Any]:
        return options

    def configure(self, options: dict[str, Any]) -> None:
        self.configured = options

    def set_controls(self, controls: dict[str, Any]) -> None:
        self.controls.update(controls)

    def start_recording(self, encoder: Any, output: Any) -> None:
        output.write(b"\xff\xd8\xff older")
        output.write(memoryview(self._jpeg))

    def stop_recording(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def picamera2(monkeypatch: pytest.MonkeyPatch, kit: SimpleNamespace) -> list[FakeCamera]:
    opened: list[FakeCamera] = []
    library, encoders, outputs = (ModuleType(name) for name in ("picamera2", "e", "o"))

    def make() -> FakeCamera:
        opened.append(FakeCamera(kit.jpeg()))
        return opened[-1]

    library.Picamera2 = make  # type: ignore[attr-defined]
    encoders.JpegEncoder = lambda q: q  # type: ignore[attr-defined]
    outputs.FileOutput = lambda file: file  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", library)
    monkeypatch.setitem(sys.modules, "picamera2.encoders", encoders)
    monkeypatch.setitem(sys.modules, "picamera2.outputs", outputs)
    return opened


@pytest.mark.parametrize("autofocus", [True, False])
def test_picamera2(
    picamera2: list[FakeCamera], kit: SimpleNamespace, monkeypatch: pytest.MonkeyPatch,
    autofocus: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(FakeCamera, "autofocus", autofocus)
    source = open_source(CameraSettings())(NEVER)
    assert next(source) == kit.jpeg(), "the newest, not the first"
    camera = picamera2[0]
    assert camera.configured["main"] == {"size": (1920, 1080)}
    assert camera.controls == ({"AfMode": 2} if autofocus else {})
    source.close()
    assert camera.closed


def test_a_silent_picamera2_is_closed(picamera2: list[FakeCamera]) -> None:
    source = open_source(CameraSettings(stale=0.4))(NEVER)
    next(source)
    with pytest.raises(CameraFailed, match="gave no picture"):
        next(source)
    assert picamera2[0].closed


def test_without_picamera2_it_says_what_to_install() -> None:
    with pytest.raises(CameraFailed, match="python3-picamera2"):
        next(open_source(CameraSettings())(NEVER))


def test_the_feed_comes_back_and_throws_broken_pictures_away(kit: SimpleNamespace) -> None:
    opened: list[int] = []

    def source(cancelled: Callable[[], bool]) -> Generator[bytes, None, None]:
        opened.append(1)
        yield kit.jpeg()[:-10]
        yield kit.jpeg()
        if len(opened) == 1:
            raise CameraFailed("unplugged")
        while not cancelled():
            yield kit.jpeg("navy")
            threading.Event().wait(0.01)

    feed = Feed(source, first_retry_s=0.05)
    feed.start()
    kit.wait_for(lambda: len(opened) == 2 and not feed.problem)
    asked = time.monotonic()
    picture = feed.after(asked, 5)
    assert picture is not None and picture.mono >= asked and picture.size == (64, 48)
    assert feed.broken == 2
    assert feed.latest(5) is not None
    feed.stop()
    assert feed.after(time.monotonic() + 60, 5) is None, "a stopped feed keeps nobody waiting"


def test_an_old_picture_is_not_the_latest(kit: SimpleNamespace) -> None:
    def source(cancelled: Callable[[], bool]) -> Generator[bytes, None, None]:
        yield kit.jpeg()
        while not cancelled():
            threading.Event().wait(0.01)

    now = [10.0]
    feed = Feed(source, monotonic=lambda: now[0])
    feed.start()
    kit.wait_for(lambda: feed.latest(1))
    now[0] += 1.5
    assert feed.latest(1) is None and feed.latest(2) is not None
    feed.stop()
