"""Lines of G-code at the gate: every way round it that was tried."""

from __future__ import annotations

import pytest

from core.errors import BadRequest, Blocked, Unusable
from printers import commands as c
from printers import safety
from printers.status import (
    Heater,
)
from tests.printers.situations import NOW, S, klipper, snapshot


@pytest.mark.parametrize(
    "line",
    [
        "G28\nM104 S300", "G28;\nM104 S300", "M104 S200 M112", "M106 P1 S255 G28", "N10 G28",
        "G28 ; home", "", "home", "M104 S20O", "M104 S1 S2", "M104\x00S1", "G1 X" + "9" * 300,
        "M\uff11\uff11\uff12", "G1 X\uff19\uff19", "M117 a\x85G28", "M117 a\u2028G28",
    ],
)  # fmt: skip
def test_smuggled_or_broken_lines_are_not_even_judged(line: str) -> None:
    with pytest.raises(BadRequest):
        safety.check(c.SendGcode(line=line), snapshot(), NOW)


@pytest.mark.parametrize(
    "line",
    ["M112", "M24", "M23", "M502", "M997", "M211 S0", "M302 P1", "M30", "M112.0", "M24.1"],
)
def test_forbidden_codes_are_refused_even_at_rest(line: str) -> None:
    with pytest.raises(Unusable) as refusal:
        safety.check(c.SendGcode(line=line), snapshot(), NOW)
    assert refusal.value.error_code == "gcode_forbidden"


@pytest.mark.parametrize("line", ["G28 Z", "G28.0 Z"])
def test_homing_one_axis_by_gcode_is_refused_on_a_bambu(line: str) -> None:
    with pytest.raises(Unusable):
        safety.check(c.SendGcode(line=line), snapshot(), NOW)


@pytest.mark.parametrize("line", ["M104.1 S999", "M109 S R999", "M109 R999 S0", "M109 S200 R-999"])
def test_no_way_of_writing_is_one_around_a_range(line: str) -> None:
    with pytest.raises(Unusable) as refusal:
        safety.check(c.SendGcode(line=line), snapshot(), NOW)
    assert refusal.value.error_code == "out_of_range"


def test_gcode_heats_only_within_the_machine_and_also_while_printing() -> None:
    safety.check(c.SendGcode(line="M104 S220"), snapshot(S.PRINTING), NOW)
    safety.check(c.SendGcode(line="M106 P1 S255"), snapshot(S.PRINTING), NOW)
    with pytest.raises(Unusable) as refusal:
        safety.check(c.SendGcode(line="M140 S120"), snapshot(), NOW)
    assert "0 to 100 °C for the bed, not 120" in refusal.value.message


def test_extruding_gcode_needs_a_hot_nozzle() -> None:
    with pytest.raises(Blocked) as refusal:
        safety.check(c.SendGcode(line="G1 E10 F300"), snapshot(), NOW)
    assert refusal.value.error_code == "nozzle_cold"
    hot = (Heater(name="nozzle", current=200.0, target=200.0, maximum=300),)
    safety.check(c.SendGcode(line="G1 E10 F300"), snapshot(heaters=hot, homed=""), NOW)
    safety.check(c.Extrude(mm=-5), snapshot(heaters=hot), NOW)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("FIRMWARE_RESTART", "gcode_forbidden"),
        ("cancel_print", "gcode_forbidden"),
        ("SDCARD_PRINT_FILE FILENAME=a.gcode", "gcode_forbidden"),
        ("FORCE_MOVE STEPPER=stepper_z DISTANCE=5", "gcode_forbidden"),
        ("RUN_SHELL_COMMAND CMD=x", "gcode_forbidden"),
        ("SAVE_CONFIG", "gcode_forbidden"),
        ("RESPOND TYPE=command MSG=action:cancel", "gcode_forbidden"),
        ("M118 //action:cancel", "gcode_forbidden"),
        ("M118 E1 // ACTION:pause", "gcode_forbidden"),
        ("M118 A1 action:start", "gcode_forbidden"),
        ('SET_HEATER_TEMPERATURE HEATER=extruder "TARGET"=999', "gcode_forbidden"),
        ('SET_HEATER_TEMPERATURE HEATER=extruder TAR"G"ET=999', "gcode_forbidden"),
        ("SET_HEATER_TEMPERATURE HEATER=extruder TARGET=290 # TARGET=0", "gcode_forbidden"),
        ("SET_HEATER_TEMPERATURE HEATER=extruder TARGET=999", "out_of_range"),
        ("SET_HEATER_TEMPERATURE HEATER=extruder TARGET=2e9", "gcode_forbidden"),
        ("SET_HEATER_TEMPERATURE HEATER=oven TARGET=40", "not_supported"),
        ("MY_MACRO A=1", "printer_busy"),
        ("TURN_OFF_HEATERS", "printer_busy"),
        ("QUAD_GANTRY_LEVEL", "printer_busy"),
    ],
)
def test_klipper_commands_by_name_pass_the_same_gate(line: str, code: str) -> None:
    answer = safety.verdict(c.SendGcode(line=line), klipper(S.PRINTING), NOW)
    assert (answer.ok, answer.code) == (False, code)


@pytest.mark.parametrize(
    "line",
    [
        "SET_FAN_SPEED FAN=exhaust SPEED=0.5", "STATUS", "M118 hello",
        "SET_HEATER_TEMPERATURE HEATER=extruder TARGET=200",
        'SET_HEATER_TEMPERATURE HEATER="heater_bed" TARGET=60.5',
    ],
)  # fmt: skip
def test_klipper_commands_that_move_nothing_go_through_while_printing(line: str) -> None:
    safety.check(c.SendGcode(line=line), klipper(S.PRINTING), NOW)


@pytest.mark.parametrize(
    "line", ["M104S999", "N10 M104 S999", "M24F1", "n10 M24", "T0_PARK", "M112_"]
)
def test_klipper_reads_codes_out_of_what_only_looks_like_a_name(line: str) -> None:
    with pytest.raises(BadRequest):
        safety.check(c.SendGcode(line=line), klipper(), NOW)


def test_names_are_no_commands_on_other_makes() -> None:
    for line in ("MY_MACRO", "STATUS"):
        with pytest.raises(BadRequest):
            safety.check(c.SendGcode(line=line), snapshot(), NOW)
        safety.check(c.SendGcode(line=line), klipper(), NOW)
