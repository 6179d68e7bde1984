"""The print head's way through a plate: position, modes and the boxes it draws.

Here one move of any form at a time; ``bounds_runs`` has the short cuts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from slicer.bounds.arc import reach_of_center, reach_of_radius
from slicer.bounds.result import Box

MAX_MM = 100_000.0
"""No printer is larger; beyond it numbers are nonsense."""

_MOST_SAVED = 64
"""States a file may keep under names of their own."""

Extent = list[float]
_State = tuple[
    tuple[bool, bool], tuple[float, ...], tuple[float, ...], float, tuple[float, float, float]
]


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
        self.shift = [0.0, 0.0, 0.0]  # Klipper's SET_GCODE_OFFSET, part of ``offset``
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
        self._saved: dict[str, _State] = {}

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
            extents += self.targets()
        for extent in extents:
            if extrudes:
                include(extent, *old)
            include(extent, *new)
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
        self.count(length)
        return length

    def count(self, length: float) -> None:
        self.filament[self.tool] = self.filament.get(self.tool, 0.0) + length

    def targets(self) -> list[Extent]:
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
            include(extent, reach[0], reach[1], self.z)
            include(extent, reach[2], reach[3], self.z)

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
            self.offset[at], place[at] = self.shift[at], 0.0
        self.x, self.y, self.z = place

    # -- Klipper's own ways to shift what follows ----------------------------------------------

    def set_shift(self, at: int, value: float, *, adds: bool, moves: bool) -> None:
        """SET_GCODE_OFFSET: the file's zero is moved; the head only with MOVE=1."""
        by = value if adds else value - self.shift[at]
        self.shift[at] += by
        self.offset[at] += by
        if moves:
            place = [self.x, self.y, self.z]
            place[at] += by
            self.x, self.y, self.z = place
            include(self.travel, *place)

    def save(self, name: str) -> None:
        """SAVE_GCODE_STATE: modes, zero and place."""
        if len(self._saved) < _MOST_SAVED or name in self._saved:
            modes = self.relative, self.relative_e
            place = self.x, self.y, self.z
            self._saved[name] = modes, tuple(self.offset), tuple(self.shift), self.e, place

    def restore(self, name: str, *, moves: bool) -> None:
        """RESTORE_GCODE_STATE; with MOVE=1 the head goes back too."""
        state = self._saved.get(name)
        if state is None:
            return
        modes, offset, shift, self.e, place = state
        self.relative, self.relative_e = modes
        self.offset, self.shift = list(offset), list(shift)
        if moves:
            self.x, self.y, self.z = place
            include(self.travel, *place)


def include(extent: Extent, x: float, y: float, z: float) -> None:
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
