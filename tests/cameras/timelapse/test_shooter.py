"""Frames taken in a thread: newer than the moment they were wanted at, and whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from cameras.timelapse import shooter as shooter_module
from cameras.timelapse.manifest import Manifest, State
from cameras.timelapse.shooter import End, Shooter, Shot
from cameras.timelapse.store import TimelapseStore
from core.camera_config import TimelapseConfig
from core.clock import SystemClock
from core.errors import NotFound, StorageError

CLOCK = SystemClock()


class Stage:
    """A recording, its camera and its thread."""

    def __init__(self, store: TimelapseStore, kit: SimpleNamespace) -> None:
        self.store, self.kit = store, kit
        self.hub = kit.hub(CLOCK)
        self.told = threading.Event()
        self.camera = "cam"
        self.shooter: Shooter | None = None
        self.id = ""

    def begin(self, keep_warm: bool = True, **config: Any) -> Shooter:
        made = self.store.create(
            printer_id="alder", printer="Alder", state=State.RECORDING, started_at=CLOCK.time(),
            camera_id=self.camera,
        )  # fmt: skip
        self.id = made.id
        self.shooter = Shooter(
            made, self.store, self.hub, TimelapseConfig(reserve_mb=config.pop("reserve_mb", 0),
            **config), CLOCK, keep_warm=keep_warm, on_end=self.told.set,
        )  # fmt: skip
        self.shooter.start()
        return self.shooter

    @property
    def manifest(self) -> Manifest:
        return self.store.get(self.id)

    def shoot(self, delay_s: float = 0.0, **changes: Any) -> Shot:
        assert self.shooter is not None
        shot = Shot(CLOCK.monotonic() + delay_s, changes)
        self.shooter.request(shot)
        return shot

    def until(self, **values: Any) -> None:
        self.kit.wait_for(
            lambda: all(getattr(self.manifest, name) == value for name, value in values.items())
        )

    def end(self, result: str = "finished") -> None:
        assert self.shooter is not None
        self.shooter.end(End(result, CLOCK.time()))
        assert self.told.wait(10)


@pytest.fixture
def stage(
    store: TimelapseStore, kit: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    monkeypatch.setattr(shooter_module, "PATIENCE_S", 1.0)
    monkeypatch.setattr(shooter_module, "LAST_PATIENCE_S", 0.2)
    made = Stage(store, kit)
    yield made
    if made.shooter is not None:
        made.shooter.leave()
        made.shooter.join(5)
        assert not made.shooter.lives
        assert made.hub.held == 0, "the camera is let go"


def test_an_older_picture_is_not_taken(stage: Stage, kit: SimpleNamespace) -> None:
    """It would show the head on its way (cameras-and-rig 6, latency rule)."""
    stage.begin()
    stage.hub.show(kit.frame(1))
    stage.shoot(layer=7)
    stage.hub.show(kit.frame(2), age_s=0.5)  # arrived later, taken before
    newer = kit.frame(3)
    stage.hub.show(newer)
    stage.until(frames=1)
    (path,) = stage.store.frames(stage.id)
    assert path.read_bytes() == newer
    assert (stage.manifest.layer, stage.manifest.width, stage.manifest.height) == (7, 160, 120)


def test_the_head_is_given_time_to_park(stage: Stage, kit: SimpleNamespace) -> None:
    stage.begin()
    shot = stage.shoot(delay_s=0.3)
    stage.hub.show(kit.frame(1))
    parked = threading.Event()
    while CLOCK.monotonic() < shot.due:
        parked.wait(0.02)
    stage.hub.show(kit.frame(2))
    stage.until(frames=1)
    assert stage.store.frames(stage.id)[0].read_bytes() == kit.frame(2)


def test_a_broken_picture_is_passed_over(stage: Stage, kit: SimpleNamespace) -> None:
    stage.begin()
    stage.shoot()
    stage.hub.show(kit.frame(1)[:2000])
    kit.wait_for(lambda: stage.hub.held)
    stage.hub.show(kit.frame(2))
    stage.until(frames=1, gaps=0)
    assert stage.store.frames(stage.id)[0].read_bytes() == kit.frame(2)


def test_a_dead_camera_costs_frames_and_says_so(stage: Stage, kit: SimpleNamespace) -> None:
    stage.begin()
    stage.shoot()
    stage.until(gaps=1)
    assert "Camera cannot be reached" in stage.manifest.reason
    stage.shoot()
    stage.hub.show(kit.frame(1))
    stage.until(frames=1, gaps=1, reason="")


def test_only_broken_pictures_are_a_gap_with_their_reason(
    stage: Stage, kit: SimpleNamespace
) -> None:
    stage.begin()
    stage.shoot()
    stage.hub.show(kit.frame(1)[:2000])
    stage.until(gaps=1)
    assert "is cut off" in stage.manifest.reason


def test_shots_behind_a_dead_camera_count_too(stage: Stage, kit: SimpleNamespace) -> None:
    stage.begin()
    stage.shoot()
    kit.wait_for(lambda: stage.shooter and stage.shooter._shot is None)
    for _ in range(4):
        stage.shoot()  # each takes the place of the one before
    stage.until(gaps=5)


def test_the_reserve_ends_recording_not_the_print(stage: Stage, kit: SimpleNamespace) -> None:
    stage.begin(reserve_mb=1_000_000)
    stage.hub.show(kit.frame(1))
    stage.shoot()
    stage.until(gaps=1)
    assert "in reserve" in stage.manifest.reason and "no frames" in stage.manifest.reason
    assert stage.store.frames(stage.id) == []


def test_a_camera_that_is_gone_from_the_settings(stage: Stage) -> None:
    stage.camera = "gone"
    stage.begin()
    stage.shoot()
    stage.until(gaps=1)
    assert "no such camera" in stage.manifest.reason
    stage.end()
    assert stage.manifest.state is State.FRAMES_ONLY


def test_the_camera_rests_with_the_print(stage: Stage, kit: SimpleNamespace) -> None:
    shooter = stage.begin()
    kit.wait_for(lambda: stage.hub.held == 1)
    shooter.rest(True)
    kit.wait_for(lambda: stage.hub.held == 0)
    shooter.rest(False)
    kit.wait_for(lambda: stage.hub.held == 1)
    assert stage.hub.most_held == 1


def test_rare_frames_do_not_hold_the_camera(stage: Stage, kit: SimpleNamespace) -> None:
    stage.begin(keep_warm=False)
    stage.shoot()
    stage.hub.show(kit.frame(1))
    stage.until(frames=1)
    assert stage.hub.most_held == 0


def test_a_refused_write_is_a_gap(
    stage: Stage, kit: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.begin()
    kept = stage.store.add_frame

    def refuse(*_: Any, **__: Any) -> Manifest:
        raise StorageError("000001.jpg could not be written (No space left on device).")

    monkeypatch.setattr(stage.store, "add_frame", refuse)
    stage.shoot()
    stage.hub.show(kit.frame(1))
    stage.until(gaps=1)
    assert "No space left" in stage.manifest.reason
    monkeypatch.setattr(stage.store, "add_frame", kept)
    stage.shoot()
    stage.hub.show(kit.frame(2))
    stage.until(frames=1)


# -- the end ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "frames", "wanted", "state"),
    [
        ("finished", 2, True, State.WAITING),
        ("failed", 2, False, State.WAITING),
        ("cancelled", 2, True, State.WAITING),
        ("cancelled", 2, False, State.FRAMES_ONLY),
        ("finished", 1, True, State.FRAMES_ONLY),
    ],
)
def test_what_becomes_of_it(
    stage: Stage, kit: SimpleNamespace, result: str, frames: int, wanted: bool, state: State
) -> None:
    stage.begin(render_cancelled=wanted)
    for number in range(frames):
        stage.shoot()
        stage.hub.show(kit.frame(number))
        stage.until(frames=number + 1)
    stage.end(result)
    assert (stage.manifest.state, stage.manifest.result) == (state, result)
    assert stage.manifest.ended_at is not None


def test_the_last_layers_frame_is_still_taken(stage: Stage, kit: SimpleNamespace) -> None:
    stage.begin()
    stage.shoot(layer=100)
    assert stage.shooter is not None
    stage.shooter.end(End("finished", CLOCK.time()))
    stage.hub.show(kit.frame(1))
    assert stage.told.wait(10)
    assert (stage.manifest.frames, stage.manifest.layer) == (1, 100)


def test_a_print_of_which_nothing_was_wanted_leaves_nothing(stage: Stage) -> None:
    stage.begin()
    stage.end()
    with pytest.raises(NotFound):
        stage.store.get(stage.id)


def test_the_servers_stop_leaves_it_open(stage: Stage, kit: SimpleNamespace) -> None:
    stage.begin()
    stage.shoot()
    assert stage.shooter is not None
    stage.shooter.leave()
    stage.shooter.join(5)
    assert (stage.manifest.state, stage.manifest.gaps) == (State.RECORDING, 0)


def test_a_disk_that_refuses_the_end_is_asked_again(
    stage: Stage, kit: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shooter_module, "_AGAIN_S", 0.05)
    stage.begin()
    stage.shoot()
    stage.hub.show(kit.frame(1))
    stage.until(frames=1)
    kept, refused = stage.store.change, []

    def refuse_twice(*args: Any, **changes: Any) -> Manifest:
        if len(refused) < 2:
            refused.append(1)
            raise StorageError("manifest.json could not be written.")
        return kept(*args, **changes)

    monkeypatch.setattr(stage.store, "change", refuse_twice)
    stage.end()
    assert stage.manifest.state is State.FRAMES_ONLY
