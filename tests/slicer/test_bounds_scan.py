"""The scan of moves: modes, marks, heat and dangers; odd and hostile lines."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace

import pytest

from slicer.bounds import scan as bounds_scan
from slicer.bounds.result import Box, PlateBounds
from slicer.bounds.scan import scan
from tests.slicer.scans import END, START, model, of


def test_model_purge_and_travel_are_told_apart() -> None:
    found = of(START + "G1 X50 Y50\nG1 X60 Y55 E1\nG1 X200 Y190 Z5\n" + END)
    assert found.model == Box(50, 50, 0.2, 60, 55, 0.2)
    assert found.purge == Box(0, -3, 0.2, 60, -3, 0.2)
    assert found.travel == Box(0, -3, 0.2, 200, 210, 50)
    assert found.first_layer == (50, 50, 60, 55)
    assert (found.marked, found.layers, found.ended) == (True, 1, True)


BODIES: dict[str, tuple[str, Box]] = {
    "the start of a line counts": (
        "G1 X10 Y20\nG1 X30 Y40 E1\n", Box(10, 20, 0.2, 30, 40, 0.2),
    ),
    "retraction and wipe do not": (
        "G1 X10 Y20\nG1 X12 Y20 E1\nG1 X99 Y99 E-1\nG1 E1\n", Box(10, 20, 0.2, 12, 20, 0.2),
    ),
    "relative moves": (
        "G1 X10 Y20\nG91\nG1 X5 Y-2 E1\nG1 X5 Y-2 E1\nG90\nG1 X99 Y99\n",
        Box(10, 16, 0.2, 20, 20, 0.2),
    ),
    "absolute filament": (
        "M82\nG92 E0\nG1 X10 Y20\nG1 X12 Y20 E5\nG1 X50 Y20 E4\nG1 X60 Y20 E4\nG1 X61 Y20 E4.1\n",
        Box(10, 20, 0.2, 61, 20, 0.2),
    ),
    "a renamed place": (
        "G1 X100 Y100\nG92 X0 Y0\nG1 X10 Y10 E1\n", Box(100, 100, 0.2, 110, 110, 0.2),
    ),
    "inches": (
        "G20\nG1 X1 Y1\nG1 X2 Y1 E.1\nG21\n", Box(25.4, 25.4, 0.2, 50.8, 25.4, 0.2),
    ),
    "a half circle": (
        "G1 X10 Y10\nG2 X30 Y10 I10 J0 E2\n", Box(10, 10, 0.2, 30, 20, 0.2),
    ),
    "the other half": (
        "G1 X10 Y10\nG3 X30 Y10 I10 J0 E2\n", Box(10, 0, 0.2, 30, 10, 0.2),
    ),
    "a full circle": (
        "G1 X10 Y10\nG2 I10 E5\n", Box(10, 0, 0.2, 30, 20, 0.2),
    ),
    "a radius": (
        "G1 X10 Y10\nG2 X30 Y10 R10 E2\n", Box(10, 10, 0.2, 30, 20, 0.2),
    ),
    "a long way round": (
        "G1 X10 Y10\nG3 X20 Y10 R-5.001 E2\n", Box(9.999, 4.899, 0.2, 20.001, 10, 0.2),
    ),
    "lower case, no blanks, line numbers and checksums": (
        "g1x10y20\nN7 G1 X12 Y22 E1*73\n", Box(10, 20, 0.2, 12, 22, 0.2),
    ),
    "remarks": (
        "G1 X10 Y20 ; X500 Y500 E5\nG1 X12 (X400) Y22 E1\n; G1 X900 Y900 E9\n",
        Box(10, 20, 0.2, 12, 22, 0.2),
    ),
    "Cura's order": (
        "G0 F9000 X10 Y20\nG1 F1500 X12 Y22 E1\n", Box(10, 20, 0.2, 12, 22, 0.2),
    ),
    "custom code between layers": (
        "G1 X10 Y20\nG1 X12 Y20 E1\n;TYPE:Custom\nG1 X300 Y300\nG1 X310 E5\n;TYPE:Perimeter\n"
        "G1 X12 Y20\nG1 X13 Y20 E1\n",
        Box(10, 20, 0.2, 13, 20, 0.2),
    ),
    "a rising line after others": (
        "G1 X10 Y20\nG1 X12 Y29 E1\n;LAYER_CHANGE\n"
        + "G1 X11 Y21 E.1\n" * 40
        + "G1 X10.5 Y22 E1 Z.6\nG1 Z.2\n",
        Box(10, 20, 0.2, 12, 29, 0.6),
    ),
    "a rising line": (
        "G1 X10 Y20\nG1 X12 Y20 Z.6 E1\n", Box(10, 20, 0.2, 12, 20, 0.6),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_box_of_the_model(name: str) -> None:
    body, expected = BODIES[name]
    assert model(body) == expected


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_ends_of_other_systems(ending: str) -> None:
    text = START + "G1 X10 Y20\nG1 X12 Y20 E1\n" + END
    expected = replace(of(text), size_bytes=0)
    for piece in (1, 7, 1 << 18):
        found = of(text.replace("\n", ending), piece=piece)
        assert replace(found, size_bytes=0) == expected


def test_without_marks_all_counts_as_the_model() -> None:
    found = of("G90\nM83\nG28\nG1 X5 Y5 Z.3\nG1 X50 E5\nM500\n")
    assert not found.marked
    assert found.model == Box(5, 5, 0.3, 50, 5, 0.3)
    assert [danger.command for danger in found.dangers] == ["M500"]
    assert not found.ended


def test_moves_behind_the_end_do_not_undo_it() -> None:
    away = "G1 X20 Y20\nG1 X12 Y12\n" * 40
    square = "G1 X10 Y10\nG1 X50 Y50 E1\n;LAYER_CHANGE\n"
    assert of(START + square + "M104 S0\n" + away).ended
    assert not of(START + square + "M104 S0\n" + away + "G1 X20 Y30 E1\n" + away).ended
    assert not of(START + square + "M104 S0\n" + "M82\nG92 E0\n" + away + "G1 X9 E1\n" + away).ended


def test_filament_tools_and_heat() -> None:
    body = "T0\nG1 X1 Y1 E2\nM104 S230\nM109 T1 S250\nT1\nG1 X2 Y1 E3\nG1 E-1\nT255\nT1000\n"
    found = of(START + body + "M140 S60\nM190 R65\nM141 S40\n" + END)
    assert found.filament_mm == ((0, 11.0), (1, 2.0))
    assert found.tools == (0, 1)
    assert found.nozzle_c == ((0, 230), (1, 250))
    assert (found.bed_c, found.chamber_c) == (65, 40)


def test_heat_of_klipper_macros() -> None:
    macro = "START_PRINT EXTRUDER_TEMP=245 BED_TEMP=110 CHAMBER_TEMP=55\n"
    heater = 'SET_HEATER_TEMPERATURE HEATER="extruder1" TARGET=260\n'
    found = of(macro + heater + START + "G1 X9 Y9 E1\n" + "END_PRINT\n")
    assert found.nozzle_c == ((0, 245), (1, 260))
    assert (found.bed_c, found.chamber_c) == (110, 55)
    assert found.ended
    assert found.flavours == ("Klipper",)


def test_dangers_count_outside_the_slicers_own_code() -> None:
    found = of("M500\nPID_CALIBRATE\n" + START + "G1 X9 Y9 E1\nM500\n" + END + "M500\nM997\n")
    assert [(d.line, d.command, d.in_block) for d in found.dangers] == [
        (11, "M500", False),
        (16, "M997", True),
    ]
    assert found.danger_count == 2


@pytest.mark.parametrize("line", ["M5001", "M117 M500", "; M112", "SAVE_CONFIGURATION_X"])
def test_harmless_lines_are_no_dangers(line: str) -> None:
    assert of(START + f"{line}\nG1 X9 Y9 E1\n" + END).danger_count == 0


def test_many_dangers_are_counted_but_not_all_kept() -> None:
    found = of(START + "M112\n" * 5_000 + END)
    assert (len(found.dangers), found.danger_count) == (20, 5_000)


HOSTILE = {
    "a long line": (b"G1 X1 Y1 E1" * 100_000, "line_too_long"),
    "a long remark": (b";" + b"x" * 1_200_000, "line_too_long"),
    "far away": (b"G90\nG1 X1 Y1\nG1 X" + b"9" * 12 + b" Y1 E1\n", "number"),
    "many digits": (b"G90\nG1 X" + b"9" * 39 + b" Y1 E1\n", "number"),
    "a sum that grows": (b"G91\nG28\n" + b"G1 X90000 Y0 E1\n" * 50, "number"),
    "a far arc": (b"G90\nG1 X1 Y1\nG2 I99999999 J0 E1\n", "number"),
    "another plane": (b"G90\nG18\n", "unsupported_move"),
    "a spline": (b"G90\nG5 X1 Y1\n", "unsupported_move"),
    "only zeros": (b"\0" * 2_000_000, "line_too_long"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_ends_with_its_reason(name: str) -> None:
    raw, reason = HOSTILE[name]
    tracemalloc.start()
    began = time.monotonic()
    found = scan([raw])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.complete, found.reason) == (False, reason)
    assert time.monotonic() - began < 3.0
    assert peak < 16_000_000


ODD = [
    "G1 X Y Z E", "G1", "G", "M", "T", "G1 X1e9 Y1", "G1 X--5 Y1 E1", "G1 X.. Y. E.", "G2 I0 J0 E1",
    "G2 R0 X5 E1", "G92 X", "N", "*", "G999999999 X1", "M104 S-5", "M104 Snan", "G28 XYZW",
    "\x00\x01", "é", "G1 X1 X2 Y3 E1", "T99999999999", ";" * 500, "G1 " + "X1 " * 800,
]  # fmt: skip


@pytest.mark.parametrize("line", ODD)
def test_odd_lines_break_nothing(line: str) -> None:
    found = of(START + "G1 X5 Y5\n" + f"{line}\n" * 40 + "G1 X6 Y6 E1\n" + END)
    assert found.complete
    assert found.model is not None


SLOW = {
    "open brackets": b"G1 " + b"(" * 60_000 + b"\n",
    "many words": b"G1 " + b"X1 " * 20_000 + b"\n",
    "many arcs": b"G2 I1\n" * 10_000,
    "many heights": b"G1 Z5 E1\nG1 Z1\n" * 4_000,
    "checksums": b"G1 X1" + b"*1 " * 20_000 + b"\n",
    "blanks": b"G1" + b" " * 60_000 + b"X\n",
    "heaters": b"SET_HEATER " + b"HEATER=" * 8_000 + b"\n",
    "remarks": b";" + b" X" * 30_000 + b"\n",
    "dots": b"G1 X" + b"." * 12 + b"\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SLOW)
def test_no_line_costs_much_more_than_another(name: str) -> None:
    start = (START + "G1 X1 Y1\nG1 X90 Y90 E1\n;LAYER_CHANGE\nG1 X9 Y9 E1\n").encode()
    began = time.process_time()
    scan([start, SLOW[name] * (600_000 // len(SLOW[name]))])
    assert time.process_time() - began < 4.0


def test_too_many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds_scan, "MAX_LINES", 1_000)
    assert of("\n" * 200_000).reason == "too_many_lines"


def test_time_runs_out() -> None:
    text = (START + "G1 X5 Y5 E1\n" * 100_000).encode()
    assert scan([text], seconds=0.0).reason == "time"


def test_memory_does_not_grow_with_the_file() -> None:
    def endless(pieces: int) -> PlateBounds:
        layer = b"".join(b"G1 X%d.123 Y%d.5 E.05\n" % (x, x) for x in range(40, 200))
        chunk = b";LAYER_CHANGE\nG1 Z.4\n" + layer * 10
        return scan(START.encode() if not at else chunk for at in range(pieces))

    endless(2)
    peaks = []
    for pieces in (10, 60):
        tracemalloc.start()
        assert endless(pieces).complete
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5 < 12_000_000
