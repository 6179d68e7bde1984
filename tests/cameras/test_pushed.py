"""Cameras that send their pictures by themselves: rigs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cameras.frames import CameraFailed
from cameras.hub import CameraHub
from cameras.worker import Timing
from core.clock import ManualClock, SystemClock
from printers.base import CameraSource

IDLE_S = 0.4


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def hub(clock: ManualClock) -> Iterator[CameraHub]:
    made = CameraHub(
        lambda camera_id: CameraSource(kind="push"), clock, timing=Timing(idle_s=IDLE_S)
    )
    yield made
    made.stop()


def test_pushed_pictures_are_like_any_other(hub: CameraHub, clock: ManualClock, jpeg: Any) -> None:
    assert hub.frame("rig") is None and hub.status("rig").code == "starting"
    first = hub.push("rig", jpeg(), clock.time() - 2)
    assert hub.frame("rig") == first and first.taken_at == clock.time() - 2
    assert hub.status("rig").age_s == 2.0 and hub.status("rig").code == "live"
    later = threading.Timer(0.1, hub.push, ["rig", jpeg("red")])
    later.start()
    second = hub.wait_frame("rig", first.seq, 5.0)
    later.join()
    assert second is not None and second.jpeg == jpeg("red")
    clock.advance(31)
    assert hub.frame("rig") is None and hub.status("rig").code == "stale"
    assert not [t for t in threading.enumerate() if t.name == "camera:rig"]


def test_a_rig_learns_whether_anybody_looks(hub: CameraHub, clock: ManualClock, jpeg: Any) -> None:
    assert not hub.is_wanted("rig")
    hub.push("rig", jpeg())
    assert not hub.is_wanted("rig"), "sending is not looking"
    hub.frame("rig")
    assert hub.is_wanted("rig")
    clock.advance(IDLE_S + 0.1)
    assert not hub.is_wanted("rig")


def test_a_rig_sends_to_whoever_holds_its_camera(hub: CameraHub, clock: ManualClock) -> None:
    with hub.hold("rig"):
        clock.advance(1000)
        assert hub.is_wanted("rig") and hub.status("rig").held == 1
    assert not hub.is_wanted("rig")


def test_a_picture_of_long_ago_is_not_live(hub: CameraHub, clock: ManualClock, jpeg: Any) -> None:
    """A rig that was offline sends its buffer; a clock that runs ahead makes no future."""
    hub.push("rig", jpeg(), clock.time() - 100)
    assert hub.frame("rig") is None and hub.status("rig").age_s == 100.0
    assert hub.push("rig", jpeg(), clock.time() + 100).taken_at == clock.time()


@pytest.mark.parametrize("bad", [b"x", b"GIF89a", b"\xff\xd8\xff\xd9"])
def test_what_a_rig_must_not_push(hub: CameraHub, bad: bytes, jpeg: Any) -> None:
    for body in (b"", bad, bad + jpeg(), jpeg() + bad, jpeg()[:-1]):
        with pytest.raises(CameraFailed, match="broken"):
            hub.push("rig", body)
    assert hub.status("rig").frames == 0


def test_nobody_pushes_into_a_printers_camera(jpeg: Any) -> None:
    hub = CameraHub(lambda camera_id: CameraSource(kind="snapshot"), SystemClock())
    with pytest.raises(CameraFailed, match="read by the farm"):
        hub.push("p", jpeg())
