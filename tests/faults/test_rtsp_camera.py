"""What the camera tile of a printer that streams video shows when the stream misbehaves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.test_camera import _picture, _says

PRINTERS = [("X1C", "idle")] * 7 + [("P2S", "idle")]


@pytest.mark.fault("camera_fps")
def test_the_picture_of_a_video(farm: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(camera_fps=10.0)
    first = _picture(farm, seat)
    assert _picture(farm, seat, after=first) > first
    status = farm.cameras.status(seat.id)
    assert (status.kind, status.code, status.text) == ("rtsps", "live", "")
    assert seat.config.access_code.reveal() not in repr(status)


@pytest.mark.parametrize(
    "knob",
    [
        pytest.param("rtsp_stall", marks=pytest.mark.fault("rtsp_stall")),
        pytest.param("camera_stall", marks=pytest.mark.fault("camera_stall")),
    ],
)
def test_a_video_that_stands_still_is_never_shown_as_live(farm: Any, knob: str) -> None:
    seat = farm.take("X1C")
    seat.sim.set(camera_fps=10.0)
    _picture(farm, seat)
    seat.sim.set(**{knob: True})
    status = _says(farm, seat, lambda s: s.code == "stalled")
    assert status.text.startswith("No frame for ")
    assert farm.cameras.frame(seat.id) is None
    assert seat.panel()["state"] == "ready", "a camera is no reason to stop the farm"
    seat.sim.set(**{knob: False})
    _picture(farm, seat)


@pytest.mark.fault("rtsp_refuse")
def test_a_video_server_that_is_busy(farm: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(rtsp_refuse=True)
    status = _says(farm, seat, lambda s: s.failures > 0)
    assert (status.code, status.text) == ("busy", "Camera is busy")
    assert seat.panel()["state"] == "ready"
    seat.sim.set(rtsp_refuse=False)
    _picture(farm, seat)


@pytest.mark.fault("rtsp_drop")
def test_a_video_that_breaks_off_comes_back(farm: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(camera_fps=10.0, rtsp_drop=40)
    _picture(farm, seat)
    _says(farm, seat, lambda s: s.restarts > 0)
    seat.sim.set(rtsp_drop=0)
    _says(farm, seat, lambda s: s.code == "live")
    assert seat.panel()["state"] == "ready"


@pytest.mark.fault("rtsp_loss")
def test_a_video_with_holes_is_still_a_picture(farm: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(camera_fps=10.0, rtsp_loss=9)
    first = _picture(farm, seat)
    assert _picture(farm, seat, after=first) > first


@pytest.mark.fault("refuse_login")
def test_a_video_that_refuses_the_code(farm: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(refuse_login=True)
    status = _says(farm, seat, lambda s: s.failures > 0)
    assert "access code" in status.text
    seat.sim.set(refuse_login=False)
    _picture(farm, seat)


@pytest.mark.fault("liveview_off")
def test_a_liveview_that_is_switched_off_says_where_to_switch_it_on(farm: Any) -> None:
    seat = farm.take("P2S")
    seat.sim.set(liveview_off=True)
    status = _says(farm, seat, lambda s: s.code == "liveview_off")
    assert status.text == "Camera is off. Switch on LAN Only Liveview on the printer's screen"
    seat.sim.set(liveview_off=False)
    _picture(farm, seat)
