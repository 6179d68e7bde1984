"""The solids the simulator prints: one contour per height, for G-code and for pictures alike."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass

Point = tuple[float, float]
Contour = Callable[[float], list[Point]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A solid in units of its own radius: contour(t) for t 0 (bed) … 1 (top), |x|,|y| <= 1."""

    name: str
    height: float
    contour: Contour
    hollow: bool = False
    spots: tuple[tuple[float, float, float], ...] = ((0.0, 0.0, 1.0),)  # dx, dy, size


def _ring(radius: Callable[[float], float], count: int = 40, turn: float = 0.0) -> list[Point]:
    points: list[Point] = []
    for i in range(count):
        angle = math.tau * i / count
        r = radius(angle)
        points.append((r * math.cos(angle + turn), r * math.sin(angle + turn)))
    return points


def _box(x0: float, y0: float, x1: float, y1: float, r: float = 0.12) -> list[Point]:
    points: list[Point] = []
    corners = (
        (x1 - r, y1 - r, 0),
        (x0 + r, y1 - r, 90),
        (x0 + r, y0 + r, 180),
        (x1 - r, y0 + r, 270),
    )
    for cx, cy, start in corners:
        for step in range(5):
            angle = math.radians(start + step * 22.5)
            points.append((cx + r * math.cos(angle), cy + r * math.sin(angle)))
    return points


def _gear(t: float) -> list[Point]:
    if t > 0.62:
        return _ring(lambda _a: 0.42, 40)
    return [
        (r * math.cos(math.tau * i / 48), r * math.sin(math.tau * i / 48))
        for i in range(48)
        for r in ((0.98 if i % 4 in (1, 2) else 0.8),)
    ]


def _bracket(t: float) -> list[Point]:
    if t < 0.16:
        return _box(-0.95, -0.62, 0.95, 0.62, 0.1)
    return _box(-0.95, 0.36, 0.95 - 0.35 * max(0.0, t - 0.5), 0.62, 0.1)


def _planter(t: float) -> list[Point]:
    return _ring(lambda a: (0.62 + 0.3 * t) * (1 + 0.045 * math.sin(14 * a)), 56, 0.25 * t)


def _vase(t: float) -> list[Point]:
    return _ring(
        lambda a: (0.52 + 0.26 * math.sin(t * 4.2 + 0.4)) * (1 + 0.08 * math.cos(6 * a)),
        48,
        1.15 * t,
    )


def _knob(t: float) -> list[Point]:
    dome = 1.0 if t < 0.72 else math.sqrt(max(0.04, 1 - ((t - 0.72) / 0.3) ** 2))
    return _ring(lambda a: 0.8 * dome * (1 + 0.05 * (1 if math.sin(18 * a) > 0 else -1)), 54)


def _stand(t: float) -> list[Point]:
    if t < 0.14:
        return _box(-0.7, -0.95, 0.7, 0.85, 0.12)
    lean = 0.75 * t
    return _box(-0.62, -0.35 + lean * 0.8, 0.62, -0.1 + lean * 0.9, 0.1)


def _clip(t: float) -> list[Point]:
    if t < 0.45:
        return _box(-0.9, -0.55, 0.9, 0.55, 0.15)
    return _box(-0.9, -0.55, -0.25 + 0.3 * (t - 0.45), 0.55, 0.15)


def _cable_tray(_t: float) -> list[Point]:
    return _box(-0.98, -0.66, 0.98, 0.66, 0.2)


def _bowl(t: float) -> list[Point]:
    return _ring(lambda _a: 0.42 + 0.54 * math.sqrt(t), 48)


def _cube(_t: float) -> list[Point]:
    return _box(-0.72, -0.72, 0.72, 0.72, 0.06)


_SIX = tuple((dx, dy, 0.31) for dy in (0.42, -0.42) for dx in (-0.68, 0.0, 0.68))
_TWO = ((-0.55, 0.1, 0.46), (0.55, -0.1, 0.46))

SHAPES: dict[str, Shape] = {
    s.name: s
    for s in (
        Shape("gear", 0.5, _gear),
        Shape("bracket", 1.25, _bracket),
        Shape("planter", 1.3, _planter, hollow=True),
        Shape("vase", 1.9, _vase, hollow=True),
        Shape("knob", 0.9, _knob, spots=_TWO),
        Shape("stand", 1.35, _stand),
        Shape("clips", 1.1, _clip, spots=_SIX),
        Shape("box", 0.75, _cable_tray, hollow=True),
        Shape("bowl", 0.8, _bowl, hollow=True),
        Shape("cube", 1.4, _cube),
    )
}

_WORDS = {
    "gear": "gear",
    "bracket": "bracket",
    "mount": "bracket",
    "plant": "planter",
    "pot": "planter",
    "vase": "vase",
    "knob": "knob",
    "dial": "knob",
    "stand": "stand",
    "holder": "stand",
    "clip": "clips",
    "hook": "clips",
    "box": "box",
    "tray": "box",
    "case": "box",
    "bowl": "bowl",
    "cube": "cube",
    "test": "cube",
}


def shape_for(name: str) -> Shape:
    """The shape a file name speaks of; a stable other one for names that say nothing."""
    low = name.lower()
    for word, shape in _WORDS.items():
        if word in low:
            return SHAPES[shape]
    names = sorted(SHAPES)
    return SHAPES[names[zlib.crc32(low.encode()) % len(names)]]
