"""A machine preset's own space, whichever slicer it belongs to, as the gates want it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from slicer import values
from slicer.bounds.result import Box, PlateBounds
from slicer.gates.limits import MachineLimits
from slicer.profiles.presets import Family, Preset

_FAR_MM = 10_000.0
_POINT = re.compile(r"\s*(-?[\d.]+)\s*x\s*(-?[\d.]+)\s*")
_MAX_POINTS = 5_000  # PrusaSlicer draws round beds with some hundred


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Where a machine prints, in mm of its own coordinates."""

    name: str  # for sentences
    x0: float
    y0: float
    width: float
    depth: float
    height: float = math.inf  # unknown
    y_shift: float = 0.0  # its G-code lies this much in front of the bed's Y (X1, P1)


def space_of(machine: Preset, family: Family) -> Space | None:
    """None when the preset does not say how large its bed is."""
    if family is Family.CURA:
        return _cura(machine)
    settings = machine.settings
    points = _points(settings.get("printable_area" if family is Family.ORCA else "bed_shape"))
    if len(points) < 3:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    height = settings.get("printable_height" if family is Family.ORCA else "max_print_height")
    offsets = _points(settings.get("extruder_offset"))
    return _space(
        machine.name, min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys),
        _number(height), offsets[0][1] if offsets else 0.0,
    )  # fmt: skip


def limits_and_bounds(space: Space, plate: PlateBounds) -> tuple[MachineLimits, PlateBounds]:
    """For check_bounds, which knows beds that begin or lie centred at X0 Y0; others are moved."""
    centred = math.isclose(space.x0, -space.width / 2, abs_tol=0.01) and math.isclose(
        space.y0, -space.depth / 2, abs_tol=0.01
    )
    limits = MachineLimits(
        name=space.name,
        volume_mm=(space.width, space.depth, space.height),
        centred=centred,
        y_shift_mm=space.y_shift,
    )
    if centred or (space.x0 == 0 and space.y0 == 0):
        return limits, plate
    return limits, replace(
        plate,
        model=_moved(plate.model, space),
        purge=_moved(plate.purge, space),
        travel=_moved(plate.travel, space),
    )


def _moved(box: Box | None, space: Space) -> Box | None:
    if box is None:
        return None
    x, y = space.x0, space.y0
    return replace(box, x0=box.x0 - x, x1=box.x1 - x, y0=box.y0 - y, y1=box.y1 - y)


def _cura(machine: Preset) -> Space | None:
    settings: Mapping[str, Any] = machine.settings
    width, depth = _number(settings.get("machine_width")), _number(settings.get("machine_depth"))
    if not width or not depth:
        return None
    centred = str(settings.get("machine_center_is_zero", "")).lower() in ("true", "1")
    x0, y0 = (-width / 2, -depth / 2) if centred else (0.0, 0.0)
    return _space(machine.name, x0, y0, width, depth, _number(settings.get("machine_height")), 0.0)


def _space(
    name: str, x0: float, y0: float, width: float, depth: float, height: float | None, shift: float
) -> Space | None:
    if width <= 0 or depth <= 0:
        return None
    return Space(
        name=name,
        x0=x0,
        y0=y0,
        width=width,
        depth=depth,
        height=height or math.inf,
        y_shift=max(0.0, shift),
    )


def _number(value: Any) -> float | None:
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    return values.number(first, 0.0, _FAR_MM)


def _points(value: Any) -> list[tuple[float, float]]:
    """ "0x0,250x0,…" or ["0x0", "250x0", …]; [] when one of them is none."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or len(items) > _MAX_POINTS:
        return []
    points: list[tuple[float, float]] = []
    for item in items:
        match = _POINT.fullmatch(item) if isinstance(item, str) and len(item) < 60 else None
        x = values.number(match[1], -_FAR_MM, _FAR_MM) if match else None
        y = values.number(match[2], -_FAR_MM, _FAR_MM) if match else None
        if x is None or y is None:
            return []
        points.append((x, y))
    return points
