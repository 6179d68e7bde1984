"""What OctoPrint's G-code analysis finds in a file."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from typing import Any

from simulator.gcode import timeline_of

_MOVE = re.compile(rb"^G[01] ([^;\r\n]*)", re.MULTILINE)
_WORD = re.compile(rb"([XYZE])(-?\d*\.?\d+)")
_KEPT = 64
_cache: OrderedDict[bytes, dict[str, Any]] = OrderedDict()


class _Box:
    """The smallest box around some points."""

    def __init__(self, *points: list[float]) -> None:
        self.low: list[float] = [float("inf")] * 3
        self.high: list[float] = [float("-inf")] * 3
        for point in points:
            self.add(point)

    def add(self, point: list[float]) -> None:
        for i, value in enumerate(point):
            if value < self.low[i]:
                self.low[i] = value
            if value > self.high[i]:
                self.high[i] = value

    def area(self) -> dict[str, float]:
        """maxX, maxY, …"""
        (x0, y0, z0), (x1, y1, z1) = self.low, self.high
        return {"maxX": x1, "maxY": y1, "maxZ": z1, "minX": x0, "minY": y0, "minZ": z0}

    def size(self) -> dict[str, float]:
        """width (X), depth (Y), height (Z)."""
        x, y, z = (b - a for a, b in zip(self.low, self.high, strict=True))
        return {"depth": y, "height": z, "width": x}


def _read(gcode: bytes) -> dict[str, Any]:
    place = [0.0, 0.0, 0.0]
    travel, printing = _Box(place), _Box()
    last = longest = 0.0
    for move in _MOVE.finditer(gcode):
        extruded = False
        for axis, value in _WORD.findall(move[1]):
            if axis == b"E":
                extruded = float(value) > 0
                last = float(value)
                longest = max(longest, last)
            else:
                place[b"XYZ".index(axis)] = float(value)
        travel.add(place)
        if extruded:
            printing.add(place)
    if not longest:
        return _empty()
    timeline = timeline_of(gcode)
    drawn = sum(mark.value for mark in timeline.marks if mark.kind == "extrude")
    return {
        "dimensions": printing.size(),
        "estimatedPrintTime": timeline.total_s,
        "filament": {"tool0": {"length": max(longest, drawn), "volume": 0.0}},
        "printingArea": printing.area(),
        "travelArea": travel.area(),
        "travelDimensions": travel.size(),
    }


def _empty() -> dict[str, Any]:
    size = {"depth": 0, "height": 0, "width": 0}
    area = {"maxX": 0, "maxY": 0, "maxZ": 0, "minX": 0, "minY": 0, "minZ": 0}
    return {
        "_empty": True,
        "dimensions": size,
        "filament": {},
        "printingArea": area,
        "travelArea": area,
        "travelDimensions": size,
    }


def analyse(gcode: bytes) -> dict[str, Any]:
    """The value of ``gcodeAnalysis``; remembered for the last contents. Do not change it.

    ``estimatedPrintTime`` in seconds as the slicer says, lengths in mm. A file that extrudes
    nothing has ``_empty`` and no estimate (measured).
    """
    key = hashlib.sha256(gcode).digest()
    found = _cache.get(key)
    if found is None:
        found = _cache[key] = _read(gcode)
        if len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return found
