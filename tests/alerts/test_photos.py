"""Pictures of events: in time or not at all, kept as long as something points to them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from alerts import photos as photos_module
from alerts.build import camera_picture
from alerts.model import Event, Kind, Level
from alerts.photos import FRESH_S, AlertPhotos, photo_name
from cameras.frames import Frame
from cameras.hub import CameraHub
from core.clock import Clock, SystemClock
from core.errors import NotFound
from tests.alerts.desk_kit import event

JPEG = b"\xff\xd8 a picture \xff\xd9"
CLOCK = SystemClock()


class Studio:
    """AlertPhotos with a camera of the test's."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.asked: list[tuple[str, float, float]] = []
        self.taken: dict[str, str] = {}
        self.open = threading.Event()
        self.open.set()
        self.heard = threading.Semaphore(0)
        self.photos = AlertPhotos(folder / "photos", self.picture, CLOCK, 20.0, **more)
        self.photos.start(self.hear)

    def picture(self, printer_id: str, after: float, timeout: float) -> bytes | None:
        self.asked.append((printer_id, after, timeout))
        assert self.open.wait(20.0)
        if printer_id == "broken":
            raise ZeroDivisionError("a bug in a camera")
        return None if printer_id == "blind" else JPEG

    def hear(self, event: Event, file: str) -> None:
        self.taken[event.identity] = file
        self.heard.release()
        if event.printer_id == "rude":
            raise ZeroDivisionError("a bug in the desk")

    def take(self, *events: Event, level: Level = Level.SOON) -> None:
        for one in events:
            self.photos.wish(one, level)
        for _ in events:
            assert self.heard.acquire(timeout=20.0)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    studios: list[Studio] = []

    def studio(**more: Any) -> Studio:
        studios.append(Studio(tmp_path, **more))
        return studios[-1]

    yield studio
    for one in studios:
        one.open.set()
        one.photos.stop()


def now(kind: Kind, printer: str = "alder", **more: Any) -> Event:
    return event(kind, printer, at=CLOCK.time(), **more)


def test_a_picture_is_taken_and_kept(make: Callable[..., Studio]) -> None:
    studio, one = make(), now(Kind.STARTED)
    studio.take(one)
    file = studio.taken[one.identity]
    assert file == photo_name(one) == photo_name(event(Kind.STARTED, at=0.0)), "as after a restart"
    path = studio.photos.path(file)
    assert path is not None and path.read_bytes() == JPEG
    assert studio.asked[0][:2] == ("alder", one.at) and 19.0 < studio.asked[0][2] <= 20.0
    assert studio.photos.is_done(one.identity)


def test_of_what_is_urgent_one_from_just_before_will_do(make: Callable[..., Studio]) -> None:
    studio, one = make(), now(Kind.PAUSED)
    studio.take(one, level=Level.NOW)
    assert studio.asked[0][1] == one.at - photos_module.BEFORE_S


def test_no_picture_and_no_camera_that_fails_stops_the_others(make: Callable[..., Studio]) -> None:
    studio = make()
    names = ("blind", "broken", "rude", "alder")
    studio.take(*(now(Kind.STARTED, name) for name in names))
    found = {identity.split("|")[0]: bool(file) for identity, file in studio.taken.items()}
    assert found == {"blind": False, "broken": False, "rude": True, "alder": True}
    studio.take(*(now(Kind.FINISHED, name) for name in names))
    assert len(studio.taken) == 8, "all the photographers are alive"


def test_an_old_event_gets_no_picture_of_another_scene(make: Callable[..., Studio]) -> None:
    studio, one = make(), event(Kind.STARTED, at=CLOCK.time() - 61)
    studio.take(one)
    assert studio.taken == {one.identity: ""} and studio.asked == []


def test_the_history_s_photo_of_a_print_s_end_serves(
    make: Callable[..., Studio], tmp_path: Path
) -> None:
    kept = tmp_path / "j1-1.jpg"
    kept.write_bytes(b"from the history")
    studio = make(final=lambda one: kept if one.run == "j1-1" else None)
    late = event(Kind.FINISHED, run="j1-1", at=CLOCK.time() - 3600)
    other = now(Kind.FINISHED, run="foreign")
    start = now(Kind.STARTED, run="j1-1")
    studio.take(late, other, start)
    read = {name: studio.photos.path(file) for name, file in studio.taken.items() if file}
    contents = {name: path.read_bytes() for name, path in read.items() if path}
    assert contents == {
        late.identity: b"from the history", other.identity: JPEG, start.identity: JPEG,
    }  # fmt: skip


