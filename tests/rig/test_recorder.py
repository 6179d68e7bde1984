"""What clicks, layers and the farm's words do, with a camera that always answers."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rig.builder import Builder
from rig.feed import Feed, Picture
from rig.lights import Lights
from rig.outbox import Outbox
from rig.recorder import Recorder
from rig.session import RECORDING, Session
from rig.settings import Settings


class Camera:
    problem = "unplugged"

    def __init__(self, jpeg: bytes) -> None:
        self.jpeg: bytes | None = jpeg
        self.asked: list[float] = []

    def after(self, mono: float, timeout: float) -> Picture | None:
        self.asked.append(mono)
        if self.jpeg is None:
            return None
        return Picture(self.jpeg, time.time(), mono + 0.1, 1, (64, 48))


class Bench:
    """A recorder whose builder only collects."""

    def __init__(self, folder: Path, jpeg: bytes, **settings: Any) -> None:
        self.settings = Settings(
            photos=folder / "Photos", timelapses=folder / "Timelapses", reserve_mb=0, **settings
        )
        self.settings.photos.mkdir(exist_ok=True)
        self.settings.timelapses.mkdir(exist_ok=True)
        self.camera = Camera(jpeg)
        self.events: list[str] = []
        self.blinks = 0
        self.builder = Builder(self.settings, lambda _: None)
        self.recorder = Recorder(
            self.settings, cast(Feed, self.camera), self.builder, self,
            lambda event, **facts: self.events.append(event),
        )  # fmt: skip

    def blink(self) -> None:
        self.blinks += 1

    @property
    def state(self) -> str:
        return self.recorder.snapshot.state

    def lines(self) -> list[dict[str, Any]]:
        manifest = next(self.settings.photos.glob("*/frames.jsonl"))
        return [json.loads(line) for line in manifest.read_text().splitlines()]


@pytest.fixture
def bench(tmp_path: Path, kit: SimpleNamespace) -> Bench:
    return Bench(tmp_path, kit.jpeg())


def test_a_press_uses_a_picture_from_after_it(bench: Bench) -> None:
    bench.recorder.clicks(3, 1.0)
    bench.recorder.clicks(1, 55.5)
    assert bench.camera.asked == [55.5] and bench.blinks == 1


def test_button_and_farm_make_one_frame_per_layer(bench: Bench) -> None:
    bench.recorder.clicks(3, 0.0)
    bench.recorder.layer("j", 1, 10.0)  # the farm first, then the parked head
    bench.recorder.clicks(1, 11.0)
    bench.recorder.clicks(1, 30.0)  # the head first
    bench.recorder.layer("j", 2, 31.5)
    bench.recorder.layer("j", 3, 60.0)  # the head missed the button
    assert bench.recorder.snapshot.frames == 3
    assert [(x["frame"], x["trigger"]) for x in bench.lines()] == [
        (1, "layer"), (1, "button"), (2, "button"), (3, "layer"),
    ]  # fmt: skip


def test_the_same_file_once_more_has_its_layers_again(tmp_path: Path, kit: SimpleNamespace) -> None:
    bench = Bench(tmp_path, kit.jpeg(), follow="off")
    bench.recorder.clicks(3, 1.0)
    for turn in (0, 1):
        for layer in (1, 2):
            bench.recorder.layer("gear.gcode", layer, 100.0 * turn + 20 * layer)
        bench.recorder.printer("finished", "gear.gcode", "gear")
    assert bench.recorder.snapshot.frames == 4


def test_layers_do_nothing_while_idle_or_paused(bench: Bench) -> None:
    bench.recorder.layer("j", 1, 1.0)
    bench.recorder.clicks(3, 2.0)
    bench.recorder.clicks(4, 3.0)
    bench.recorder.layer("j", 2, 4.0)
    assert bench.state == "paused" and bench.recorder.snapshot.frames == 0
    assert bench.recorder.act("pause") == (False, "It is paused already.")


def test_a_session_without_frames_leaves_nothing(bench: Bench) -> None:
    bench.recorder.clicks(3, 1.0)
    bench.recorder.clicks(3, 2.0)
    assert bench.events == ["session_started", "session_discarded"]
    assert not list(bench.settings.photos.iterdir()) and bench.state == "idle"


@pytest.mark.parametrize("action", ["stop", "pause", "resume", "discard"])
def test_what_needs_a_recording(bench: Bench, action: str) -> None:
    assert bench.recorder.act(action) == (False, "Nothing is being recorded.")


def test_unknown_orders_are_refused(bench: Bench) -> None:
    bench.recorder.act("start")
    assert bench.recorder.act("start")[1] == "A recording runs already."
    assert bench.recorder.act("explode") == (False, 'The rig cannot "explode".')


def test_the_end_of_the_print_ends_the_recording(bench: Bench) -> None:
    bench.recorder.clicks(3, 1.0)
    bench.recorder.printer("preparing", "j1", "gear")
    bench.recorder.printer("printing", "j1", "gear")
    bench.recorder.clicks(1, 2.0)
    for state in ("paused", "offline", "unknown", "fault", "printing"):
        bench.recorder.printer(state, "j1" if state != "offline" else "", "")
        assert bench.state == "recording", state
    bench.recorder.printer("finished", "j1", "gear")
    assert bench.state == "building" and bench.events[-1] == "session_stopped"


def test_a_recording_of_no_print_is_not_ended_by_one(bench: Bench) -> None:
    bench.recorder.clicks(3, 1.0)
    bench.recorder.printer("idle", "", "")
    assert bench.state == "recording"


def test_prints_start_recordings_where_that_is_wanted(tmp_path: Path, kit: SimpleNamespace) -> None:
    bench = Bench(tmp_path, kit.jpeg(), follow="print")
    bench.recorder.printer("printing", "j1", "gear")
    assert bench.state == "recording"
    bench.recorder.clicks(5, 1.0)  # a person does not want it
    bench.recorder.printer("printing", "j1", "gear")
    assert bench.state == "idle"
    bench.recorder.printer("printing", "j2", "vase")
    bench.recorder.clicks(1, 2.0)
    bench.recorder.printer("printing", "j3", "boat")
    assert bench.events.count("session_started") == 3, "the next print is the next recording"


def test_without_a_picture_nothing_is_saved_and_it_is_said(bench: Bench) -> None:
    bench.recorder.clicks(3, 1.0)
    bench.camera.jpeg = None
    bench.recorder.clicks(1, 2.0)
    assert bench.events[-1] == "frame_missed"
    assert "unplugged" in bench.recorder.snapshot.error and bench.blinks == 0
    assert bench.recorder.act("shot") == (False, "The camera gives no picture.")


def test_a_press_without_a_picture_leaves_the_layer_to_the_farm(
    bench: Bench, kit: SimpleNamespace
) -> None:
    bench.recorder.clicks(3, 1.0)
    bench.camera.jpeg = None
    bench.recorder.clicks(1, 2.0)
    bench.camera.jpeg = kit.jpeg()
    bench.recorder.layer("j", 1, 3.5)
    assert bench.recorder.snapshot.frames == 1


def test_a_full_disk_is_said_and_does_not_end_the_recording(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, kit: SimpleNamespace
) -> None:
    bench.recorder.clicks(3, 1.0)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("rig.files.write", full)
        bench.recorder.clicks(1, 2.0)
    assert bench.state == "recording" and "No space" in bench.recorder.snapshot.error
    with monkeypatch.context() as patch:
        patch.setattr("rig.files.free_mb", lambda _: 0)
        assert bench.recorder.act("shot")[0] is False
    bench.recorder.clicks(1, 3.0)
    assert bench.recorder.snapshot.frames == 1 and bench.recorder.snapshot.error == ""


def test_a_recording_that_a_full_disk_does_not_let_end_can_be_ended_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.recorder.clicks(3, 1.0)
    bench.recorder.clicks(1, 2.0)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("rig.files.write", full)
        assert bench.recorder.act("stop")[0] is False
    assert bench.state == "recording" and bench.builder.waiting == 0
    assert bench.recorder.act("stop") == (True, "")
    assert bench.builder.waiting == 1


def test_after_a_restart(tmp_path: Path, kit: SimpleNamespace) -> None:
    """Recent: goes on. Older: is built. Empty: goes. Done: its frames go."""
    bench = Bench(tmp_path, kit.jpeg())
    photos = bench.settings.photos
    picture = Picture(kit.jpeg(), time.time(), 0.0, 1, (64, 48))
    older, done, recent = (Session.create(photos, time.time(), "button") for _ in range(3))
    Session.create(photos, time.time() - 9e4, "button")  # empty
    for session in (older, done, recent):
        session.add(picture, "button")
    os.utime(older.folder / "000001.jpg", (time.time() - 7200,) * 2)
    done.change(state="done")
    bench.recorder.recover()
    assert bench.recorder.snapshot.session == recent.id and bench.state == RECORDING
    assert bench.builder.waiting == 1
    assert {p.name for p in photos.iterdir()} == {older.id, recent.id}


def test_what_others_keep_in_its_folder_is_left_alone(bench: Bench, kit: SimpleNamespace) -> None:
    """ "photos" may be a folder of pictures, or a disk of its own with its lost+found."""
    photos = bench.settings.photos
    theirs = [photos / "Holiday" / "IMG_1.jpg", photos / "Old" / "000001.jpg", photos / "empty"]
    for path in theirs[:2]:
        path.parent.mkdir()
        path.write_bytes(kit.jpeg())
    theirs[2].mkdir()
    bench.recorder.recover()
    assert all(path.exists() for path in theirs)
    assert bench.builder.waiting == 0 and bench.events == []


def test_a_folder_that_the_disk_refuses_does_not_keep_the_others_waiting(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, kit: SimpleNamespace
) -> None:
    photos, picture = bench.settings.photos, Picture(kit.jpeg(), time.time(), 0.0, 1, (64, 48))
    hurt, older, recent = (Session.create(photos, time.time() + n, "button") for n in range(3))
    for session in (hurt, older, recent):
        session.add(picture, "button")
        if session is not recent:
            session.change(state="building")
    change = Session.change

    def refusing(session: Session, **fields: str) -> None:
        if session.id == hurt.id:
            raise OSError(errno.EIO, "Input/output error")
        change(session, **fields)

    monkeypatch.setattr(Session, "change", refusing)
    bench.recorder.recover()
    assert bench.recorder.snapshot.session == recent.id and bench.builder.waiting == 1
    assert "Input/output error" in bench.recorder.snapshot.error


def test_the_outbox_keeps_the_newest_and_events_over_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.json", 4)
    outbox.add("event", 1, event="a")
    for number in range(5):
        outbox.add("reading", 10 + number, temperature=number)
    kinds = [item.get("event") or item["temperature"] for item in outbox.batch(set())]
    assert kinds == ["a", 2, 3, 4] and outbox.dropped == 2, "readings go before events"
    ids = [item["id"] for item in outbox.batch(set())]
    assert len(outbox.batch({ids[0]})) == 3
    again = Outbox(tmp_path / "o.json", 4)
    assert [item["id"] for item in again.batch(set())] == ids[:1]
    again.confirmed([ids[0], "unknown"])
    assert len(Outbox(tmp_path / "o.json", 4)) == 0
    for _ in range(2):
        again.add("event", 1, key="one video", event="video")
    assert len(again) == 1, "what is told twice is one"
    (tmp_path / "o.json").write_text("damaged")
    assert len(Outbox(tmp_path / "o.json", 4)) == 0


class Lamp:
    def __init__(self, name: str, seen: list[tuple[str, bool]]) -> None:
        self._name, self._seen = name, seen
        self.lit = False

    def on(self) -> None:
        self._set(True)

    def off(self) -> None:
        self._set(False)

    def _set(self, lit: bool) -> None:
        if lit != self.lit:
            self._seen.append((self._name, lit))
        self.lit = lit


@pytest.mark.parametrize(
    ("state", "steady", "flash"),
    [
        ("idle", {"red"}, [("red", False), ("red", True)]),
        ("recording", {"green"}, [("red", True), ("red", False)]),
        ("paused", {"yellow"}, [("red", True), ("red", False)]),
        ("building", set(), [("red", True), ("red", False)]),
    ],
)
def test_lamps(
    kit: SimpleNamespace, state: str, steady: set[str], flash: list[tuple[str, bool]]
) -> None:
    seen: list[tuple[str, bool]] = []
    lamps = {name: Lamp(name, seen) for name in ("red", "yellow", "green")}
    lights = Lights(dict(lamps), lambda: state)
    lights.start()
    kit.wait_for(lambda: {name for name, lamp in lamps.items() if lamp.lit} == steady)
    seen.clear()
    lights.blink()
    kit.wait_for(lambda: len(seen) == 2)
    assert seen == flash
    lights.stop()
    assert not any(lamp.lit for lamp in lamps.values())
