"""What a scan of a plate's G-code found: where it goes, what it heats, what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = 2
"""Of the scan: a result of another version is not used."""

LIMITED = frozenset({"time", "memory", "crashed"})
"""Reasons of this machine and moment; another try may end otherwise."""


@dataclass(frozen=True, slots=True)
class Box:
    """Corners in mm, as the printer counts them."""

    x0: float
    y0: float
    z0: float
    x1: float
    y1: float
    z1: float


@dataclass(frozen=True, slots=True)
class Danger:
    """A command that changes or stops the printer itself."""

    line: int  # 1-based
    command: str  # its first word
    in_block: bool  # in the slicer's start, end or custom code


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateBounds:
    """One plate's G-code, read to its end unless ``complete`` is False."""

    plate: int = 1
    complete: bool = True
    reason: str = ""
    """Why it is not complete: line_too_long, too_many_lines, number, unsupported_move, damaged,
    time, memory or crashed."""
    size_bytes: int = 0
    lines: int = 0
    layers: int = 0
    marked: bool = False
    """The slicer marks layers, so the model can be told from what is primed before it."""
    model: Box | None = None  # moves along the bed that lay down the model
    purge: Box | None = None  # the same in start, end and custom code: priming lines
    travel: Box | None = None  # all moves whatever they do
    first_layer: tuple[float, float, float, float] | None = None  # x0, y0, x1, y1 of the model
    filament_mm: tuple[tuple[int, float], ...] = ()  # (tool, net length pushed)
    nozzle_c: tuple[tuple[int, float], ...] = ()  # (tool, highest temperature asked for)
    bed_c: float | None = None
    chamber_c: float | None = None
    tools: tuple[int, ...] = ()  # that push filament
    inches: bool = False  # some of it is in inches (converted here)
    dangers: tuple[Danger, ...] = ()  # the first 20
    danger_count: int = 0
    flavours: tuple[str, ...] = ()  # hints: "Bambu", "Klipper", "Marlin", "Prusa", "RepRap"
    ended: bool = False  # behind the last line of the model the printer is put to rest


def plate_from_dict(data: Mapping[str, Any]) -> PlateBounds:
    """The PlateBounds that was written as JSON. Raises KeyError, TypeError or ValueError."""
    return PlateBounds(
        **{
            **data,
            **{key: _box(data[key]) for key in ("model", "purge", "travel")},
            "first_layer": _footprint(data["first_layer"]),
            "filament_mm": _pairs(data["filament_mm"]),
            "nozzle_c": _pairs(data["nozzle_c"]),
            "tools": tuple(int(tool) for tool in data["tools"]),
            "dangers": tuple(Danger(**item) for item in data["dangers"]),
            "flavours": tuple(str(item) for item in data["flavours"]),
        }
    )


def _box(data: Mapping[str, Any] | None) -> Box | None:
    return None if data is None else Box(**{key: float(value) for key, value in data.items()})


def _footprint(data: Any) -> tuple[float, float, float, float] | None:
    if data is None:
        return None
    x0, y0, x1, y1 = (float(value) for value in data)
    return x0, y0, x1, y1


def _pairs(data: Any) -> tuple[tuple[int, float], ...]:
    return tuple((int(tool), float(value)) for tool, value in data)
