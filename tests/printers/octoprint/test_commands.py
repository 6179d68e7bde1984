"""Every command as the exact REST call of octoprint-moonraker 1."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Unusable
from printers import commands as c
from printers.octoprint.commands import (
    calls,
    download_url,
    file_url,
    start_call,
    stored_path,
)

HEATERS = ("nozzle", "nozzle2", "bed")
GCODE = "/api/printer/command"
HEAD = "/api/printer/printhead"
TOOL = "/api/printer/tool"


@pytest.mark.parametrize(
    ("command", "path", "body"),
    [
        (c.Pause(), "/api/job", {"command": "pause", "action": "pause"}),
        (c.Resume(), "/api/job", {"command": "pause", "action": "resume"}),
        (c.Stop(), "/api/job", {"command": "cancel"}),
        (c.EmergencyStop(), GCODE, {"command": "M112"}),
        (c.SendGcode(line=" M117 hi "), GCODE, {"command": "M117 hi"}),
        (c.ConnectPrinter(on=True), "/api/connection", {"command": "connect"}),
        (c.ConnectPrinter(on=False), "/api/connection", {"command": "disconnect"}),
        (c.Home(), HEAD, {"command": "home", "axes": ["x", "y", "z"]}),
        (c.Home(axes=("z", "x")), HEAD, {"command": "home", "axes": ["x", "z"]}),
        (c.Jog(x=1.5, y=-2), HEAD, {"command": "jog", "x": 1.5, "y": -2, "speed": 3000}),
        (c.Jog(z=0.1), HEAD, {"command": "jog", "z": 0.1, "speed": 900}),
        (c.Jog(x=1, speed_mm_min=600), HEAD, {"command": "jog", "x": 1, "speed": 600}),
        (
            c.SetTemperature(heater="nozzle", target=210),
            TOOL,
            {"command": "target", "targets": {"tool0": 210}},
        ),
        (
            c.SetTemperature(heater="nozzle3", target=0),
            TOOL,
            {"command": "target", "targets": {"tool2": 0}},
        ),
        (
            c.SetTemperature(heater="bed", target=60),
            "/api/printer/bed",
            {"command": "target", "target": 60},
        ),
        (
            c.SetTemperature(heater="chamber", target=40),
            "/api/printer/chamber",
            {"command": "target", "target": 40},
        ),
        (c.SetFan(fan="part", percent=100), GCODE, {"command": "M106 S255"}),
        (c.SetFan(fan="part", percent=50), GCODE, {"command": "M106 S128"}),
        (c.SetFan(fan="part", percent=0), GCODE, {"command": "M107"}),
        (c.SetSpeed(percent=150), HEAD, {"command": "feedrate", "factor": 150}),
        (c.Extrude(mm=-5.5), TOOL, {"command": "extrude", "amount": -5.5}),
    ],
)
def test_one_call(command: c.Command, path: str, body: dict[str, Any]) -> None:
    (call,) = calls(command, HEATERS)
    assert (call.path, dict(call.body)) == (path, body)


def test_cooling_down_turns_everything_off_that_there_is() -> None:
    assert [(call.path, dict(call.body)) for call in calls(c.CoolDown(), HEATERS)] == [
        (TOOL, {"command": "target", "targets": {"tool0": 0, "tool1": 0}}),
        ("/api/printer/bed", {"command": "target", "target": 0}),
    ]
    (only,) = calls(c.CoolDown(), ())
    assert dict(only.body) == {"command": "target", "targets": {"tool0": 0}}


@pytest.mark.parametrize(
    "command",
    [
        c.SetLight(on=True),
        c.SetSpeed(level=2),
        c.SetFan(fan="aux", percent=5),
        c.LoadFilament(slot="A1"),
        c.SkipObjects(ids=(1,)),
        c.Calibrate(kinds=("bed_level",)),
        c.ClearFault(),
        c.FirmwareRestart(),
        c.SetTemperature(heater="outside air", target=20),
        c.SendGcode(line=""),
        c.SendGcode(line="G28\nM112"),
        c.SendGcode(line="G1 " + "X1 " * 200),
    ],
)
def test_what_octoprint_cannot_do_is_refused(command: c.Command) -> None:
    with pytest.raises(Unusable):
        calls(command, HEATERS)


def test_what_home_and_fan_send_is_known_to_the_farm() -> None:
    assert calls(c.Home(axes=("x",)), ())[0].lines == ("G28 X",)
    assert calls(c.SetFan(fan="part", percent=20), ())[0].lines == ("M106 S51",)
    assert calls(c.Pause(), ())[0].lines == ()


def test_the_farms_own_files_lie_in_its_folder() -> None:
    assert stored_path("gear-7.gcode") == "farm/gear-7.gcode"
    assert stored_path("/gear.gcode") == "gear.gcode"
    assert stored_path("sub one/gear.gcode") == "sub one/gear.gcode"


def test_every_piece_of_a_path_is_quoted() -> None:
    assert file_url("Größe #1 100%/a b+c.gcode") == (
        "/api/files/local/Gr%C3%B6%C3%9Fe%20%231%20100%25/a%20b%2Bc.gcode"
    )
    assert download_url("a?b") == "/downloads/files/local/a%3Fb"


def test_a_start_is_one_atomic_call() -> None:
    call = start_call("gear-7.gcode")
    assert call.path == "/api/files/local/farm/gear-7.gcode"
    assert dict(call.body) == {"command": "select", "print": True}
