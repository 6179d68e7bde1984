"""What a plain G-code file is made from, and its moves as three slicers write them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from simulator.models import Model
from simulator.plate_gcode import ProjectFilament
from simulator.shapes import Point, Shape, shape_for

END_S = 20.0


@dataclass(frozen=True, kw_only=True)
class PlainPlan:
    """What a file is made from. ``minutes`` in all, ``layers`` >= 1, lengths in mm."""

    name: str
    model: Model
    minutes: float
    layers: int
    objects: tuple[str, ...]
    filament: ProjectFilament
    nozzle_mm: float = 0.4
    height_mm: float = 22.0
    slicer: str = "prusa"
    thumbnails: tuple[int, ...] = (32, 300)
    pauses_at: tuple[int, ...] = ()  # layers that begin with a pause

    @property
    def seconds(self) -> float:
        """Of printing, heating included."""
        return self.minutes * 60

    @property
    def prepare_s(self) -> float:
        """What the start code takes before the first layer."""
        return min(150.0, self.seconds * 0.2)

    @property
    def heat(self) -> tuple[int, int]:
        """Nozzle and bed, °C, within the model's limits."""
        nozzle, bed = self.filament.heat
        return min(nozzle, self.model.nozzle_max), min(bed, self.model.bed_max)

    @cached_property
    def shape(self) -> Shape:
        """What it prints."""
        return shape_for(self.name)

    @cached_property
    def places(self) -> list[tuple[str, Point, float]]:
        """(name, centre, radius) of every object, in rows on the bed."""
        count = len(self.objects)
        columns = math.ceil(math.sqrt(count))
        rows = math.ceil(count / columns)
        wide, deep = self.model.volume[0], self.model.volume[1]
        radius = min(wide / columns, deep / rows) * (0.22 if count == 1 else 0.36)
        return [
            (
                name,
                (wide * (i % columns + 0.5) / columns, deep * (i // columns + 0.5) / rows),
                radius,
            )
            for i, name in enumerate(self.objects)
        ]

    def outline(self, center: Point, radius: float, share: float) -> list[Point]:
        """A closed contour at 0 … 1 of the height."""
        points = [
            (center[0] + x * radius, center[1] + y * radius) for x, y in self.shape.contour(share)
        ]
        return [*points, points[0]]

    def box(self, center: Point, radius: float) -> list[Point]:
        """The corners of an object's footprint."""
        (x, y), r = center, radius
        return [(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]


class Body:
    """The moves, a block of text per layer and one each for start and end."""

    def __init__(self, plan: PlainPlan) -> None:
        self._p = plan
        self._e = 0.0
        self._absolute = plan.slicer == "cura"
        self._progress = (-1, -1)
        lengths = sum(_length(plan.outline(c, r, 0.5)) for _, c, r in plan.places)
        self._ratio = plan.filament.millimetres / max(1.0, lengths * plan.layers)

    def blocks(self) -> list[str]:
        """Start code, layers, end code."""
        lines = [self._start(), *(self._layer(n) for n in range(self._p.layers)), self._end()]
        return ["\n".join(block) + "\n" for block in lines]

    def _at(self, second: float) -> list[str]:
        """M73 when percent or minutes have moved; Cura writes none."""
        total = self._p.seconds
        now = min(99, int(100 * second / total)), max(0, math.ceil((total - second) / 60))
        if self._p.slicer == "cura" or now == self._progress:
            return []
        self._progress = now
        return [f"M73 P{now[0]} R{now[1]}"]

    def _start(self) -> list[str]:
        plan = self._p
        nozzle, bed = plan.heat
        heat = [f"M140 S{bed}", f"M104 S{max(150, nozzle - 50)}", f"M190 S{bed}"]
        lines = [*self._at(0), *_prints_on(plan), *_defines(plan), ";TYPE:Custom", "G90", *heat]
        lines += [*self._at(plan.prepare_s * 0.5), "G28 ; home all axes"]
        lines += [f"M109 S{nozzle}", "M107", "M82" if self._absolute else "M83"]
        lines += ["G92 E0", "G1 Z0.3 F720", "G1 X5 Y5 F3000", "G1 X60 E9 F1000", "G92 E0"]
        if plan.slicer == "cura":
            lines.append(f";LAYER_COUNT:{plan.layers}")
        if plan.slicer == "orca":
            lines.append(f"SET_PRINT_STATS_INFO TOTAL_LAYER={plan.layers}")
        return lines

    def _layer(self, n: int) -> list[str]:
        plan = self._p
        z = plan.height_mm * (n + 1) / plan.layers
        step = (plan.seconds - plan.prepare_s - END_S) / plan.layers
        lines = _layer_marks(plan, n, z) + self._at(plan.prepare_s + step * n)
        if n in plan.pauses_at:
            lines.append("PAUSE" if plan.slicer == "orca" else "M0")
        if n == 1:
            lines.append("M106 S204")
        lines.append(f"G1 Z{z:.2f} F720")
        for number, (name, center, radius) in enumerate(plan.places):
            lines += _object_begins(plan, number, name, first=n == 0)
            share = n / max(1, plan.layers - 1)
            lines += self._moves(plan.outline(center, radius, share))
            lines += _object_ends(plan, name)
        if plan.slicer == "cura":
            lines.append(f";TIME_ELAPSED:{plan.prepare_s + step * (n + 1):.6f}")
        return lines

    def _moves(self, points: list[Point]) -> list[str]:
        wall = ";TYPE:WALL-OUTER" if self._absolute else ";TYPE:External perimeter"
        lines = [f"G1 X{points[0][0]:.3f} Y{points[0][1]:.3f} F9000", wall, "G1 F2400"]
        for a, b in pairwise(points):
            step = math.dist(a, b) * self._ratio
            self._e += step
            extruded = self._e if self._absolute else step
            lines.append(f"G1 X{b[0]:.3f} Y{b[1]:.3f} E{extruded:.5f}")
        return lines

    def _end(self) -> list[str]:
        plan = self._p
        top = min(plan.height_mm + 20, plan.model.volume[2])
        lines = self._at(plan.seconds - END_S / 2)
        lines += [";TYPE:Custom", f"G1 Z{top:.1f} F720", "M140 S0", "M104 S0", "M107", "M84"]
        return lines if plan.slicer == "cura" else [*lines, "M73 P100 R0"]


def _length(points: Sequence[Point]) -> float:
    return sum(math.dist(a, b) for a, b in pairwise(points))


def _prints_on(plan: PlainPlan) -> list[str]:
    """Prusa firmware checks these."""
    if plan.slicer != "prusa":
        return []
    return [f'M862.3 P "{plan.model.code}" ; printer model check', f"M862.1 P{plan.nozzle_mm}"]


def _defines(plan: PlainPlan) -> list[str]:
    if plan.slicer != "orca":
        return []
    lines = []
    for name, center, radius in plan.places:
        corners = [*plan.box(center, radius), plan.box(center, radius)[0]]
        polygon = ",".join(f"[{x:.3f},{y:.3f}]" for x, y in corners)
        lines.append(
            f"EXCLUDE_OBJECT_DEFINE NAME={object_id(name)} "
            f"CENTER={center[0]:.3f},{center[1]:.3f} POLYGON=[{polygon}]"
        )
    return lines


def object_id(name: str) -> str:
    """How OrcaSlicer spells an object's name for Klipper."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name) + "_id_0_copy_0"


def _layer_marks(plan: PlainPlan, n: int, z: float) -> list[str]:
    if plan.slicer == "cura":
        return [f";LAYER:{n}"]
    lines = [";LAYER_CHANGE", f";Z:{z:.2f}", f";HEIGHT:{plan.height_mm / plan.layers:.2f}"]
    if plan.slicer == "orca":
        lines.append(f"SET_PRINT_STATS_INFO CURRENT_LAYER={n + 1}")
    return lines


def _object_begins(plan: PlainPlan, number: int, name: str, *, first: bool) -> list[str]:
    if plan.slicer == "cura":
        return [f";MESH:{name}"]
    if plan.slicer == "orca":
        return [f"EXCLUDE_OBJECT_START NAME={object_id(name)}"]
    return [f"M486 S{number}", *([f"M486 A{name}"] if first else [])]


def _object_ends(plan: PlainPlan, name: str) -> list[str]:
    if plan.slicer == "cura":
        return []
    return [f"EXCLUDE_OBJECT_END NAME={object_id(name)}" if plan.slicer == "orca" else "M486 S-1"]
