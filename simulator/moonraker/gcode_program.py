"""Turns a G-code file into steps: commands at their bytes, motion summed up between them."""

from __future__ import annotations

import hashlib
import math
import re
from collections import OrderedDict
from typing import NamedTuple

_STEP_S = 1.0  # motion is summed up over at most about this long
_MOVES = frozenset({"G0", "G1", "G2", "G3"})
_SILENT = frozenset(  # thousands of them in a sliced file; nothing here depends on them
    {"M204", "M205", "M203", "M201", "M900", "SET_VELOCITY_LIMIT", "SET_PRESSURE_ADVANCE"}
)
_FIELD = re.compile(rb"([XYZEF])(-?\d*\.?\d+)")
_TIME = re.compile(
    rb"(?:estimated printing time \(normal mode\) =|total estimated time:|^;TIME:)\s*([0-9dhms ]+)",
    re.MULTILINE,
)
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}

Point = tuple[float, float, float]


class Step(NamedTuple):
    """At second ``at`` of printing the file is read up to ``byte``; then ``line`` is carried out
    ("" = only motion). ``pushed`` mm of filament since the beginning."""

    at: float
    byte: int
    pushed: float
    position: Point
    line: str


class Program(NamedTuple):
    """The steps in order; ``size`` in bytes, ``total_s`` of motion."""

    steps: tuple[Step, ...]
    total_s: float
    size: int


def seconds_of(text: str) -> float:
    """ "1h 2m 3s", or plain seconds."""
    if text.strip().isdigit():
        return float(text)
    return sum(float(n) * _UNITS[u] for n, u in re.findall(r"(\d+)\s*([dhms])", text))


def estimated_s(gcode: bytes) -> float:
    """What the slicer says it takes; 0 when it does not say."""
    found = _TIME.search(gcode[:65536]) or _TIME.search(gcode[-65536:])
    return seconds_of(found[1].decode()) if found else 0.0


class _Reader:
    def __init__(self, volume: Point) -> None:
        self.volume = volume
        self.steps: list[Step] = []
        self.clock = 0.0
        self.pushed = 0.0
        self.e = 0.0
        self.position = [0.0, 0.0, 0.0]
        self.feed = 1500.0
        self.relative = self.relative_e = False
        self.first_move = True

    def feed_line(self, line: bytes, start: int, end: int) -> None:
        """A command is carried out before the file counts as read beyond its beginning."""
        word = line.split(None, 1)[0].upper()
        name = word.decode("ascii", "replace")
        if name in _MOVES:
            self._move(line, start, end)
        elif name in ("G90", "G91"):
            self.relative = name == "G91"
        elif name in ("M82", "M83"):
            self.relative_e = name == "M83"
        elif name == "G92":
            values = _fields(line)
            self.e = values.get("E", 0.0 if not values else self.e)
        elif name not in _SILENT:
            self.first_move = self.first_move or name in ("M84", "M18")
            self.add(start, line.decode("utf-8", "replace"))

    def _move(self, line: bytes, start: int, end: int) -> None:
        values = _fields(line)
        self.feed = values.get("F", self.feed) or self.feed
        before, pushed = tuple(self.position), self._push(values)
        travels = False
        for i, axis in enumerate("XYZ"):
            if axis in values:
                travels = True
                base = self.position[i] if self.relative else 0.0
                self.position[i] = base + values[axis]
        outside = travels and self._outside()
        if outside or (travels and self.first_move):
            self.first_move = False
            self.add(start, _absolute(self.position))
        length = math.dist(before, self.position) or abs(pushed)
        self.clock += length / max(1.0, self.feed / 60)
        if not self.steps or self.clock - self.steps[-1].at >= _STEP_S:
            self.add(end, "")

    def _push(self, values: dict[str, float]) -> float:
        if "E" not in values:
            return 0.0
        value = values["E"] if self.relative_e else values["E"] - self.e
        if not self.relative_e:
            self.e = values["E"]
        self.pushed += value
        return value

    def _outside(self) -> bool:
        return any(
            not -1e-6 <= here <= most + 1e-6
            for here, most in zip(self.position, self.volume, strict=True)
        )

    def add(self, end: int, line: str) -> None:
        x, y, z = self.position
        self.steps.append(Step(self.clock, end, self.pushed, (x, y, z), line))


def _absolute(position: list[float]) -> str:
    """A command that says where a move of the file goes, whatever mode the console is in."""
    return "_MOVE_TO " + " ".join(f"{a}={v:.3f}" for a, v in zip("XYZ", position, strict=True))


def _fields(line: bytes) -> dict[str, float]:
    code = line.split(b";", 1)[0].upper()
    return {k.decode(): float(v) for k, v in _FIELD.findall(code)}


def read_program(gcode: bytes, volume: Point) -> Program:
    """Motion is stretched so that it takes what the slicer estimated, when it did."""
    reader = _Reader(volume)
    end = 0
    for line in gcode.split(b"\n"):
        start, end = end, end + len(line) + 1
        bare = line.strip()
        if bare and bare[:1] != b";":
            reader.feed_line(bare, start, min(end, len(gcode)))
    reader.add(len(gcode), "")
    steps, natural, wanted = reader.steps, reader.clock, estimated_s(gcode)
    if natural > 0 and wanted > 0:
        factor = wanted / natural
        steps = [step._replace(at=step.at * factor) for step in steps]
    return Program(tuple(steps), steps[-1].at, len(gcode))


_cache: OrderedDict[tuple[bytes, Point], Program] = OrderedDict()


def program_of(gcode: bytes, volume: Point) -> Program:
    """read_program, remembered for the last 32 files: a farm prints the same file often."""
    key = (hashlib.sha256(gcode).digest(), volume)
    found = _cache.get(key)
    if found is None:
        found = _cache[key] = read_program(gcode, volume)
        if len(_cache) > 32:
            _cache.popitem(last=False)
    else:
        _cache.move_to_end(key)
    return found
