"""The print head's way through a plate: position, modes and the boxes it draws.

Three ways through the same moves, each giving the same boxes: ``go`` for one move of any form,
``moves`` for a run of plain ones, ``skim`` for a run that stays where the model already is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from slicer.bounds_arc import reach_beyond_ends, reach_of_center, reach_of_radius
from slicer.bounds_range import RangeTest
from slicer.bounds_result import Box

MAX_MM = 100_000.0
"""No printer is larger; beyond it numbers are nonsense."""

_NUMBER = rb"[-.\d]{1,12}+"
PLAIN_MOVE = rb"G[0-3](?: ++[XYZEFIJP]" + _NUMBER + rb")++ *+"
"""A move as slicers write it; ``moves`` turns down one whose words are in an unusual order."""
_F = rb"(?: ++F" + _NUMBER + rb")?"
_MOVES = re.compile(
    rb"\nG(?:[01]|([23]))"
    + _F
    + b"".join(rb"(?: ++" + axis + b"(" + _NUMBER + rb"))?" for axis in (b"X", b"Y", b"Z"))
    + b"".join(rb"(?: ++" + axis + b"(" + _NUMBER + rb"))?" for axis in (b"I", b"J"))
    + rb"(?: P\d)?(?: ++E("
    + _NUMBER
    + rb"))?"
    + _F
    + rb" *+(?=\n|\Z)"
)
_Z = re.compile(rb" Z(-?[\d.]+)")
_E = re.compile(rb" E(-?[\d.]+)")
_VALUE = re.compile(rb"-?\.?\d[\d.]*")
_NEEDS_A_LOOK = (
    re.compile(rb"\nG[23]"),  # arcs
    re.compile(rb" Z[-\d.]+ +(?:F[\d.]+ +)?E"),  # rising while extruding
    re.compile(rb"\n;[^\n]* [XYZE]-?[.\d]"),  # words within comments
)
_PUSHES = re.compile(rb"\nG[01](?=[^\n]* [XY])[^\n]* E0*\.?0*[1-9]")

Extent = list[float]
Text = bytes | float
"""A number as the file writes it, or one that is known."""


def empty() -> Extent:
    """x0, y0, z0, x1, y1, z1 of nothing yet."""
    return [math.inf, math.inf, math.inf, -math.inf, -math.inf, -math.inf]


def box_of(extent: Extent) -> Box | None:
    """None for an extent of nothing, or of nothing with a known place."""
    if not all(math.isfinite(value) for value in extent):
        return None
    return Box(*(round(value, 3) + 0.0 for value in extent))


def widen(extent: Extent, other: Extent) -> None:
    """Make ``extent`` hold ``other`` too."""
    extent[:3] = map(min, extent[:3], other[:3])
    extent[3:] = map(max, extent[3:], other[3:])


class Motion:
    """Where the head is and has been. Unknown places are NaN, which no comparison takes in."""

    def __init__(self) -> None:
        self.x = self.y = self.z = math.nan
        self.offset = [0.0, 0.0, 0.0]  # G92: the machine's place of the file's zero
        self.e = 0.0
        self.unit = 1.0
        self.relative = False
        self.relative_e = False  # M83
        self.tool = 0
        self.filament: dict[int, float] = {}
        self.model, self.early, self.custom, self.travel = empty(), empty(), empty(), empty()
        self.first = empty()
        self.into = self.early  # where extruding moves count now
        self.in_first_layer = False
        self.resting = False  # put to rest since the last move of the model
        self._tests = RangeTest(b"X"), RangeTest(b"Y")

    @property
    def is_plain(self) -> bool:
        """Absolute millimetres from a known place without an offset, as most files are."""
        known = not math.isnan(self.x + self.y + self.z)
        return known and not self.relative and self.unit == 1.0 and not any(self.offset)

    @property
    def e_adds(self) -> bool:
        """E words are lengths, not places."""
        return self.relative or self.relative_e

    @property
    def is_sane(self) -> bool:
        """No number seen so far is beyond sense."""
        extents = (self.model, self.early, self.custom, self.travel)
        far = any(MAX_MM < abs(value) < math.inf for extent in extents for value in extent)
        return not far and all(abs(length) < 1e9 for length in self.filament.values())

    # -- one move of any form ------------------------------------------------------------------

    def go(self, code: int, words: Mapping[str, float]) -> None:
        """G0 to G3; ``words`` by letter, in the file's units."""
        old = self.x, self.y, self.z
        new = [self._target(at, axis, words) for at, axis in enumerate("XYZ")]
        pushed = self._push(words)
        self.x, self.y, self.z = new
        turns = code in (2, 3) and bool({"I", "J", "R"} & words.keys())
        extrudes = pushed > 0 and (turns or bool({"X", "Y"} & words.keys()))
        extents = [self.travel]
        if extrudes:
            extents += self._targets()
        for extent in extents:
            if extrudes:
                _include(extent, *old)
            _include(extent, *new)
        if turns:
            self._turn(code, words, old, extents)

    def _target(self, at: int, axis: str, words: Mapping[str, float]) -> float:
        here = (self.x, self.y, self.z)[at]
        if axis not in words:
            return here
        value = words[axis] * self.unit
        return here + value if self.relative else value + self.offset[at]

    def _push(self, words: Mapping[str, float]) -> float:
        """Length of filament, negative when it is pulled back."""
        if "E" not in words:
            return 0.0
        value = words["E"] * self.unit
        length = value if self.e_adds else value - self.e
        self.e = self.e + value if self.e_adds else value
        self._count(length)
        return length

    def _count(self, length: float) -> None:
        self.filament[self.tool] = self.filament.get(self.tool, 0.0) + length

    def _targets(self) -> list[Extent]:
        if self.into is self.model:
            self.resting = False
            if self.in_first_layer:
                return [self.model, self.first]
        return [self.into]

    def _turn(
        self,
        code: int,
        words: Mapping[str, float],
        old: tuple[float, float, float],
        extents: list[Extent],
    ) -> None:
        ends = old[0], old[1], self.x, self.y
        if "R" in words:
            reach = reach_of_radius(*ends, words["R"] * self.unit, clockwise=code == 2)
        else:
            i, j = (words.get(axis, 0.0) * self.unit for axis in "IJ")
            reach = reach_of_center(*ends, i, j, clockwise=code == 2)
        for extent in extents:
            _include(extent, reach[0], reach[1], self.z)
            _include(extent, reach[2], reach[3], self.z)

    # -- other ways to a place -----------------------------------------------------------------

    def call_here(self, words: Mapping[str, float]) -> None:
        """G92: the head stays, its place gets another name."""
        if "E" in words or not words:
            self.e = words.get("E", 0.0) * self.unit
        here = (self.x, self.y, self.z)
        for at, axis in enumerate("XYZ"):
            if axis in words or not words:
                place = 0.0 if math.isnan(here[at]) else here[at]
                self.offset[at] = place - words.get(axis, 0.0) * self.unit

    def home(self, axes: bytes) -> None:
        """G28: the homed axes stand at 0, wherever the printer has its switches."""
        named = [at for at, axis in enumerate((b"X", b"Y", b"Z")) if axis in axes] or range(3)
        place = [self.x, self.y, self.z]
        for at in named:
            self.offset[at] = place[at] = 0.0
        self.x, self.y, self.z = place

    # -- a run of plain moves ------------------------------------------------------------------

    def moves(self, run: bytes) -> None:
        """Every plain move of ``run``, whose lines each follow their line feed.

        Needs ``is_plain``. Raises ValueError, with nothing changed, for a broken number or words
        in an unusual order.
        """
        laid, passed = _Places(), _Places()
        found = _MOVES.findall(run)
        if len(found) != run.count(b"\nG") - run.count(b"\nG17"):
            raise ValueError("words in an unusual order")
        end, pushed, last_e = self._follow(found, laid, passed)
        lay, other = laid.extent(), passed.extent()  # both before anything changes
        self.x, self.y, self.z = map(float, end)
        self.e = last_e
        self._count(pushed)
        widen(self.travel, other)
        if laid.xs:
            for extent in (*self._targets(), self.travel):
                widen(extent, lay)

    def _follow(
        self, found: Sequence[tuple[bytes, ...]], laid: _Places, passed: _Places
    ) -> tuple[tuple[Text, Text, Text], float, float]:
        """Sort the places of all moves into the two; (last place, filament pushed, last E)."""
        at_x: Text = self.x
        at_y: Text = self.y
        at_z: Text = self.z
        last_e, adds, pushed, passing = self.e, self.e_adds, 0.0, True
        for turn, x, y, z, i, j, e in found:
            places = passed
            if e:
                value = float(e)
                length = value if adds else value - last_e
                last_e = last_e + value if adds else value
                pushed += length
                if length > 0 and (x or y or turn):
                    places = laid
            if places is passed:
                passing = True
            elif passing:  # an extruding move begins where the head was passing
                passing = False
                laid.add(at_x, at_y, at_z)
            if turn and (i or j):
                places.turn(turn, (at_x, at_y), (x or at_x, y or at_y), i, j)
            if x:
                places.xs.append(x)
                at_x = x
            if y:
                places.ys.append(y)
                at_y = y
            if z:
                places.zs.append(z)
                at_z = z
        return (at_x, at_y, at_z), pushed, last_e

    # -- a run that stays where the model is ---------------------------------------------------

    def skim(self, run: bytes) -> bool:
        """As ``moves``, several times as fast, when the run cannot widen any box in X and Y.

        False, with nothing changed, when it might: then ``moves`` must look.
        """
        if not self._stays_inside(run):
            return False
        model = self.model
        heights = [(match.end(), float(match[1])) for match in _Z.finditer(run)]
        levels = [self.z, *(height for _, height in heights)]
        if min(levels) < model[2]:
            return False
        lengths = list(map(float, _E.findall(run))) if self.e_adds else []
        model[5] = self._top(run, [(0, self.z), *heights])
        self.resting = self.resting and not self._pushes(run, 0, len(run))
        self.travel[5] = max(self.travel[5], *levels)
        self._advance(run, lengths, levels[-1])
        return True

    def _stays_inside(self, run: bytes) -> bool:
        model = self.model
        return (
            self.into is model
            and not self.in_first_layer
            and model[0] <= self.x <= model[3]
            and model[1] <= self.y <= model[4]
            and not any(pattern.search(run) for pattern in _NEEDS_A_LOOK)
            and self._tests[0].all_inside(run, model[0], model[3])
            and self._tests[1].all_inside(run, model[1], model[4])
        )

    def _top(self, run: bytes, levels: Sequence[tuple[int, float]]) -> float:
        """The model's height, raised where the run lays something down above it."""
        top = self.model[5]
        for at, (start, level) in enumerate(levels):
            if level > top:
                last = at + 1 == len(levels)
                end = len(run) if last else run.rfind(b"\n", 0, levels[at + 1][0])
                if self._pushes(run, start, end):
                    top = level
        return top

    def _pushes(self, run: bytes, start: int, end: int) -> bool:
        """Whether a move along the bed lays something down between two places of the run."""
        if self.e_adds:
            return _PUSHES.search(run, start, end) is not None
        last_e = _last(run[:start], b" E", self.e)
        for match in _MOVES.finditer(run, start, end):
            if match[7]:
                value = float(match[7])
                if value > last_e and (match[2] or match[3]):
                    return True
                last_e = value
        return False

    def _advance(self, run: bytes, lengths: Sequence[float], z: float) -> None:
        self.x = _last(run, b" X", self.x)
        self.y = _last(run, b" Y", self.y)
        self.z = z
        pushed = sum(lengths) if self.e_adds else _last(run, b" E", self.e) - self.e
        self.e += pushed
        self._count(pushed)


