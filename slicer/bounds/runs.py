"""Short cuts through runs of plain moves; each gives the boxes that one move at a time gives.

``moves`` reads a run's numbers in few passes, four times as fast; ``skim``, twice as fast again,
mostly looks whether the run stays where the model already is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from slicer.bounds.arc import reach_beyond_ends
from slicer.bounds.motion import Extent, Motion, empty, include, widen
from slicer.bounds.span import RangeTest

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
_ARC = re.compile(rb"\nG[23] ")
_WORDS_IN_REMARK = re.compile(rb"\n;[^\n]* [XYZE]-?[.\d]")
_PUSHES = re.compile(rb"\nG[0-3](?=[^\n]* [XYIJ])[^\n]* E0*\.?0*[1-9]")

Text = bytes | float
"""A number as the file writes it, or one that is known."""


class RunMotion(Motion):
    """A Motion that also takes whole runs of plain moves."""

    def __init__(self) -> None:
        super().__init__()
        self._tests = RangeTest(b"X"), RangeTest(b"Y")

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
        self.count(pushed)
        widen(self.travel, other)
        if laid.xs:
            for extent in (*self.targets(), self.travel):
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
        if min(levels) < model[2] or any(_pushes_too(run, at) for at, _ in heights):
            return False
        arcs = self._arcs(run)
        if arcs is None:
            return False
        lengths = list(map(float, _E.findall(run))) if self.e_adds else []
        widen(self.travel, arcs)
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
            and _WORDS_IN_REMARK.search(run) is None
            and self._tests[0].all_inside(run, model[0], model[3])
            and self._tests[1].all_inside(run, model[1], model[4])
        )

    def _arcs(self, run: bytes) -> Extent | None:
        """How far the run's arcs reach in passing; None when one may reach out of the model."""
        model, passed = self.model, empty()
        x, y, at = self.x, self.y, 0
        for arc in _ARC.finditer(run):
            match = _MOVES.match(run, arc.start())
            if match is None:
                return None
            x, y = (
                _last(run, axis, was, at, arc.start()) for axis, was in ((b" X", x), (b" Y", y))
            )
            at = arc.start()
            turn, to_x, to_y, _, i, j, e = match.groups()
            reach = reach_beyond_ends(
                x, y, float(to_x or x), float(to_y or y), float(i or 0), float(j or 0),
                clockwise=turn == b"2",
            )  # fmt: skip
            if reach is None or not (i or j):
                continue
            if not e:
                include(passed, reach[0], reach[1], math.nan)
                include(passed, reach[2], reach[3], math.nan)
            elif (
                reach[0] < model[0] or reach[1] < model[1]
                or reach[2] > model[3] or reach[3] > model[4]
            ):  # fmt: skip
                return None
        return passed

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
        last_e = _last(run, b" E", self.e, end=start)
        for match in _MOVES.finditer(run, start, end):
            if match[7]:
                value = float(match[7])
                if value > last_e and (match[1] or match[2] or match[3]):
                    return True
                last_e = value
        return False

    def _advance(self, run: bytes, lengths: Sequence[float], z: float) -> None:
        self.x = _last(run, b" X", self.x)
        self.y = _last(run, b" Y", self.y)
        self.z = z
        pushed = sum(lengths) if self.e_adds else _last(run, b" E", self.e) - self.e
        self.e += pushed
        self.count(pushed)


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


def _pushes_too(run: bytes, at: int) -> bool:
    """Whether the line at that place has an E word: it rises while it extrudes."""
    start, end = run.rfind(b"\n", 0, at), run.find(b"\n", at)
    return run.find(b" E", start, end if end >= 0 else len(run)) >= 0


def _last(
    run: bytes, axis: bytes, otherwise: float, start: int = 0, end: int | None = None
) -> float:
    """The number of the last word of that axis between two places of the run."""
    at = run.rfind(axis, start, end)
    while at >= 0:
        match = _VALUE.match(run, at + len(axis))
        if match is not None:
            return float(match[0])
        at = run.rfind(axis, start, at)
    return otherwise
