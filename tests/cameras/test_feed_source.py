"""Pictures of another farm's printer, on their way from its reports to the camera hub."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from cameras.frames import CameraFailed
from cameras.hub import CameraHub
from cameras.sources import feed
from core.clock import SystemClock
from printers.base import CameraSource
from printers.feed import picture
from printers.feed.picture import PictureBox

WAIT_S = 30.0


def source_of(box: PictureBox) -> CameraSource:
    return CameraSource(kind="feed", pictures=box.wait)


@pytest.fixture
def hub() -> Iterator[tuple[CameraHub, PictureBox]]:
    box = PictureBox()
    hub = CameraHub(lambda _: source_of(box), SystemClock())
    yield hub, box
    hub.stop()


def test_the_hub_shows_the_newest(
    hub: tuple[CameraHub, PictureBox], jpeg: Callable[..., bytes]
) -> None:
    cameras, box = hub
    assert cameras.frame("alder") is None
    first, second = jpeg("teal"), jpeg("red")
    box.put(first)
    frame = cameras.wait_frame("alder", 0, WAIT_S)
    assert frame is not None and frame.jpeg == first
    box.put(second)
    frame = cameras.wait_frame("alder", frame.seq, WAIT_S)
    assert frame is not None and frame.jpeg == second
    assert cameras.status("alder").kind == "feed"


def test_what_came_before_anybody_looked_is_not_shown_as_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(picture, "FRESH_S", 0.05)
    box = PictureBox()
    box.put(b"old")
    time.sleep(0.06)
    assert box.wait(0, 0.01) is None
    box.put(b"new")
    assert box.wait(0, 0.01) == (2, b"new")


def test_silence_is_a_failure_in_words() -> None:
    box = PictureBox()
    with pytest.raises(CameraFailed, match="has sent no picture for") as caught:
        next(feed.frames(source_of(box), lambda: False, stall_s=0.05))
    assert caught.value.error_code == "stalled"


def test_what_is_no_picture_is_never_shown() -> None:
    numbers = iter(range(1, 99))
    source = CameraSource(kind="feed", pictures=lambda _after, _s: (next(numbers), b"\xff\xd8no"))
    with pytest.raises(CameraFailed, match="broken pictures"):
        next(feed.frames(source, lambda: False))


def test_a_reader_that_is_not_wanted_ends() -> None:
    assert list(feed.frames(source_of(PictureBox()), lambda: True)) == []
