"""How far an arc reaches. Pure."""

from __future__ import annotations

import math

Reach = tuple[float, float, float, float]
"""x0, y0, x1, y1"""
_EVEN = 0.02
"""Up to this share an end's distance from the middle, squared, may be off by rounding."""


def reach_of_center(
    x: float, y: float, to_x: float, to_y: float, i: float, j: float, *, clockwise: bool
) -> Reach:
    """From (x, y) to (to_x, to_y) around (x + i, y + j); the same point means a full circle."""
    middle_x, middle_y = x + i, y + j
    radius = math.hypot(i, j)
    around = (middle_x - radius, middle_y - radius, middle_x + radius, middle_y + radius)
    if abs(to_x - x) < 1e-6 and abs(to_y - y) < 1e-6:
        return around
    start = math.atan2(-j, -i)
    end = math.atan2(to_y - middle_y, to_x - middle_x)
    if clockwise:
        start, end = end, start
    sweep = (end - start) % math.tau

    def passes(angle: float) -> bool:
        return (angle - start) % math.tau <= sweep

    return (
        around[0] if passes(math.pi) else min(x, to_x),
        around[1] if passes(-math.pi / 2) else min(y, to_y),
        around[2] if passes(0.0) else max(x, to_x),
        around[3] if passes(math.pi / 2) else max(y, to_y),
    )


def reach_beyond_ends(
    x: float, y: float, to_x: float, to_y: float, i: float, j: float, *, clockwise: bool
) -> Reach | None:
    """As reach_of_center, but None, and much faster, for an arc between its ends' corners."""
    end_i, end_j = to_x - x - i, to_y - y - j
    turn = end_i * j - end_j * i  # positive: counter-clockwise by less than half a circle
    if (turn < 0 if clockwise else turn > 0) and i * end_i <= 0 and j * end_j <= 0:
        uneven = abs(i * i + j * j - end_i * end_i - end_j * end_j)
        if uneven <= _EVEN * (i * i + j * j):
            return None  # both ends in one quarter, and the short way between them
    return reach_of_center(x, y, to_x, to_y, i, j, clockwise=clockwise)


def reach_of_radius(
    x: float, y: float, to_x: float, to_y: float, radius: float, *, clockwise: bool
) -> Reach:
    """The R form: the shorter arc for a positive radius, the longer one for a negative one."""
    dx, dy = to_x - x, to_y - y
    chord = math.hypot(dx, dy)
    if chord < 1e-9:
        return x, y, x, y
    height = math.sqrt(max(0.0, radius * radius - chord * chord / 4))
    side = -1.0 if clockwise else 1.0
    if radius < 0:
        side = -side
    i = dx / 2 - side * height * dy / chord
    j = dy / 2 + side * height * dx / chord
    return reach_of_center(x, y, to_x, to_y, i, j, clockwise=clockwise)
