"""Does a model fit a machine at all? Asked before slicing: some slicers crash when it does not."""

from __future__ import annotations

import math

from core.errors import Unusable
from slicer.gates.space import plain
from slicer.printfile import Shape
from slicer.slicing.machine import Space

TOLERANCE_MM = 0.01


def require_fit(shape: Shape, space: Space | None, name: str) -> None:
    """Raises Unusable (model_too_large, model_too_tall) with both sizes.

    The model may be turned about Z; standing it up or scaling it is a person's decision. A
    project has an arrangement of its own, and its size is not known here.
    """
    if shape.size_mm is None or space is None:
        return
    width, depth, height = shape.size_mm
    if height > space.height + TOLERANCE_MM:
        raise Unusable(
            f"{name} is {plain(height)} mm tall; {space.name} prints up to "
            f"{plain(space.height)} mm. Lay it down, scale it, or choose a taller machine.",
            code="model_too_tall",
        )
    if not fits_turned(width, depth, space.width, space.depth):
        raise Unusable(
            f"{name} is {plain(width)} × {plain(depth)} mm on the bed; the bed of {space.name} is "
            f"{plain(space.width)} × {plain(space.depth)} mm. Turn or scale the model, split it, "
            "or choose a larger machine.",
            code="model_too_large",
        )


def fits_turned(width: float, depth: float, bed_width: float, bed_depth: float) -> bool:
    """Whether a rectangle fits into another one at some angle (Carver 1957)."""
    p, q = max(width, depth) - TOLERANCE_MM, min(width, depth) - TOLERANCE_MM
    a, b = max(bed_width, bed_depth), min(bed_width, bed_depth)
    if p <= a:
        return q <= b
    diagonal = p * p + q * q
    if diagonal < a * a:
        return False
    needed = (2 * p * q * a + (p * p - q * q) * math.sqrt(diagonal - a * a)) / diagonal
    return b >= needed
