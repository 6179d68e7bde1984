"""Keys and passwords of both flavours, and the key of the camera."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import (
    PrinterOffline,
)
from core.secret import Secret
from printers import commands as c
from tests.printers.prusalink.server import KEY, PASSWORD, USER, FakePrusaLink
from tests.printers.prusalink.steps import Make, S, put, shows, start
from tests.waiting import wait_for


@pytest.mark.parametrize("flavour", ["pi", "firmware"])
def test_connects_and_says_who_it_is(
    flavour: str, make: Make, request: pytest.FixtureRequest
) -> None:
    fake: FakePrusaLink = request.getfixturevalue(flavour)
    status = make(fake).status
    assert status.state is S.IDLE
    assert status.machine.name == ("MK3S" if fake.pi else "MK4")
    assert ("home" in status.machine.capabilities) is fake.pi
    assert fake.requests[0][1] == "/api/version"


@pytest.mark.parametrize("flavour", ["pi", "firmware"])
def test_a_wrong_key_is_named_and_then_right(
    flavour: str, make: Make, request: pytest.FixtureRequest
) -> None:
    fake: FakePrusaLink = request.getfixturevalue(flavour)
    printer = make(fake, connect=False, api_key=Secret("wrong-key-xyz"))
    status = shows(printer, S.AUTH)
    assert "refuses the farm's key" in status.message
    assert "wrong-key-xyz" not in repr(status) + repr(printer.diagnostics())
    with pytest.raises(PrinterOffline):
        printer.execute(c.Home())


def test_signs_in_by_digest(make: Make, firmware: FakePrusaLink, source: Path) -> None:
    printer = make(firmware, api_key=Secret(""), user=USER, password=Secret(PASSWORD))
    assert put(printer, source, "cube-7.gcode") == source.stat().st_size
    start(printer, "cube-7.gcode")
    assert firmware.job is not None
    assert not any("X-Api-Key" in headers for _, _, headers in firmware.requests)


def test_a_wrong_password_is_auth(make: Make, firmware: FakePrusaLink) -> None:
    printer = make(firmware, connect=False, api_key=Secret(""), user=USER, password=Secret("nope"))
    shows(printer, S.AUTH)


def test_secrets_stay_inside(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi, user=USER, password=Secret(PASSWORD))
    shown = repr(printer.diagnostics()) + repr(printer.status) + repr(printer.config)
    assert KEY not in shown
    assert PASSWORD not in shown


def test_camera_with_a_key_of_its_own_server(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    assert printer.camera() is None
    pi.cameras = [{"camera_id": "a", "connected": True}]
    wait_for(lambda: printer.camera() is not None, "camera")
    camera = printer.camera()
    assert camera is not None
    assert (camera.kind, camera.url) == ("snapshot", f"{pi.url}/api/v1/cameras/snap")
    assert camera.headers() == {"X-Api-Key": KEY}
    assert KEY not in repr(camera)


def test_no_camera_without_a_key(make: Make, pi: FakePrusaLink) -> None:
    pi.cameras = [{"camera_id": "a", "connected": True}]
    assert make(pi, camera_enabled=False).camera() is None
