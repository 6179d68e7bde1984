"""All ways of the scan give one answer: its short cuts, ranges and arcs."""

from __future__ import annotations

import math
import random
import time

import pytest

from slicer.bounds import scan as bounds_scan
from slicer.bounds.arc import reach_of_center, reach_of_radius
from slicer.bounds.result import PlateBounds
from slicer.bounds.runs import RunMotion
from slicer.bounds.span import RangeTest, digits
from tests.slicer.scans import END, START, of


def slowly(text: str) -> PlateBounds:
    """Line by line, without the short cuts."""
    reader = bounds_scan._Reader(time.monotonic() + 60)
    for number, line in enumerate(text.encode().split(b"\n"), 1):
        reader.lines.take(line, number)
    return reader.lines.result()


def _random_plate(rng: random.Random) -> str:
    """Layers as slicers write them, now and then with something unusual in between."""
    lines = [START]
    absolute = rng.random() < 0.4
    arcs = rng.random() < 0.5
    wide = rng.uniform(5, 90)
    filament = 0.0
    if absolute:
        lines.append("M82\nG92 E0\n")
    for layer in range(rng.randint(3, 12)):
        z = 0.2 + 0.2 * layer
        lines.append(
            f";LAYER_CHANGE\n;Z:{z:.1f}\nG1 Z{z + 0.4:.2f} F900\nG1 X100 Y100\nG1 Z{z:.2f}\n"
        )
        if absolute and rng.random() < 0.5:
            lines.append("G92 E0\n")
            filament = 0.0
        for _ in range(rng.randint(20, 90)):
            x, y = (rng.uniform(100 - wide, 100 + wide) for _ in "xy")
            push = rng.choice((0.0, 0.05, 0.4, 0.4, 0.4, -0.3))
            filament += push
            e = f" E{filament if absolute else push:.5f}" if push else ""
            kind = rng.random()
            if arcs and kind < 0.15:
                lines.append(
                    f"G{rng.choice((2, 3))} X{x:.3f} Y{y:.3f} I{rng.uniform(-9, 9):.2f} J2.5{e}\n"
                )
            elif kind < 0.03:
                lines.append(rng.choice(UNUSUAL))
            elif kind < 0.1:
                lines.append(f"G1 X{x:.3f} Y{y:.3f} Z{z + rng.choice((0, 0.6)):.2f}{e}\n")
            elif kind < 0.2:
                lines.append(f"G1 X{x:.3f}{e} F1200\nG1 Z{z + 0.4:.1f}\nG1 X{y:.3f}\nG1 Z{z:.2f}\n")
            else:
                lines.append(f"G1 X{x:.3f} Y{y:.3f}{e}\n")
        wide = min(95.0, wide * rng.uniform(0.9, 1.2))
    return "".join([*lines, END])