def test_it_is_waited_for_only_while_it_is_being_taken(make: Callable[..., Studio]) -> None:
    studio, one = make(), now(Kind.STARTED)
    studio.open.clear()
    studio.photos.wish(one, Level.SOON)
    assert not studio.photos.is_done(one.identity)
    studio.open.set()
    assert studio.heard.acquire(timeout=20.0)
    assert studio.photos.is_done(one.identity) and studio.photos.is_done("another")


def test_nothing_is_wished_for_the_farm_or_twice(make: Callable[..., Studio]) -> None:
    studio = make()
    studio.photos.wish(now(Kind.STARTED, photo="there.jpg"), Level.SOON)
    studio.photos.wish(Event(kind=Kind.NEEDS_PERSON, at=0.0, text="x"), Level.NOW)
    studio.take(now(Kind.STARTED))
    assert len(studio.taken) == 1


def test_too_many_at_once_go_without(
    make: Callable[..., Studio], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos_module, "MOST_WISHES", 2)
    studio = make()
    studio.open.clear()
    events = [now(Kind.STARTED, f"p{n}") for n in range(20)]
    for one in events:
        studio.photos.wish(one, Level.SOON)
    waiting = [one for one in events if not studio.photos.is_done(one.identity)]
    assert 2 <= len(waiting) <= 2 + photos_module.THREADS
    studio.open.set()
    for _ in waiting:
        assert studio.heard.acquire(timeout=20.0)


def test_a_full_disk_costs_the_picture_only(
    make: Callable[..., Studio], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "photos").write_bytes(b"a file where the folder should be")
    studio = make()
    with caplog.at_level("INFO"):
        studio.take(now(Kind.STARTED))
    assert list(studio.taken.values()) == [""] and "no picture of an alert" in caplog.text


def test_what_nothing_points_to_is_cleared_away(
    make: Callable[..., Studio], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, folder = make(), tmp_path / "photos"
    assert studio.photos.clear(frozenset()) == 0
    folder.mkdir()
    old = CLOCK.time() - FRESH_S - 60
    for name in ("wanted", "unwanted", "fresh"):
        (folder / f"{name}.jpg").write_bytes(JPEG)
        if name != "fresh":
            os.utime(folder / f"{name}.jpg", (old, old))
    for name, age in ((".a.jpg.0.new", old), (".b.jpg.0.new", CLOCK.time())):
        (folder / name).write_bytes(JPEG)  # a kill came while they were written
        os.utime(folder / name, (age, age))
    assert studio.photos.clear(frozenset({"wanted.jpg"})) == 1
    assert not (folder / ".a.jpg.0.new").exists()
    (folder / ".b.jpg.0.new").unlink()  # that one may be on its way
    assert sorted(path.stem for path in folder.iterdir()) == ["fresh", "wanted"]
    monkeypatch.setattr(photos_module, "MOST_PHOTOS", 1)
    studio.photos.clear(frozenset({"wanted.jpg"}))
    assert [path.stem for path in folder.iterdir()] == ["fresh"]


@pytest.mark.parametrize("name", ["", "../queue.json", "/etc/passwd", "gone.jpg", ".."])
def test_only_its_own_files_are_given_out(make: Callable[..., Studio], name: str) -> None:
    assert make().photos.path(name) is None


# -- the cameras -----------------------------------------------------------------------------------


class Hub:
    """wait_frame of a camera whose pictures were taken at these times."""

    def __init__(self, *times: float) -> None:
        self.frames = [
            Frame(jpeg=b"%d" % seq, seq=seq, taken_at=at, taken_mono=at)
            for seq, at in enumerate(times, 1)
        ]

    def wait_frame(self, camera_id: str, after_seq: int, timeout: float) -> Frame | None:
        if camera_id == "gone":
            raise NotFound("There is no such camera.")
        assert timeout > 0
        return next((frame for frame in self.frames if frame.seq > after_seq), None)


def look(hub: Hub, printer_id: str, after: float, clock: Clock = CLOCK) -> bytes | None:
    cameras = {"alder": "top", "birch": "gone"}
    return camera_picture(cast(CameraHub, hub), cameras.get, clock)(printer_id, after, 5.0)


def test_the_first_picture_after_the_moment_is_the_one() -> None:
    hub = Hub(10.0, 20.0, 30.0)
    assert look(hub, "alder", 15.0) == b"2" and look(hub, "alder", 31.0) is None
    assert look(hub, "birch", 0.0) is None and look(hub, "nobody", 0.0) is None


def test_nobody_looks_for_longer_than_agreed() -> None:
    ticks = iter(range(0, 100, 2))
    clock = cast(Clock, SimpleNamespace(monotonic=lambda: float(next(ticks))))
    assert look(Hub(*map(float, range(50))), "alder", 45.0, clock) is None
