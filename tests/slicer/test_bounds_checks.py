"""Verdicts from a scan: each refusal with its numbers, and real start code is let through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slicer.bounds.result import Box, Danger, PlateBounds
from slicer.bounds.scan import scan
from slicer.gates.limits import MachineLimits, limits_of
from slicer.gates.moves import check_bounds
from slicer.gates.verdicts import CONFIRM, OK, REFUSE, WARN, PrinterFacts, Verdict, worst

GOOD = PlateBounds(
    marked=True,
    model=Box(50, 50, 0.2, 150, 150, 80),
    purge=Box(0, -3, 0.2, 60, -3, 0.2),
    travel=Box(-13.5, -4, 0, 200, 210, 130),
    nozzle_c=((0, 220.0),),
    bed_c=60.0,
    ended=True,
)
I3 = MachineLimits(
    name="Ender",
    volume_mm=(220, 220, 250),
    centred=False,
    nozzle_max_c=260,
    bed_max_c=100,
    chamber_max_c=0,
)
DELTA = replace(I3, name="Delta", centred=True)
UNSURE = replace(I3, centred=None)
P1S = limits_of(PrinterFacts(name="Left", code="C12"))


def verdicts(plate: PlateBounds, limits: MachineLimits = I3) -> dict[str, Verdict]:
    return {verdict.code: verdict for verdict in check_bounds(plate, limits)}


def test_a_sound_plate_is_fine_and_says_what_was_looked_at() -> None:
    found = check_bounds(GOOD, I3)
    assert worst(found) == OK
    assert [verdict.code for verdict in found] == ["on_bed", "height", "nozzle_heat", "bed_heat"]
    assert found[0].text == "The model lies on the bed, at X 50 to 150, Y 50 to 150 mm."


def lying(x0: float, y0: float, x1: float, y1: float, z1: float = 10) -> PlateBounds:
    return replace(GOOD, model=Box(x0, y0, 0.2, x1, y1, z1))


TABLE: dict[str, tuple[PlateBounds, MachineLimits, str, str, str]] = {
    "right edge": (
        lying(100, 50, 222.3, 150), I3, REFUSE, "off_bed",
        "The model reaches beyond the bed: it lies at X 100 to 222.3, Y 50 to 150 mm; the bed of "
        "Ender is 220 × 220 mm. Slice it again for this printer.",
    ),
    "front edge": (lying(100, -1.2, 120, 20), I3, REFUSE, "off_bed", "Y −1.2 to 20 mm"),
    "left edge": (lying(-0.6, 5, 120, 20), I3, REFUSE, "off_bed", "X −0.6"),
    "back edge": (lying(0, 5, 120, 220.6), I3, REFUSE, "off_bed", "220.6"),
    "half a line wide beside it": (lying(-0.4, -0.4, 220.4, 220.4), I3, OK, "on_bed", ""),
    "X1 and P1 lie 2 mm in front": (lying(20, -2, 250, 254), P1S, OK, "on_bed", ""),
    "but not behind": (lying(20, 30, 250, 255), P1S, REFUSE, "off_bed", "256 × 256"),
    "centred bed": (lying(-100, -100, 100, 100), DELTA, OK, "on_bed", ""),
    "centred bed, too far": (
        lying(0, 0, 150, 100), DELTA, REFUSE, "off_bed", "220 × 220 mm around X0 Y0",
    ),
    "unknown zero": (
        lying(-100, -100, 100, 100), UNSURE, CONFIRM, "off_bed", "only if X0 Y0 is the middle",
    ),
    "unknown zero, nowhere": (lying(-100, 0, 200, 100), UNSURE, REFUSE, "off_bed", "X −100 to 200"),
    "no layer marks": (
        replace(lying(0, -3, 100, 100), marked=False), I3, CONFIRM, "off_bed", "marks no layers",
    ),
    "unknown bed": (
        GOOD, replace(I3, volume_mm=None), WARN, "unknown_bed", "how large the bed of Ender is",
    ),
    "Bambu's corner": (
        lying(10, 10, 120, 120), P1S, WARN, "excluded_area", "corner of 18 × 28 mm that Left",
    ),
    "too tall": (
        lying(50, 50, 60, 60, 250.2), I3, REFUSE, "too_tall",
        "The print is 250.2 mm tall; Ender prints up to 250 mm.",
    ),
    "just fits": (lying(50, 50, 60, 60, 250.0), I3, OK, "height", "250 mm"),
    "sunk": (
        replace(GOOD, model=Box(50, 50, -0.8, 60, 60, 9)), I3, CONFIRM, "below_bed", "Z −0.8 mm",
    ),
    "priming far outside": (
        replace(GOOD, purge=Box(0, 0, 0.2, 300, 5, 0.2)), I3, CONFIRM, "priming_off_bed",
        "X 0 to 300",
    ),
    "travel far outside": (
        replace(GOOD, travel=Box(0, 0, 0, 350, 5, 10)), I3, CONFIRM, "far_travel", "X 0 to 350",
    ),
    "travel into the bed": (
        replace(GOOD, travel=Box(0, 0, -5, 50, 5, 10)), I3, CONFIRM, "far_travel", "Z −5 to 10",
    ),
    "travel through the roof": (
        replace(GOOD, travel=Box(0, 0, 0, 50, 5, 300)), I3, CONFIRM, "far_travel", "to 300 mm",
    ),
    "hot nozzle": (
        replace(GOOD, nozzle_c=((0, 220.0), (1, 285.0))), I3, REFUSE, "nozzle_too_hot",
        "The file heats the nozzle to 285 °C; Ender allows 260 °C. "
        "Slice it again for this printer.",
    ),
    "hot bed": (replace(GOOD, bed_c=115.0), P1S, REFUSE, "bed_too_hot", "115 °C; Left allows 100"),
    "hot chamber": (
        replace(GOOD, chamber_c=70.0), replace(I3, chamber_max_c=60), REFUSE, "chamber_too_hot",
        "70 °C; Ender allows 60 °C",
    ),
    "no chamber heater": (
        replace(GOOD, chamber_c=50.0), I3, WARN, "no_chamber_heater", "no chamber heater",
    ),
    "dangerous": (
        replace(GOOD, dangers=(Danger(77, "M502", False),), danger_count=3), I3, CONFIRM,
        "dangerous_gcode",
        "Line 77 of the G-code tells Ender M502, which changes its saved settings. "
        "There are 2 more such. Start it only if you put that there.",
    ),
    "shell": (
        replace(GOOD, dangers=(Danger(9, "RUN_SHELL_COMMAND", True),), danger_count=1), I3,
        CONFIRM, "dangerous_gcode", "runs a program on its computer.",
    ),
    "incomplete": (
        replace(GOOD, complete=False, reason="time"), I3, CONFIRM, "scan_incomplete",
        "The farm could not follow the file's moves to their end: reading it took too long. "
        "Check yourself that it stays within Ender.",
    ),
    "nonsense": (
        replace(GOOD, complete=False, reason="number"), I3, REFUSE, "nonsense_number",
        "no printer has; Ender must not run it",
    ),
    "nothing laid down": (replace(GOOD, model=None), I3, CONFIRM, "no_model", "found no move"),
    "inches": (replace(GOOD, inches=True), I3, WARN, "inches", "Check that Ender"),
    "no end": (replace(GOOD, ended=False), I3, WARN, "no_end", "Ender may stay hot"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_verdict(name: str) -> None:
    plate, limits, level, code, words = TABLE[name]
    found = verdicts(plate, limits)
    assert code in found, sorted(found)
    assert found[code].level == level
    assert words in found[code].text
    assert found[code].text.endswith(".")


def test_an_unfinished_scan_still_refuses_what_it_saw() -> None:
    plate = replace(lying(100, 50, 240, 150), complete=False, reason="time")
    assert worst(check_bounds(plate, I3)) == REFUSE


def test_what_is_unknown_refuses_nothing() -> None:
    nothing = PlateBounds(complete=False, reason="crashed")
    assert worst(check_bounds(nothing, MachineLimits(name="X"))) == CONFIRM
    assert worst(check_bounds(GOOD, MachineLimits(name="X"))) == WARN


@pytest.mark.parametrize("code", ["BL-P001", "C13", "N1", "N2S", "O1D", "O1C2", "C12-V2"])
def test_every_bambu_model_has_limits(code: str) -> None:
    limits = limits_of(PrinterFacts(name="P", code=code))
    assert limits.volume_mm is not None and limits.nozzle_max_c is not None
    assert limits.centred is False


def test_what_the_printer_tells_wins() -> None:
    facts = PrinterFacts(name="P", code="N1", volume_mm=(170, 170, 170))
    limits = limits_of(facts, nozzle_max_c=280, bed_max_c=70, chamber_max_c=0)
    assert (limits.volume_mm, limits.nozzle_max_c) == ((170, 170, 170), 280)
    assert (limits.bed_max_c, limits.chamber_max_c) == (70, 0)


# -- from G-code to the sentence ---------------------------------------------------------------

SQUARE = "G1 X{x} Y{y} F9000\nG1 X{r} E2\nG1 Y{b} E2\nG1 X{x} E2\nG1 Y{y} E2\n"


def plate_at(x: float, y: float, size: float, *, start: str = "", height: float = 0.2) -> str:
    square = SQUARE.format(x=x, y=y, r=x + size, b=y + size)
    head = f"M104 S215\nM140 S60\nG28\nG90\nM83\n{start}"
    return f"{head};LAYER_CHANGE\nG1 Z{height}\n;TYPE:Skirt\n{square};TYPE:Custom\nM104 S0\nM84\n"


PRIMING = {
    "MK3S": ("G1 Y-3 F1000\nG1 Z0.4\nG1 X55 E29\nG1 X5 E29\nG1 X240 E25\n", (250, 210, 210)),
    "A1 mini": ("G1 X-13.5 Y0 Z10\nG1 E50\nG0 X68 Y-4\nG0 X113 E10\n", (180, 180, 180)),
    "X1C": ("G1 X70 Y265\nG1 E23.7\nG1 X18 Y1 Z.2\nG1 X240 E25\nG1 Y11 E1\n", (256, 256, 250)),
    "CORE One": ("G1 X30 Y-19\nG1 E7 X15 Z0.2\nG1 X5 E4\n", (250, 220, 270)),
    "A1": ("G1 X-48.2 Y10\nG1 E20\nG1 X10 Y1 Z.3\nG1 X90 E15\n", (256, 256, 256)),
}


@pytest.mark.parametrize("name", PRIMING)
def test_real_priming_beside_the_bed_is_let_through(name: str) -> None:
    start, volume = PRIMING[name]
    limits = replace(I3, volume_mm=volume)
    found = check_bounds(scan([plate_at(60, 60, 20, start=start).encode()]), limits)
    assert worst(found) == OK, found


MOVES: dict[str, tuple[str, str, str]] = {
    "over the edge": (plate_at(210, 100, 20), "off_bed", "X 210 to 230, Y 100 to 120 mm"),
    "over the roof": (plate_at(50, 50, 20, height=260), "too_tall", "260 mm tall"),
    "relative moves": (
        plate_at(100, 100, 20).replace(";TYPE:C", "G91\nG1 X60 E5\nG1 X61 E5\nG90\n;TYPE:C"),
        "off_bed",
        "X 100 to 221,",
    ),
    "an arc whose ends lie on the bed": (
        plate_at(190, 100, 21).replace(";TYPE:C", "G1 X211 Y100\nG3 Y120 I0 J10 E5\n;TYPE:C"),
        "off_bed",
        "X 190 to 221,",
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_moves_outside_are_refused(name: str) -> None:
    text, code, words = MOVES[name]
    verdict = verdicts(scan([text.encode()]))[code]
    assert verdict.level == REFUSE
    assert words in verdict.text
