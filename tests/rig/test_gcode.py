"""The snippets for the A1, read as the slicer and the printer would (cameras-and-rig 3)."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from rig.clicks import ACTIONS, ClickCounter

FOLDER = Path(__file__).parents[2] / "rig/gcode"
SNIPPETS = sorted(path.name for path in FOLDER.glob("*.gcode"))
COMMANDS = {
    "G1": "XYZEF", "G2": "XYZIJPF", "G90": "", "G91": "", "G92": "E", "M83": "", "M400": "P",
    "M622": "J", "M622.1": "S", "M623": "",
}  # fmt: skip
FLAGS = {"M1002 judge_flag timelapse_record_flag"}
PLACEHOLDERS = {"layer_z", "max_layer_z", "spiral_mode", "print_sequence"}
"""Names the slicer fills in where these fields are used."""
REACH = {"X": (-48.2, 256.0), "Y": (0.0, 256.0), "Z": (0.0, 256.0)}
"""Of an A1: bed 256 x 256 x 256 (bambu-lan A9); the stock parks at X-48.2."""
TOUCHED_AT = -47.9
SLOW_ACCELERATION = 2000.0  # mm/s², less than any the A1 prints with
HIGHEST = 255.0  # layer_z and max_layer_z of the tallest print


def resolved(text: str) -> list[str]:
    """As the slicer hands it on, for a print that is neither a vase nor by object."""
    lines = []
    for line in text.splitlines():
        for expression in re.findall(r"\{([^}]*)\}", line):
            names = set(re.findall(r"[a-z_]+", re.sub(r'"[^"]*"', "", expression)))
            assert names <= PLACEHOLDERS | {"if", "endif"}, line
        line = re.sub(
            r"\{(?:max_)?layer_z \+ ([\d.]+)\}", lambda m: str(HIGHEST + float(m[1])), line
        )
        code = line.split(";")[0].strip()
        if code and not code.startswith("{"):
            assert "{" not in code and "}" not in code, line
            lines.append(code)
    return lines


def words(line: str) -> tuple[str, dict[str, float]]:
    command, *rest = line.split()
    return command, {word[0]: float(word[1:]) for word in rest}


class Head:
    """Where the toolhead is, when it touches the button, how long everything takes."""

    def __init__(self) -> None:
        self.at = {"X": 100.0, "Y": 100.0, "Z": HIGHEST - 3}
        self.relative, self.now, self.touches = False, 0.0, [0.0]
        self.touches.clear()
        self.extruded = 0.0

    def run(self, lines: list[str]) -> Head:
        for line in lines:
            if line not in FLAGS:
                self.step(*words(line))
        return self

    def step(self, command: str, given: dict[str, float]) -> None:
        if command in ("G90", "G91"):
            self.relative = command == "G91"
        elif command == "M400":
            self.now += given.get("P", 0) / 1000
        elif command in ("G1", "G2"):
            self.move(given)

    def move(self, given: dict[str, float]) -> None:
        self.extruded += given.get("E", 0.0)
        new = dict(self.at)
        for axis in "XYZ":
            if axis in given:
                new[axis] = given[axis] + (self.at[axis] if self.relative else 0.0)
                low, high = REACH[axis]
                assert low <= new[axis] <= high, (axis, new[axis])
        way = math.dist(self.at.values(), new.values())
        speed = given["F"] / 60
        self.now += way / speed + speed / SLOW_ACCELERATION if way > speed**2 / SLOW_ACCELERATION \
            else 2 * math.sqrt(way / SLOW_ACCELERATION)  # fmt: skip
        if self.at["X"] > TOUCHED_AT >= new["X"]:
            self.touches.append(self.now)
        self.at = new


def actions(touches: list[float], gap_s: float = 0.3) -> list[str]:
    """What the rig understands."""
    now = 0.0
    counter = ClickCounter(gap_s, lambda: now)
    for at in touches:
        counter.press(at)
    now = 1e9
    understood = []
    while (count := counter.take()[0]) > 0:
        understood.append(ACTIONS.get(count, "?"))
    return understood


@pytest.mark.parametrize("name", SNIPPETS)
def test_only_known_commands_and_parameters(name: str) -> None:
    for line in resolved((FOLDER / name).read_text()):
        if line not in FLAGS:
            command, given = words(line)
            assert command in COMMANDS, line
            assert set(given) <= set(COMMANDS[command]), line
            assert command not in ("G1", "G2") or {"F", "Z"} & set(given) or "F" in given, line


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_guards_are_closed_and_the_modes_left_as_found(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert len(re.findall(r"\{if ", text)) == text.count("{endif}")
    lines = resolved(text)
    assert sum(line.startswith("M622 ") for line in lines) == lines.count("M623")
    assert text.count("SKIPPABLE_START") == text.count("SKIPPABLE_END")
    head = Head().run(lines)
    assert not head.relative
    assert head.extruded == pytest.approx(0), "what is drawn back is given back"


@pytest.mark.parametrize(
    ("name", "understood"),
    [
        ("a1_layer.gcode", ["shot"]),
        ("a1_start.gcode", ["toggle"]),
        ("a1_end.gcode", ["shot", "toggle"]),
        ("a1_filament_change.gcode", []),
    ],
)
def test_the_rig_understands_what_the_head_presses(name: str, understood: list[str]) -> None:
    head = Head().run(resolved((FOLDER / name).read_text()))
    assert actions(head.touches) == understood
    assert head.at["X"] > TOUCHED_AT, "the button is let go"


def test_every_snippet_was_looked_at() -> None:
    assert SNIPPETS == [
        "a1_end.gcode", "a1_filament_change.gcode", "a1_layer.gcode", "a1_start.gcode",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a1_layer.gcode", "a1_start.gcode", "a1_end.gcode"])
def test_nothing_happens_without_the_timelapse_flag_nor_in_a_vase(name: str) -> None:
    text = (FOLDER / name).read_text()
    guarded = text[text.index("{if !spiral_mode") : text.index("{endif}")]
    outside = text.replace(guarded, "").replace("{endif}", "")
    assert not resolved(outside), "all of it is inside"
    lines = resolved(guarded)
    flag = lines.index("M1002 judge_flag timelapse_record_flag")
    assert lines[0] == "M622.1 S1" and lines[flag + 1] == "M622 J1" and lines[-1] == "M623"
    assert not [line for line in lines[:flag] if line.startswith("G")]
