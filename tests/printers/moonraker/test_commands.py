"""Every command as the exact request Moonraker gets; names and numbers that cannot break out."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Unusable
from printers import commands as c
from printers.moonraker.commands import order_of, start_of
from printers.moonraker.layout import layout_of
from printers.moonraker.picture import Picture, Sensed

LISTED = (
    "extruder", "heater_bed", "heater_generic my dryer", "heater_generic a\"b", "fan",
    "fan_generic Aux", "fan_generic evil\nM112", "heater_fan hot", "output_pin caselight",
)  # fmt: skip
ELM = Picture(
    name="Elm",
    layout=layout_of(LISTED),
    sensed=Sensed(object_ids={"CUBE_1": 1, "Würfel 2": 2, "x;M112": 3, "a\nM112": 4, 'b"': 5}),
)


def script(command: c.Command, picture: Picture = ELM) -> str:
    order = order_of(command, picture)
    assert order.method == "printer.gcode.script"
    assert set(order.params) == {"script"}
    return str(order.params["script"])


@pytest.mark.parametrize(
    ("command", "method"),
    [
        (c.Pause(), "printer.print.pause"),
        (c.Resume(), "printer.print.resume"),
        (c.Stop(), "printer.print.cancel"),
        (c.EmergencyStop(), "printer.emergency_stop"),
        (c.FirmwareRestart(), "printer.firmware_restart"),
        (c.HostRestart(), "printer.restart"),
    ],
)
def test_plain_requests(command: c.Command, method: str) -> None:
    order = order_of(command, ELM)
    assert (order.method, dict(order.params)) == (method, {})


@pytest.mark.parametrize(
    ("command", "gcode"),
    [
        (c.CoolDown(), "TURN_OFF_HEATERS"),
        (c.Home(), "G28"),
        (c.Home(axes=("z", "x")), "G28 X Z"),
        (c.SetTemperature(heater="nozzle", target=215),
         "SET_HEATER_TEMPERATURE HEATER=extruder TARGET=215"),
        (c.SetTemperature(heater="bed", target=0),
         "SET_HEATER_TEMPERATURE HEATER=heater_bed TARGET=0"),
        (c.SetTemperature(heater="my dryer", target=50),
         'SET_HEATER_TEMPERATURE HEATER="my dryer" TARGET=50'),
        (c.SetFan(fan="part", percent=50), "M106 S128"),
        (c.SetFan(fan="part", percent=0), "M106 S0"),
        (c.SetFan(fan="Aux", percent=35), "SET_FAN_SPEED FAN=Aux SPEED=0.35"),
        (c.SetLight(on=True), "SET_PIN PIN=caselight VALUE=1"),
        (c.SetLight(on=False), "SET_PIN PIN=caselight VALUE=0"),
        (c.SetSpeed(percent=150), "M220 S150"),
        (c.SkipObjects(ids=(1,)), "EXCLUDE_OBJECT NAME=CUBE_1"),
        (c.SkipObjects(ids=(2, 1)),
         'EXCLUDE_OBJECT NAME="Würfel 2"\nEXCLUDE_OBJECT NAME=CUBE_1'),
        (c.SendGcode(line=" M117 Hello "), "M117 Hello"),
    ],
)  # fmt: skip
def test_scripts(command: c.Command, gcode: str) -> None:
    assert script(command) == gcode


@pytest.mark.parametrize(
    ("command", "mode", "move"),
    [
        (c.Jog(x=5), "G91", "G1 X5 F3000"),
        (c.Jog(x=-0.125, y=12.5), "G91", "G1 X-0.125 Y12.5 F3000"),
        (c.Jog(z=10), "G91", "G1 Z10 F900"),
        (c.Jog(x=1, speed_mm_min=1200), "G91", "G1 X1 F1200"),
        (c.Extrude(mm=-2.5), "M83", "G1 E-2.5 F300"),
    ],
)
def test_relative_moves_leave_no_mode_behind(command: c.Command, mode: str, move: str) -> None:
    order = order_of(command, ELM)
    lines = str(order.params["script"]).splitlines()
    save, restore = "SAVE_GCODE_STATE NAME=farm", "RESTORE_GCODE_STATE NAME=farm"
    assert lines == [save, mode, move, restore]
    assert order.undo == restore  # Klipper ends a script at the line it refuses


def test_leds_take_all_their_colours() -> None:
    picture = Picture(name="Elm", layout=layout_of(["neopixel case light"]))
    wanted = 'SET_LED LED="case light" RED=1 GREEN=1 BLUE=1 WHITE=1'
    assert script(c.SetLight(on=True), picture) == wanted


def test_a_scaled_pin_is_switched_to_its_own_full_value() -> None:
    settings = {"output_pin caselight": {"scale": 255.0}}
    picture = Picture(name="Elm", layout=ELM.layout, settings=settings)
    assert script(c.SetLight(on=True), picture) == "SET_PIN PIN=caselight VALUE=255"


@pytest.mark.parametrize(
    "command",
    [
        c.SetTemperature(heater='a"b', target=10),
        c.SetTemperature(heater="chamber", target=10),
        c.SetTemperature(heater="extruder\nM112", target=10),
        c.SetFan(fan="evil\nM112", percent=1),
        c.SetFan(fan="hot", percent=1),
        c.SetFan(fan="none", percent=1),
        c.SkipObjects(ids=(3,)),
        c.SkipObjects(ids=(4,)),
        c.SkipObjects(ids=(5,)),
        c.SkipObjects(ids=(9,)),
        c.SkipObjects(ids=()),
        c.SendGcode(line="M117 a\nM112"),
        c.SendGcode(line="  "),
        c.SetSpeed(level=2),
        c.Home(axes=("e",)),
        c.LoadFilament(slot="A1"),
        c.ConnectPrinter(),
        c.Calibrate(kinds=("lidar",)),
    ],
)
def test_what_is_not_this_printers_own_is_never_sent(command: Any) -> None:
    with pytest.raises(Unusable, match=r"Elm|one line"):
        order_of(command, ELM)


def test_no_light_no_switch() -> None:
    with pytest.raises(Unusable, match="no light"):
        order_of(c.SetLight(on=True), Picture(name="Elm"))


def test_a_start_names_the_file_and_nothing_else() -> None:
    order = start_of("farm/naïve #1.gcode")
    assert (order.method, dict(order.params)) == (
        "printer.print.start",
        {"filename": "farm/naïve #1.gcode"},
    )
