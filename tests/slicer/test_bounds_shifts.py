"""Commands that make the same words mean another place: the scan follows them, or says so."""

from __future__ import annotations

import math

import pytest

from slicer.bounds.arc import reach_beyond_ends
from slicer.bounds.result import Box, PlateBounds
from slicer.bounds.scan import scan
from slicer.gates.limits import MachineLimits
from slicer.gates.moves import check_dangers

START = "G28\nG90\nM83\n;LAYER_CHANGE\n;TYPE:Perimeter\nG1 X0 Y0 Z.2\n"
SQUARE = "G1 X10 Y10\nG1 X20 Y20 E1\n"


def of(text: str) -> PlateBounds:
    return scan([text.encode()])


SHIFTED = {
    "nothing": ("", Box(10, 10, 0.2, 20, 20, 0.2)),
    "set": ("SET_GCODE_OFFSET X=200 Y=-5\n", Box(210, 5, 0.2, 220, 15, 0.2)),
    "set twice": ("SET_GCODE_OFFSET X=200\nSET_GCODE_OFFSET X=50\n", Box(60, 10, 0.2, 70, 20, 0.2)),
    "added": (
        "SET_GCODE_OFFSET X=50\nset_gcode_offset x_adjust=+7.5\n", Box(67.5, 10, 0.2, 77.5, 20, 0.2)
    ),
    "down at once": ("SET_GCODE_OFFSET Z=-3 MOVE=1\n", Box(10, 10, -2.8, 20, 20, -2.8)),
    "down with the next Z": ("SET_GCODE_OFFSET Z=-3\nG1 Z.2\n", Box(10, 10, -2.8, 20, 20, -2.8)),
    "homing keeps it": ("SET_GCODE_OFFSET X=50\nG28 X\n", Box(60, 10, 0.2, 70, 20, 0.2)),
    "given back": ("SET_GCODE_OFFSET X=50\nSET_GCODE_OFFSET X=0\n", Box(10, 10, 0.2, 20, 20, 0.2)),
    "no number": ("SET_GCODE_OFFSET X=far\n", Box(10, 10, 0.2, 20, 20, 0.2)),
}  # fmt: skip


@pytest.mark.parametrize("name", SHIFTED)
def test_klippers_offset(name: str) -> None:
    body, expected = SHIFTED[name]
    assert of(START + body + SQUARE).model == expected


def test_a_restored_state_brings_its_modes_back() -> None:
    """Without it, everything behind the macro would be taken for relative: no printer would fit."""
    pause = "SAVE_GCODE_STATE NAME=p\nG91\nG1 Z5\nM82\nRESTORE_GCODE_STATE NAME=p\nG1 Z.2\n"
    found = of(START + pause + SQUARE * 20)
    assert found.model == Box(10, 10, 0.2, 20, 20, 0.2)
    assert found.filament_mm == ((0, 20.0),)


def test_a_restored_state_may_be_the_dangerous_one() -> None:
    body = "SET_GCODE_OFFSET X=300\nSAVE_GCODE_STATE\nSET_GCODE_OFFSET X=0\nRESTORE_GCODE_STATE\n"
    model = of(START + body + SQUARE).model
    assert model is not None
    assert model.x1 == 320


def test_going_back_to_a_saved_place() -> None:
    body = "G1 X90 Y90\nSAVE_GCODE_STATE NAME=a\nG1 X5 Y5\nRESTORE_GCODE_STATE NAME=a MOVE=1\n"
    assert of(START + body + "G1 X95 E1\n").model == Box(90, 90, 0.2, 95, 90, 0.2)


def test_an_unknown_state_changes_nothing_and_many_cost_nothing() -> None:
    many = "".join(f"SAVE_GCODE_STATE NAME=n{number}\n" for number in range(5_000))
    found = of(START + many + "RESTORE_GCODE_STATE NAME=other MOVE=1\n" + SQUARE)
    assert found.model == Box(10, 10, 0.2, 20, 20, 0.2)


@pytest.mark.parametrize("line", ["G53", "G53 G1 X500 E5", "G55", "G59.3", "G10 L2 P1 X200"])
def test_other_coordinate_systems_end_the_scan(line: str) -> None:
    found = of(START + line + "\n" + SQUARE)
    assert (found.complete, found.reason) == (False, "unsupported_move")


@pytest.mark.parametrize("line", ["G10", "G10 S1", "G10 P0 S200 R150"])
def test_firmware_retraction_and_standby_heat_do_not(line: str) -> None:
    assert of(START + line + "\n" + SQUARE).complete


ZEROS = ("M206 X200", "M428", "M92 X800 Y800", "FORCE_MOVE STEPPER=stepper_x DISTANCE=9",
         "SET_KINEMATIC_POSITION X=0")  # fmt: skip


@pytest.mark.parametrize("line", ZEROS)
@pytest.mark.parametrize("where", ["start", "custom", "end"])
def test_a_moved_zero_asks_even_in_start_code(line: str, where: str) -> None:
    text = {
        "start": f"{line}\n{START}{SQUARE}",
        "custom": f"{START}{SQUARE};TYPE:Custom\n{line}\n",
        "end": f"{START}{SQUARE}; End of Gcode\n{line}\n",
    }[where]
    found = of(text)
    assert [(danger.command, danger.in_block) for danger in found.dangers] == [
        (line.split(" ")[0], False)
    ]
    assert found.danger_count == 1


OTHER_FILES = ("M23 OTHER.GCO", "M32 !other.gcode#", "M28 OTHER.GCO", "M30 OTHER.GCO",
               'SDCARD_PRINT_FILE FILENAME="other.gcode"')  # fmt: skip


@pytest.mark.parametrize("line", OTHER_FILES)
@pytest.mark.parametrize("custom", ["", ";TYPE:Custom\n"])
def test_a_file_that_starts_or_changes_another_asks(line: str, custom: str) -> None:
    """What the farm has looked at would not be what is printed."""
    found = of(f"{custom}{line}\n{START}{SQUARE}M104 S0\n")
    verdict = check_dangers(found, MachineLimits(name="Alder"))
    assert verdict is not None
    assert (verdict.level, verdict.code) == ("confirm", "dangerous_gcode")
    assert "starts files" in verdict.text


def test_the_extruders_steps_in_start_code_do_not() -> None:
    assert of("M92 E140\n" + START + SQUARE).danger_count == 0


def test_the_short_cut_for_arcs_trusts_no_arc_that_is_none() -> None:
    """Its end lies 5 mm from the middle, its begin 20 mm: firmware goes round at 20 mm first."""
    crooked = reach_beyond_ends(61.2, 135, 61.375, 115.4, 5.372, -19.6, clockwise=False)
    assert crooked is not None
    assert crooked[0] == pytest.approx(66.572 - math.hypot(5.372, 19.6))
    assert reach_beyond_ends(0, 10.01, 10, 0, 0, -10.01, clockwise=True) is None
