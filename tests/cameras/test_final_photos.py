"""The picture of a print's end: taken after it, kept, and never an old one."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from cameras import final_photos
from cameras.final_photos import FinalPhotos, photo_name
from cameras.frames import Frame
from cameras.hub import CameraHub
from core.clock import ManualClock
from core.errors import NotFound


def jpeg(width: int = 320, color: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, width // 2), color).save(out, "JPEG")
    return out.getvalue()


class Hub:
    """Gives the frames it was given, each once; then nothing."""

    def __init__(self, clock: ManualClock, *frames: tuple[bytes, float]) -> None:
        self._frames = [
            Frame(data, clock.time() + after, clock.monotonic() + after, n + 1)
            for n, (data, after) in enumerate(frames)
        ]
        self.asked: list[str] = []

    def wait_frame(self, camera_id: str, after_seq: int, timeout: float) -> Frame | None:
        assert 0 < timeout <= final_photos.WAIT_S
        self.asked.append(camera_id)
        if camera_id == "gone":
            raise NotFound("There is no such camera.", code="camera_not_found")
        return next((frame for frame in self._frames if frame.seq > after_seq), None)


class Desk:
    def __init__(self, folder: Path, clock: ManualClock, hub: Hub) -> None:
        self.photos = FinalPhotos(
            folder, cast(CameraHub, hub), {"alder": "top", "fir": "gone"}.get, clock
        )
        self.photos.start()

    def settle(self) -> None:
        """Everything that was asked for is done or given up."""
        self.photos._wishes.put(None)  # as stop, but behind what was asked for
        self.photos._thread.join(10)
        assert not self.photos._thread.is_alive()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_the_first_picture_after_the_end_is_kept(tmp_path: Path, clock: ManualClock) -> None:
    hub = Hub(clock, (jpeg(color="blue"), -3.0), (jpeg(), 1.0))
    desk = Desk(tmp_path / "photos", clock, hub)
    desk.photos.ended("alder", photo_name("j1", 2), clock.time())
    desk.settle()
    path = desk.photos.path("j1-2")
    assert path is not None and path.read_bytes() == jpeg()
    assert hub.asked == ["top", "top"]


def test_a_large_picture_is_made_smaller(tmp_path: Path, clock: ManualClock) -> None:
    desk = Desk(tmp_path, clock, Hub(clock, (jpeg(2400), 0.5)))
    desk.photos.ended("alder", "j1-1", clock.time())
    desk.settle()
    path = desk.photos.path("j1-1")
    assert path is not None
    with Image.open(path) as picture:
        assert picture.size == (960, 480)


@pytest.mark.parametrize(
    ("printer", "frames", "late"),
    [
        ("alder", ((jpeg(), -1.0),), 0.0),  # only a picture from before the end
        ("alder", (), 0.0),
        ("birch", ((jpeg(), 1.0),), 0.0),  # it has no camera
        ("fir", ((jpeg(), 1.0),), 0.0),  # its camera has just been taken out of the settings
        ("alder", ((b"\xff\xd8" + bytes(2_000_000), 1.0),), 0.0),  # nothing that can be shrunk
        ("alder", ((jpeg(), 1.0),), 61.0),  # noticed a minute later: another scene
    ],
)
def test_otherwise_there_is_no_photo(
    tmp_path: Path,
    clock: ManualClock,
    printer: str,
    frames: tuple[tuple[bytes, float], ...],
    late: float,
) -> None:
    desk = Desk(tmp_path, clock, Hub(clock, *frames))
    desk.photos.ended(printer, "j1-1", clock.time() - late)
    desk.settle()
    assert desk.photos.path("j1-1") is None
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_go_when_there_are_too_many(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(final_photos, "KEPT", 2)
    hub = Hub(clock, (jpeg(), 1.0))
    for n in range(4):
        desk = Desk(tmp_path, clock, hub)
        desk.photos.ended("alder", f"j{n}-1", clock.time())
        desk.settle()
        if path := desk.photos.path(f"j{n}-1"):
            os.utime(path, (n, n))
    assert {path.name for path in tmp_path.iterdir()} == {"j2-1.jpg", "j3-1.jpg"}


def test_a_name_that_leaves_the_folder_is_no_photo(tmp_path: Path, clock: ManualClock) -> None:
    desk = Desk(tmp_path / "photos", clock, Hub(clock, (jpeg(), 1.0)))
    (tmp_path / "secret.jpg").write_bytes(b"x")
    desk.photos.ended("alder", "../secret", clock.time())
    desk.settle()
    assert desk.photos.path("../secret") is None and (tmp_path / "secret.jpg").read_bytes() == b"x"


def test_a_full_disk_costs_one_photo_and_nothing_else(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "photos"
    blocked.write_text("a file where the folder should be")
    desk = Desk(blocked, clock, Hub(clock, (jpeg(), 1.0)))
    desk.photos.ended("alder", "j1-1", clock.time())
    desk.settle()
    assert desk.photos.path("j1-1") is None
