"""What the camera tile shows when a print server's camera misbehaves, or there is none."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from cameras.hub import CameraHub
from core.clock import SystemClock
from printers import commands as c
from tests.faults.conftest import CAMERA
from tests.faults.http_farm import Stage
from tests.faults.http_seat import (
    FIRMWARE,
    MK3,
    MOONRAKER,
    OCTOPRINT,
    HttpSeat,
    http_fault,
)
from tests.waiting import wait_for

WITH_CAMERA = (OCTOPRINT, MOONRAKER, MK3)
Hubs = Callable[[Stage], CameraHub]


@pytest.fixture
def hub() -> Iterator[Hubs]:
    made: list[CameraHub] = []

    def make(farm: Stage) -> CameraHub:
        made.append(CameraHub(farm.fleet.camera, SystemClock(), timing=CAMERA))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def _picture(cameras: CameraHub, seat: HttpSeat, after: int = 0) -> int:
    frame = cameras.wait_frame(seat.id, after, 15.0)
    assert frame is not None, cameras.status(seat.id)
    with Image.open(io.BytesIO(frame.jpeg)) as picture:
        picture.load()
        assert picture.size == (1280, 720)
    return frame.seq


def _troubled(cameras: CameraHub, seat: HttpSeat) -> str:
    """Wait until the tile no longer claims to be live; its sentence."""

    def look() -> Any:
        cameras.frame(seat.id)
        status = cameras.status(seat.id)
        return status if status.code != "live" and status.text else None

    text: str = wait_for(look, "trouble is not told").text
    return text


@http_fault("camera_fps", "camera_off", "camera_stall", kinds=WITH_CAMERA)
def test_a_camera_that_is_off_or_stalls_comes_back(stage: Callable[..., Any], hub: Hubs) -> None:
    farm = stage(*WITH_CAMERA)
    cameras = hub(farm)

    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(camera_fps=10.0)
        first = _picture(cameras, seat)
        assert _picture(cameras, seat, first) > first
        for knob in ("camera_off", "camera_stall"):
            seat.sim.set(**{knob: True})
            assert _troubled(cameras, seat)
            assert seat.panel()["state"] == "ready", "the printer suffers from its camera"
            seat.sim.set(**{knob: False})
            wait_for(
                lambda: cameras.frame(seat.id) and cameras.status(seat.id).code == "live",
                lambda: cameras.status(seat.id),
                every=0.05,
            )

    farm.each(act)


@http_fault("camera_fps", "camera_off", "camera_stall", kinds=(FIRMWARE,))
def test_a_printer_without_a_camera_says_so(stage: Callable[..., Any], hub: Hubs) -> None:
    farm = stage(FIRMWARE)
    (seat,) = farm.seats
    cameras = hub(farm)
    seat.ready()
    seat.sim.set(camera_fps=5.0, camera_off=True, camera_stall=True)
    assert farm.fleet.camera(seat.id) is None and cameras.frame(seat.id) is None
    assert cameras.status(seat.id).code == "off"
    seat.is_live()


def _reconnect(seat: HttpSeat) -> None:
    """A new session, in which the webcam is asked for again."""
    before = seat.stage.fleet.diagnostics(seat.id)["sessions"]
    seat.order(c.Reconnect())
    wait_for(lambda: seat.stage.fleet.diagnostics(seat.id)["sessions"] > before, "no new session")
    seat.ready()


@http_fault("relative_webcam", kinds=(OCTOPRINT, MOONRAKER))
@http_fault("no_webcam", kinds=(OCTOPRINT,))
def test_where_the_webcam_is(stage: Callable[..., Any], hub: Hubs) -> None:
    """Paths without a host are the server's own; none at all is no camera."""
    farm = stage(OCTOPRINT, MOONRAKER)
    cameras = hub(farm)

    def act(seat: HttpSeat) -> None:
        seat.ready()
        if seat.kind == MOONRAKER:
            seat.sim.do("relative_webcam", on=True)
        else:
            seat.sim.set(relative_webcam=True)
        _reconnect(seat)
        source = wait_for(lambda: farm.fleet.camera(seat.id), "no camera")
        assert source.url.startswith(f"{farm.simulated.endpoints[seat.id].url}/"), source.url
        _picture(cameras, seat)
        if seat.kind == OCTOPRINT:
            seat.sim.set(no_webcam=True, relative_webcam=False)
            _reconnect(seat)
            wait_for(lambda: farm.fleet.camera(seat.id) is None, "a camera that is none")

    farm.each(act)
