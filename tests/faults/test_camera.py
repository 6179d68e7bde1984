"""What the camera tile shows when the camera misbehaves."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.waiting import wait_for

PRINTERS = [("P1S", "idle")] * 10 + [("A1", "idle"), ("X1C", "idle")]


def _picture(farm: Any, seat: Any, after: int = 0) -> int:
    """Wait for a whole picture; its number."""
    frame = farm.cameras.wait_frame(seat.id, after, 10.0)
    assert frame is not None, farm.cameras.status(seat.id)
    with Image.open(io.BytesIO(frame.jpeg)) as picture:
        picture.load()
        assert picture.size == (1280, 720)
    seq: int = frame.seq
    return seq


def _says(farm: Any, seat: Any, wanted: Callable[[Any], bool]) -> Any:
    """Keep looking until the camera's status is wanted."""

    def found() -> Any:
        farm.cameras.frame(seat.id)
        status = farm.cameras.status(seat.id)
        return status if wanted(status) else None

    return wait_for(found, lambda: farm.cameras.status(seat.id))


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({"camera_fps": 20.0}, marks=pytest.mark.fault("camera_fps"), id="fast"),
        pytest.param(
            {"camera_single_record": True},
            marks=pytest.mark.fault("camera_single_record"),
            id="one record",
        ),
        pytest.param(
            {"camera_partial_frames": True},
            marks=pytest.mark.fault("camera_partial_frames"),
            id="pieces",
        ),
        pytest.param(
            {"camera_zero_frame": True}, marks=pytest.mark.fault("camera_zero_frame"), id="empty"
        ),
        pytest.param(
            {"camera_garbage_before_soi": True},
            marks=pytest.mark.fault("camera_garbage_before_soi"),
            id="garbage",
        ),
    ],
)
def test_quirks_of_the_stream_are_never_seen(farm: Any, knobs: dict[str, Any]) -> None:
    seat = farm.take()
    seat.sim.set(**{"camera_fps": 10.0, **knobs})
    first = _picture(farm, seat)
    assert _picture(farm, seat, after=first) > first
    status = farm.cameras.status(seat.id)
    assert (status.code, status.text) == ("live", "")
    assert seat.panel()["state"] == "ready"


@pytest.mark.fault("camera_off")
def test_a_camera_that_is_switched_off(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(camera_off=True)
    status = _says(farm, seat, lambda s: s.code in ("busy", "off", "lost"))
    assert status.text == "Camera is used by another app, or switched off at the printer"
    assert seat.panel()["state"] == "ready", "a camera is no reason to stop the farm"
    seat.sim.set(camera_off=False)
    _picture(farm, seat)
    assert farm.cameras.status(seat.id).text == ""


@pytest.mark.fault("camera_stall")
def test_a_camera_that_stalls_never_shows_an_old_picture_as_live(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(camera_fps=10.0)
    _picture(farm, seat)
    seat.sim.set(camera_stall=True)
    status = _says(farm, seat, lambda s: s.code == "stalled")
    assert status.text.startswith("No frame for ")
    assert farm.cameras.frame(seat.id) is None
    seat.sim.set(camera_stall=False)
    _picture(farm, seat)


@pytest.mark.fault("camera_second_client")
def test_another_viewer_throws_us_out(farm: Any) -> None:
    seat = farm.take("A1")
    seat.sim.set(camera_second_client="kick", camera_fps=10.0)
    _picture(farm, seat)
    source = farm.fleet.camera(seat.id)
    reader = farm.cameras._readers["bambu_jpeg"].frames
    told = set()
    for _ in range(4):
        before = _picture(farm, seat)
        rival = reader(source, lambda: False)
        next(rival)  # we are out, and come back
        seq = _picture(farm, seat, after=before + 1)
        assert seq > before
        told.add(farm.cameras.status(seat.id).text)
        rival.close()
    assert told <= {
        "",
        "Camera connection was lost",
        "Camera hangs up again and again; another app may be using it",
    }


@pytest.mark.fault("camera_second_client")
def test_a_camera_that_somebody_else_watches(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(camera_second_client="refuse", camera_fps=10.0)
    rival = farm.cameras._readers["bambu_jpeg"].frames(farm.fleet.camera(seat.id), lambda: False)
    next(rival)
    status = _says(farm, seat, lambda s: s.code == "busy")
    assert status.text == "Camera is used by another app, or switched off at the printer"
    rival.close()
    _picture(farm, seat)


@pytest.mark.fault("refuse_login", "access_code")
def test_a_camera_that_refuses_the_code(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(refuse_login=True)
    status = _says(farm, seat, lambda s: s.code == "busy")
    assert status.text
    seat.sim.set(refuse_login=False, access_code="11112222")
    seat.in_state("auth")
    assert _says(farm, seat, lambda s: s.failures > 0).text
    seat.sim.set(access_code="")
    seat.in_state("ready")
    _picture(farm, seat)
