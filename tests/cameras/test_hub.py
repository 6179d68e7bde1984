from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from cameras.frames import CameraFailed, Frame
from cameras.hub import CameraHub
from cameras.sources.readers import Reader
from cameras.worker import MOST_FPS, Timing
from core.clock import ManualClock, SystemClock
from core.errors import NotFound
from printers.base import CameraSource

Cancelled = Callable[[], bool]
FAST = Timing(idle_s=0.4, stale_s=30.0, first_retry_s=0.05, last_retry_s=0.2, settled_s=60.0)


class FakeCamera:
    """A camera that gives a picture whenever told, and counts its viewers."""

    def __init__(self) -> None:
        self.pictures: list[bytes | Exception] = []
        self.arrived = threading.Condition()
        self.opened = 0
        self.viewers = 0
        self.most = 0

    def show(self, picture: bytes | Exception) -> None:
        with self.arrived:
            self.pictures.append(picture)
            self.arrived.notify_all()

    def read(self, source: CameraSource, cancelled: Cancelled) -> Iterator[bytes]:
        del source
        self.opened += 1
        self.viewers += 1
        self.most = max(self.most, self.viewers)
        try:
            while not cancelled():
                with self.arrived:
                    self.arrived.wait_for(lambda: bool(self.pictures), 0.05)
                    item = self.pictures.pop(0) if self.pictures else None
                if isinstance(item, Exception):
                    raise item
                if item is not None:
                    yield item
        finally:
            self.viewers -= 1


@pytest.fixture
def camera() -> FakeCamera:
    return FakeCamera()


@pytest.fixture
def hub_of(camera: FakeCamera, p1s: Any) -> Iterator[Callable[..., CameraHub]]:
    hubs: list[CameraHub] = []

    def make(**fields: Any) -> CameraHub:
        fields.setdefault("timing", FAST)
        clock = fields.pop("clock", SystemClock())
        sources = fields.pop("sources", lambda printer_id: p1s.source())
        fields.setdefault("readers", {"bambu_jpeg": Reader(camera.read)})
        hub = CameraHub(sources, clock, **fields)
        hubs.append(hub)
        return hub

    yield make
    for hub in hubs:
        hub.stop()
    assert not [t for t in threading.enumerate() if t.name.startswith("camera:")]


def _until(condition: Callable[[], bool], timeout: float = 5.0) -> None:
    end = time.monotonic() + timeout
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "waited too long"
        pause.wait(0.01)


def test_real_stream_from_start_to_idle(p1s: Any) -> None:
    hub = CameraHub(lambda printer_id: p1s.source(), SystemClock(), timing=FAST)
    try:
        assert hub.status("p1s").code == "idle"
        assert hub.frame("p1s") is None
        first = hub.wait_frame("p1s", 0, 5.0)
        assert first is not None and first.jpeg.startswith(b"\xff\xd8")
        second = hub.wait_frame("p1s", first.seq, 5.0)
        assert second is not None and second.seq > first.seq
        assert abs(second.taken_at - time.time()) < 10
        status = hub.status("p1s")
        assert (status.mode, status.code, status.text) == ("jpeg", "live", "")
        _until(lambda: hub.status("p1s").code == "idle")
        again = hub.wait_frame("p1s", 0, 5.0)
        assert again is not None and again.seq > second.seq
    finally:
        hub.stop()