UNUSUAL = (
    "M204 S500\n", "M106 S255\n", "; printing object X3 E5 id:0\n", ";TYPE:Infill\n",
    "G91\nG1 X3\nG1 Y1 E.1\nG90\n", "G17\n", "; Einstein X-ray\n", "M107\n",
    "T1\n", "T0\n", "M73 P5 R2\n", "g1 x120 y120\n",
    ";TYPE:Custom\nG1 X0 Y0\nG1 X150 Y-4 E9\n;TYPE:Perimeter\n", "G1  X90.5  E.2 \n",
    "G1 X80 Y80 E.1 ; a remark\n", "G1 Y101.5 X99 E.3\n", "M104 S0\n", "\n", "G1 E-.8 F1800\n",
    "G92 X100\nG1 X101 E.1\nG92 X100\n", "G1 X1.2.3 Y100\n", "G1 F1500 X110 Y90\n",
    "G3 Z.6 I-1.2 J.1 P1 F30000\n",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_short_cuts_change_nothing(seed: int) -> None:
    text = _random_plate(random.Random(seed))
    found = of(text, piece=random.Random(seed).choice((500, 4_000, 1 << 18)))
    careful = slowly(text)
    for name in ("model", "purge", "travel", "first_layer", "layers", "tools", "ended", "dangers"):
        assert getattr(found, name) == getattr(careful, name), name
    assert dict(found.filament_mm) == pytest.approx(dict(careful.filament_mm), abs=0.02)
    assert found.lines == text.count("\n") + 1


@pytest.mark.parametrize("seed", range(60, 70))
def test_remarks_behind_every_move_change_nothing(seed: int) -> None:
    text = _random_plate(random.Random(seed))
    remarked = text.replace("\nG1 X1", "\nG1 ; X900 E9\nG1 X1").replace("00\n", "00 ; X900 E9\n")
    assert remarked.count(" ; X") > 30
    found = of(remarked)
    assert found.model == of(text).model == slowly(remarked).model
    assert found.travel == slowly(remarked).travel


def test_the_short_cut_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would compare a way with itself."""
    taken: list[bool] = []
    skim = RunMotion.skim
    monkeypatch.setattr(
        RunMotion, "skim", lambda self, run: taken.append(skim(self, run)) or taken[-1]
    )
    of(_random_plate(random.Random(3)))
    of(START + ("G1 X50 Y50 E1\nG1 X70 Y70 E1\n;LAYER_CHANGE\n" + "G1 X60 Y60 E1\n" * 99) * 9 + END)
    assert True in taken and False in taken


@pytest.mark.parametrize(
    ("low", "high"), [(0, 9), (3, 3), (7, 134), (99, 101), (250, 999), (0, 999)]
)
def test_digits_match_exactly_the_range(low: int, high: int) -> None:
    import re

    pattern = re.compile(digits(low, high))
    matched = [number for number in range(1_100) if pattern.fullmatch(str(number))]
    assert matched == list(range(low, high + 1))


@pytest.mark.parametrize(
    ("words", "inside"),
    [
        (b"G1 X2.5 Y9\nG1 X99.25", True),
        (b"G1 X2.4", False),
        (b"G1 X99.26 Y9", False),
        (b"G1 X-3", False),
        (b"G1 X-0 Y9", False),
        (b"G1 X1000", False),
        (b"G1 X3.", True),
        (b"G1 X98\nG1 Y500", True),
        (b"G1 X.5", False),
    ],
)
def test_a_range_is_kept_to_the_last_digit(words: bytes, inside: bool) -> None:
    assert RangeTest(b"X").all_inside(words, 2.5, 99.25) is inside
    assert not RangeTest(b"X").all_inside(words, math.inf, -math.inf)


def test_a_narrow_or_negative_range() -> None:
    test = RangeTest(b"X")
    assert test.all_inside(b"G1 X5.1\nG1 X5.3", 5.1, 5.3)
    assert not test.all_inside(b"G1 X5.1\nG1 X5.4", 5.1, 5.3)
    assert test.all_inside(b"G1 X-5.1\nG1 X50", -5.1, 50.0)
    assert not test.all_inside(b"G1 X-5.2\nG1 X50", -5.1, 50.0)


@pytest.mark.parametrize("seed", range(40))
def test_arcs_against_many_points_of_them(seed: int) -> None:
    rng = random.Random(seed)
    middle, radius = (rng.uniform(-50, 50), rng.uniform(-50, 50)), rng.uniform(0.5, 60)
    first, sweep = rng.uniform(0, math.tau), rng.uniform(0.05, 6.2)
    clockwise = rng.random() < 0.5
    turn = -sweep if clockwise else sweep
    points = [
        (
            middle[0] + radius * math.cos(first + turn * at / 5_000),
            middle[1] + radius * math.sin(first + turn * at / 5_000),
        )
        for at in range(5_001)
    ]
    (x, y), (to_x, to_y) = points[0], points[-1]
    expected = (
        min(p[0] for p in points), min(p[1] for p in points),
        max(p[0] for p in points), max(p[1] for p in points),
    )  # fmt: skip
    by_center = reach_of_center(x, y, to_x, to_y, middle[0] - x, middle[1] - y, clockwise=clockwise)
    assert by_center == pytest.approx(expected, abs=1e-3)
    signed = radius if sweep <= math.pi else -radius
    by_radius = reach_of_radius(x, y, to_x, to_y, signed, clockwise=clockwise)
    assert by_radius == pytest.approx(expected, abs=1e-2)
