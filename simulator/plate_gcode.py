"""Writes the G-code of a plate in the form the maker's slicer gives it (print-files 2.1, 3.1).

The moves are real: they follow the contours of the shape inside the model's bed, so bounds
scans, layer counts and filament sums of such a file agree with its header.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from simulator.models import Model
from simulator.shapes import Point, Shape

PREPARE_S = 330.0  # what the start code takes before the first layer
END_S = 30.0
_DENSITY = {"PLA": 1.24, "PETG": 1.27, "ABS": 1.05, "ASA": 1.05, "TPU": 1.22, "PLA-CF": 1.3}
_HEAT = {  # nozzle, bed
    "PLA": (220, 55),
    "PETG": (250, 70),
    "ABS": (270, 90),
    "ASA": (270, 90),
    "TPU": (230, 35),
}
_MM2 = math.pi * 0.875**2


@dataclass(frozen=True, slots=True)
class ProjectFilament:
    """One project filament: ``color`` "RRGGBB", ``grams`` used on the plate."""

    type: str
    color: str
    grams: float

    @property
    def density(self) -> float:
        """g/cm³."""
        return _DENSITY.get(self.type, 1.24)

    @property
    def millimetres(self) -> float:
        """Length of 1.75 mm filament of this weight."""
        return self.grams / self.density * 1000 / _MM2

    @property
    def heat(self) -> tuple[int, int]:
        """Nozzle and bed temperature, °C."""
        return _HEAT.get(self.type, (230, 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class GcodePlan:
    """What a plate's G-code is made from. ``slots`` are the 1-based project filaments used."""

    model: Model
    nozzle: float
    shape: Shape
    seconds: float
    layers: int
    height_mm: float
    filaments: Sequence[ProjectFilament]
    slots: Sequence[int]
    slicer: str
    config: Sequence[tuple[str, str]]
    bed_c: int | None = None
    nozzle_c: int | None = None

    @property
    def radius(self) -> float:
        """Of the part, mm."""
        return min(self.model.volume[0], self.model.volume[1]) * 0.22

    @property
    def center(self) -> Point:
        """Of the part on the bed, mm."""
        return self.model.volume[0] / 2, self.model.volume[1] / 2


@dataclass(slots=True)
class _Writer:
    lines: list[str] = field(default_factory=list)
    percent: int = -1
    minutes: int = -1

    def add(self, *lines: str) -> None:
        self.lines.extend(lines)

    def progress(self, elapsed: float, total: float) -> None:
        percent = min(99, int(100 * elapsed / total))
        minutes = max(0, math.ceil((total - elapsed) / 60))
        if (percent, minutes) != (self.percent, self.minutes):
            self.percent, self.minutes = percent, minutes
            self.add(f"M73 P{percent} R{minutes}")


def duration_text(seconds: float) -> str:
    """ "1h 2m 3s" as slicers write it."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, secs = divmod(rest, 60)
    parts = [f"{hours}h"] if hours else []
    return " ".join([*parts, f"{minutes}m", f"{secs}s"])


def write_gcode(plan: GcodePlan) -> str:
    """The whole plate_N.gcode."""
    out = _Writer()
    _header(out, plan)
    _start(out, plan)
    _layers(out, plan)
    _end(out, plan)
    return "\n".join(out.lines) + "\n"


def _header(out: _Writer, plan: GcodePlan) -> None:
    used = [plan.filaments[s - 1] for s in plan.slots]
    model_s = max(0.0, plan.seconds - PREPARE_S)
    out.add(
        "; HEADER_BLOCK_START",
        f"; {plan.slicer}",
        f"; model printing time: {duration_text(model_s)}; "
        f"total estimated time: {duration_text(plan.seconds)}",
        f"; total layer number: {plan.layers}",
        "; total filament length [mm] : " + ",".join(f"{f.millimetres:.2f}" for f in used),
        "; total filament volume [cm^3] : " + ",".join(f"{f.millimetres * _MM2:.2f}" for f in used),
        "; total filament weight [g] : " + ",".join(f"{f.grams:.2f}" for f in used),
        "; filament_density: " + ",".join(f"{f.density}" for f in plan.filaments),
        "; filament_diameter: " + ",".join("1.75" for _ in plan.filaments),
        f"; max_z_height: {plan.height_mm:.2f}",
        "; filament: " + ",".join(str(s) for s in plan.slots),
        "; HEADER_BLOCK_END",
        "",
        "; CONFIG_BLOCK_START",
        *(f"; {key} = {value}" for key, value in plan.config),
        "; CONFIG_BLOCK_END",
        "",
        "; EXECUTABLE_BLOCK_START",
    )


def temperatures(plan: GcodePlan) -> tuple[int, int]:
    """Nozzle and bed target, °C, within the model's limits."""
    nozzle, bed = plan.filaments[plan.slots[0] - 1].heat
    return (
        min(plan.nozzle_c or nozzle, plan.model.nozzle_max),
        min(plan.bed_c or bed, plan.model.bed_max),
    )