def test_many_readers_share_one_connection(camera: FakeCamera, hub_of: Any) -> None:
    hub: CameraHub = hub_of()
    found: list[Frame | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(hub.wait_frame("p", 0, 5.0)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    camera.show(b"picture")
    for thread in threads:
        thread.join(5)
    assert [frame.jpeg for frame in found if frame] == [b"picture"] * 12
    assert camera.most == 1 and camera.opened == 1


def test_a_slow_reader_skips_to_the_latest(camera: FakeCamera, hub_of: Any) -> None:
    hub: CameraHub = hub_of()
    for number in range(5):
        camera.show(f"{number}".encode())
    hub.frame("p")
    _until(lambda: hub.status("p").seq == 5)
    frame = hub.wait_frame("p", 2, 1.0)
    assert frame is not None and frame.jpeg == b"4"
    assert hub.wait_frame("p", 5, 0.05) is None


def test_a_waiting_reader_keeps_the_camera_on(camera: FakeCamera, hub_of: Any) -> None:
    hub: CameraHub = hub_of()
    timer = threading.Timer(3 * FAST.idle_s, camera.show, [b"late"])
    timer.start()
    frame = hub.wait_frame("p", 0, 5.0)
    timer.join()
    assert frame is not None and frame.jpeg == b"late" and camera.opened == 1


def test_an_old_picture_is_never_live(camera: FakeCamera, hub_of: Any) -> None:
    clock = ManualClock()
    hub: CameraHub = hub_of(clock=clock, timing=Timing(idle_s=1000))
    camera.show(b"picture")
    assert hub.wait_frame("p", 0, 5.0) is not None
    clock.advance(29.0)
    assert hub.frame("p") is not None
    clock.advance(2.0)
    assert hub.frame("p") is None and hub.wait_frame("p", 0, 0.05) is None
    status = hub.status("p")
    assert (status.code, status.text, status.age_s) == ("stale", "No frame for 30 s", 31.0)
    camera.show(b"fresh")
    fresh = hub.wait_frame("p", 0, 5.0)
    assert fresh is not None and fresh.jpeg == b"fresh"


def test_a_picture_from_before_the_computer_slept_is_not_live(
    camera: FakeCamera, hub_of: Any
) -> None:
    """The monotonic clock stood still meanwhile."""
    clock = ManualClock()
    hub: CameraHub = hub_of(clock=clock, timing=Timing(idle_s=1000))
    camera.show(b"picture")
    assert hub.wait_frame("p", 0, 5.0) is not None
    clock.jump(-3600.0)
    assert hub.frame("p") is not None, "a clock set back says nothing"
    clock.jump(3600.0 + 8 * 3600.0)
    assert hub.frame("p") is None and hub.fresh("p", 60.0) is None
    assert hub.status("p").code == "stale"


def test_backs_off_in_words_and_logs_an_outage_once(
    camera: FakeCamera, hub_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    hub: CameraHub = hub_of(timing=Timing(first_retry_s=0.02, last_retry_s=0.1, settled_s=0.0))
    for _ in range(4):
        camera.show(CameraFailed("Camera is off", code="off"))
    with caplog.at_level(logging.INFO):
        hub.frame("p")
        _until(lambda: hub.status("p").failures == 4)
        status = hub.status("p")
        assert (status.code, status.text) == ("off", "Camera is off")
        camera.show(b"picture")
        assert hub.wait_frame("p", 0, 5.0) is not None
        _until(lambda: "pictures again" in caplog.text)
    assert hub.status("p").code == "live"
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1


def test_the_wait_grows_to_its_limit(camera: FakeCamera, hub_of: Any) -> None:
    clock = ManualClock()
    hub: CameraHub = hub_of(clock=clock, timing=Timing(idle_s=1e6))
    waits: list[float | None] = []
    hub.frame("p")
    for failures in range(1, 8):
        camera.show(CameraFailed("Camera is off", code="off"))
        _until(lambda wanted=failures: hub.status("p").failures == wanted)  # type: ignore[misc]
        waits.append(hub.status("p").retry_in_s)
        clock.advance(61)
    assert waits == [2, 4, 8, 16, 32, 60, 60]


def test_two_viewers_do_not_fight_for_ever(camera: FakeCamera, hub_of: Any) -> None:
    hub: CameraHub = hub_of(timing=Timing(first_retry_s=0.02, last_retry_s=60, stale_s=0.0))
    hub.frame("p")
    for _ in range(3):
        camera.show(b"picture")
        camera.show(CameraFailed("Camera connection was lost", code="lost"))
    _until(lambda: hub.status("p").failures == 3)
    assert hub.status("p").code == "busy"
    assert "another app" in hub.status("p").text


def test_a_fault_of_ours_does_not_end_the_thread(
    camera: FakeCamera, hub_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    hub: CameraHub = hub_of()
    camera.show(ZeroDivisionError("bug"))
    hub.frame("p")
    _until(lambda: hub.status("p").code == "internal")
    camera.show(b"picture")
    assert hub.wait_frame("p", 0, 5.0) is not None
    assert "ZeroDivisionError" in caplog.text


def test_pause_for_an_upload(camera: FakeCamera, hub_of: Any) -> None:
    hub: CameraHub = hub_of(timing=Timing(stale_s=0.2))
    camera.show(b"picture")
    assert hub.wait_frame("p", 0, 5.0) is not None
    assert hub.pause("p") and hub.pause("p")
    assert camera.viewers == 0
    assert hub.status("p").text == "Camera waits while a file is being sent"
    hub.resume("p")
    camera.show(b"later")
    assert hub.wait_frame("p", 1, 0.2) is None and camera.viewers == 0
    hub.resume("p")
    frame = hub.wait_frame("p", 1, 5.0)
    assert frame is not None and frame.jpeg == b"later"


def test_pause_before_anybody_looks(camera: FakeCamera, hub_of: Any) -> None:
    hub: CameraHub = hub_of()
    assert hub.pause("p")
    camera.show(b"picture")
    assert hub.wait_frame("p", 0, 0.2) is None and camera.opened == 0
    hub.resume("p")
    assert hub.wait_frame("p", 0, 5.0) is not None


def test_cameras_that_give_no_picture(p1s: Any, hub_of: Any) -> None:
    kinds: dict[str, CameraSource | None] = {"none": None, "video": p1s.source(kind="hologram")}

    def sources(printer_id: str) -> CameraSource | None:
        if printer_id not in kinds:
            raise NotFound("There is no such printer.")
        return kinds[printer_id]

    hub: CameraHub = hub_of(sources=sources)
    off, video = hub.status("none"), hub.status("video")
    assert (off.mode, off.text) == ("none", "Camera is off")
    assert (video.mode, video.code) == ("none", "unknown_kind")
    for printer_id in kinds:
        assert hub.frame(printer_id) is None
        assert hub.wait_frame(printer_id, 0, 5.0) is None
        assert hub.pause(printer_id)
        hub.resume(printer_id)
    with pytest.raises(NotFound):
        hub.frame("nobody")


def test_stop_wakes_everybody(camera: FakeCamera, hub_of: Any) -> None:
    hub: CameraHub = hub_of()
    found: list[Frame | None] = []
    thread = threading.Thread(target=lambda: found.append(hub.wait_frame("p", 0, 30.0)))
    thread.start()
    _until(lambda: camera.viewers == 1)
    hub.stop()
    thread.join(3)
    assert found == [None] and camera.viewers == 0
    assert hub.frame("p") is None and hub.status("p").mode == "jpeg"


def test_a_hold_keeps_the_camera_on_without_readers(camera: FakeCamera, hub_of: Any) -> None:
    hub: CameraHub = hub_of(timing=replace(FAST, idle_s=0.05))
    with hub.hold("p") as first, hub.hold("p"):
        assert hub.status("p").held == 2
        first.close()
        first.close()
        assert hub.status("p").held == 1
        camera.show(b"one")
        _until(lambda: hub.fresh("p", 5.0) is not None)
        _until(lambda: (hub.status("p").readers_idle_s or 0) > 4 * 0.05)
        camera.show(b"two")
        _until(lambda: hub.status("p").frames == 2)
    _until(lambda: hub.status("p").code == "idle")
    assert camera.viewers == 0 and camera.opened == 1


def test_a_hold_waits_for_a_camera_that_is_not_there_yet(
    camera: FakeCamera, p1s: Any, hub_of: Any
) -> None:
    there: list[CameraSource | None] = [None]
    hub: CameraHub = hub_of(sources=lambda camera_id: there[0])
    with hub.hold("p"):
        camera.show(b"picture")
        _until(lambda: "p" in {t.name.removeprefix("camera:") for t in threading.enumerate()})
        assert hub.status("p").code == "off"
        there[0] = p1s.source()
        _until(lambda: hub.fresh("p", 5.0) is not None)


def test_fresh_starts_nothing_and_knows_ages(camera: FakeCamera, hub_of: Any) -> None:
    clock = ManualClock()
    hub: CameraHub = hub_of(clock=clock, timing=Timing(idle_s=1000))
    assert hub.fresh("p", 1000) is None and camera.opened == 0
    camera.show(b"picture")
    assert hub.wait_frame("p", 0, 5.0) is not None
    clock.advance(10.0)
    assert hub.fresh("p", 9.9) is None
    kept = hub.fresh("p", 10.0)
    assert kept is not None and kept.jpeg == b"picture"


def test_figures_of_a_camera(camera: FakeCamera, jpeg: Any, hub_of: Any) -> None:
    clock = ManualClock()
    hub: CameraHub = hub_of(clock=clock, timing=Timing(idle_s=1e6, first_retry_s=0.0))
    camera.show(CameraFailed("Camera is off", code="off"))
    hub.frame("p")
    for number in range(1, 6):
        camera.show(jpeg())
        assert hub.wait_frame("p", number - 1, 5.0) is not None
        clock.advance(0.5)
    status = hub.status("p")
    assert (status.fps, status.frames, status.restarts) == (1.6, 5, 1)
    assert (status.width, status.height) == (64, 48)
    assert (status.last_error, status.last_error_at) == ("Camera is off", 1_800_000_000.0)
    clock.advance(60)
    assert hub.status("p").fps == 0.0


def test_a_misconfigured_camera_says_why(hub_of: Any) -> None:
    def sources(camera_id: str) -> CameraSource | None:
        raise CameraFailed("cameras.list[0].url: is not an address", code="misconfigured")

    hub: CameraHub = hub_of(sources=sources)
    status = hub.status("room")
    assert (status.mode, status.code) == ("none", "misconfigured")
    assert "cameras.list[0].url" in status.text
    assert hub.frame("room") is None and hub.wait_frame("room", 0, 5.0) is None


def test_a_camera_that_pours_out_pictures_is_slowed_down(hub_of: Any) -> None:
    def endless(source: CameraSource, cancelled: Cancelled) -> Iterator[bytes]:
        del source
        while not cancelled():
            yield b"tiny"

    hub: CameraHub = hub_of(readers={"bambu_jpeg": Reader(endless)})
    began = time.monotonic()
    with hub.hold("p"):
        _until(lambda: time.monotonic() - began > 0.5)
    seen = hub.status("p").frames
    assert 0 < seen <= MOST_FPS * (2.0 + time.monotonic() - began) + 5