class _Places:
    """The places of one kind of moves in a run, as the file writes them, and the arcs between."""

    def __init__(self) -> None:
        self.xs: list[Text] = []
        self.ys: list[Text] = []
        self.zs: list[Text] = []

    def add(self, x: Text, y: Text, z: Text) -> None:
        self.xs.append(x)
        self.ys.append(y)
        self.zs.append(z)

    def turn(
        self, turn: bytes, old: tuple[Text, Text], new: tuple[Text, Text], i: bytes, j: bytes
    ) -> None:
        reach = reach_beyond_ends(
            float(old[0]), float(old[1]), float(new[0]), float(new[1]),
            float(i or 0), float(j or 0), clockwise=turn == b"2",
        )  # fmt: skip
        if reach is not None:
            self.xs += (reach[0], reach[2])
            self.ys += (reach[1], reach[3])

    def extent(self) -> Extent:
        found = [list(map(float, axis)) for axis in (self.xs, self.ys, self.zs)]
        low = [min(axis, default=math.inf) for axis in found]
        return low + [max(axis, default=-math.inf) for axis in found]


def _last(run: bytes, axis: bytes, otherwise: float) -> float:
    """The number of the last word of that axis."""
    at = run.rfind(axis)
    while at >= 0:
        match = _VALUE.match(run, at + len(axis))
        if match is not None:
            return float(match[0])
        at = run.rfind(axis, 0, at)
    return otherwise


def _include(extent: Extent, x: float, y: float, z: float) -> None:
    """Take a place in; an unknown coordinate (NaN) takes part in nothing."""
    if x < extent[0]:
        extent[0] = x
    if y < extent[1]:
        extent[1] = y
    if z < extent[2]:
        extent[2] = z
    if x > extent[3]:
        extent[3] = x
    if y > extent[4]:
        extent[4] = y
    if z > extent[5]:
        extent[5] = z