def _start(out: _Writer, plan: GcodePlan) -> None:
    nozzle, bed = temperatures(plan)
    first = plan.slots[0] - 1
    total, share = plan.seconds, PREPARE_S

    def at(part: float) -> None:
        out.progress(min(total * 0.5, share * part), total)

    calibrate = 14 if plan.model.family == "a1" else 8
    out.add(f";===== machine: {plan.model.name}-{plan.nozzle} =====")
    at(0)
    out.add("M1002 gcode_claim_action : 2", f"M140 S{bed}", "M104 S140", "G28 X", "M106 P1 S0")
    at(0.1)
    out.add("M1002 gcode_claim_action : 14", f"M104 S{min(nozzle, 200)}", "M400", "M106 P1 S255")
    at(0.3)
    out.add("M106 P1 S0", f"M620 S{first}A", "M1002 gcode_claim_action : 4", f"T{first}")
    out.add(f"M621 S{first}A", "M1002 gcode_claim_action : 13", "G28")
    at(0.45)
    out.add("M1002 gcode_claim_action : 2", f"M190 S{bed}")
    at(0.55)
    out.add("M1002 gcode_claim_action : 1", "G29 A1")
    at(0.75)
    out.add("M1002 gcode_claim_action : 3", "M970.3 Q1 A7 K0 O2")
    at(0.85)
    out.add(f"M1002 gcode_claim_action : {calibrate}", f"M109 S{nozzle}")
    at(0.95)
    out.add("M83", "G90", "; FEATURE: Custom", "G1 X20 Y2 Z0.3 F18000")
    out.add("G1 X60 Y2 E10 F1200", "G1 Z2 F900", "M1002 gcode_claim_action : 0")


def _infill(points: Sequence[Point], layer: int) -> list[Point]:
    """Ends of parallel lines inside the box of a contour, alternating direction per layer."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    x0, x1 = 0.62 * min(xs) + 0.38 * max(xs), 0.38 * min(xs) + 0.62 * max(xs)
    y0, y1 = 0.62 * min(ys) + 0.38 * max(ys), 0.38 * min(ys) + 0.62 * max(ys)
    ends: list[Point] = []
    for i in range(5):
        f = i / 4
        a, b = ((x0, y0 + f * (y1 - y0)), (x1, y0 + f * (y1 - y0)))
        if layer % 2:
            a, b = ((x0 + f * (x1 - x0), y0), (x0 + f * (x1 - x0), y1))
        ends.extend((a, b) if i % 2 == 0 else (b, a))
    return ends


def _paths(plan: GcodePlan, layer: int) -> list[tuple[str, list[Point]]]:
    """(feature, points in mm) of one layer."""
    t = layer / max(1, plan.layers - 1)
    cx, cy = plan.center
    paths: list[tuple[str, list[Point]]] = []
    contour = plan.shape.contour(t)
    for dx, dy, size in plan.shape.spots:
        scale = plan.radius * size
        ox, oy = cx + dx * plan.radius, cy + dy * plan.radius
        outer = [(ox + x * scale, oy + y * scale) for x, y in contour]
        paths.append(("Outer wall", [*outer, outer[0]]))
        paths.append(("Sparse infill", _infill(outer, layer)))
    return paths


def _length(points: Sequence[Point]) -> float:
    return sum(math.dist(a, b) for a, b in pairwise(points))


def _slot_of_layer(plan: GcodePlan, layer: int) -> int:
    """Which used filament prints this layer: bands from the bed up."""
    band = layer * len(plan.slots) // plan.layers
    return plan.slots[min(band, len(plan.slots) - 1)]


def _layers(out: _Writer, plan: GcodePlan) -> None:
    everything = [_paths(plan, n) for n in range(plan.layers)]
    lengths = [sum(_length(points) for _, points in paths) for paths in everything]
    per_slot = {s: 0.0 for s in plan.slots}
    for n, length in enumerate(lengths):
        per_slot[_slot_of_layer(plan, n)] += length
    print_s = max(1.0, plan.seconds - min(plan.seconds * 0.5, PREPARE_S) - END_S)
    elapsed = plan.seconds - print_s - END_S
    current = plan.slots[0]
    weight = sum(lengths) or 1.0
    for n, paths in enumerate(everything):
        slot = _slot_of_layer(plan, n)
        if slot != current:
            current = slot
            out.add(f"M620 S{slot - 1}A", "M1002 gcode_claim_action : 4", f"T{slot - 1}")
            out.add("M1002 gcode_claim_action : 0", f"M621 S{slot - 1}A")
        z = plan.height_mm * (n + 1) / plan.layers
        out.add(
            "; CHANGE_LAYER",
            f"; Z_HEIGHT: {z:g}",
            f"; layer num/total_layer_count: {n + 1}/{plan.layers}",
            f"M73 L{n + 1}",
            f"M991 S0 P{n} ;notify layer change",
        )
        if n == 1:
            out.add("M106 P1 S204", *(["M106 P2 S178"] if plan.model.aux_fan else []))
        out.progress(elapsed, plan.seconds)
        ratio = plan.filaments[slot - 1].millimetres / (per_slot[slot] or 1.0)
        _moves(out, paths, z, ratio)
        elapsed += print_s * lengths[n] / weight


def _moves(out: _Writer, paths: list[tuple[str, list[Point]]], z: float, ratio: float) -> None:
    out.add(f"G1 Z{z:.2f} F1200")
    for feature, points in paths:
        out.add(f"; FEATURE: {feature}", f"G1 X{points[0][0]:.2f} Y{points[0][1]:.2f} F18000")
        if feature == "Outer wall":
            out.add("G1 F9000")
        out.lines.extend(
            f"G1 X{b[0]:.2f} Y{b[1]:.2f} E{math.dist(a, b) * ratio:.4f}"
            for a, b in pairwise(points)
        )


def _end(out: _Writer, plan: GcodePlan) -> None:
    top = min(plan.height_mm + 20, plan.model.volume[2])
    out.add("; FEATURE: Custom", ";===== end =====", "M400", "G1 E-0.8 F1800")
    out.add("M140 S0", "M106 P1 S0", "M106 P2 S0", "M106 P3 S0", "M104 S0", f"G1 Z{top:.1f} F900")
    out.progress(plan.seconds - END_S / 2, plan.seconds)
    out.add("M18 X Y Z", "M73 P100 R0", "; EXECUTABLE_BLOCK_END", "")
