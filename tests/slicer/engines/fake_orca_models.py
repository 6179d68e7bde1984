"""How the fake reads models: their boxes, their triangles, and the plates of a project."""

from __future__ import annotations

import json
import re
import struct
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from fake_orca_args import Failed

Bed = tuple[float, float, float, float, float]
_VERTEX = re.compile(r"^\s*(?:vertex|v)\s+(\S+)\s+(\S+)\s+(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Solid:
    """One object's box in mm."""

    name: str
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    triangles: int
    slot: int = 1  # its filament

    def moved(self, dx: float, dy: float) -> Solid:
        """Along the bed, and down onto it."""
        (x0, y0, z0), (x1, y1, z1) = self.low, self.high
        return replace(self, low=(x0 + dx, y0 + dy, 0.0), high=(x1 + dx, y1 + dy, z1 - z0))

    def inside(self, bed: Bed) -> bool:
        x0, y0, x1, y1, height = bed
        return (
            x0 <= self.low[0]
            and y0 <= self.low[1]
            and self.high[0] <= x1
            and self.high[1] <= y1
            and self.high[2] <= height
        )

    def touches(self, bed: Bed) -> bool:
        x0, y0, x1, y1, _ = bed
        return self.low[0] < x1 and self.high[0] > x0 and self.low[1] < y1 and self.high[1] > y0


@dataclass(frozen=True)
class Model:
    solids: tuple[Solid, ...]
    project: dict[str, Any] | None = None
    version: str = ""
    plate_of: tuple[int, ...] = ()  # each solid's plate
    plates: int = 1
    is_placed: bool = False

    def on_plate(self, number: int) -> list[Solid]:
        if not self.plate_of or not number:
            return list(self.solids)
        pairs = zip(self.solids, self.plate_of, strict=True)
        return [solid for solid, plate in pairs if plate == number]


def read(path: Path) -> Model:
    try:
        if path.suffix == ".3mf":
            return _read_3mf(path)
        if path.suffix not in (".stl", ".obj"):
            raise Failed(
                -6, "Unknown file format. Input file must have .stl, .obj, .3mf extension."
            )
        points = _points(path.read_bytes(), path.suffix)
        triangles = len(points) // 3 if path.suffix == ".stl" else len(points) * 2 - 4
        return Model(solids=(_solid(path.stem, points, triangles),))
    except (ValueError, struct.error, KeyError, zipfile.BadZipFile, ElementTree.ParseError):
        raise Failed(-6) from None


def arranged(solids: list[Solid], bed: Bed) -> list[Solid]:
    """All in a row across the middle of the bed."""
    gap = 5.0
    width = sum(solid.high[0] - solid.low[0] for solid in solids) + gap * (len(solids) - 1)
    at = (bed[0] + bed[2] - width) / 2
    middle = (bed[1] + bed[3]) / 2
    placed = []
    for solid in solids:
        depth = solid.high[1] - solid.low[1]
        placed.append(solid.moved(at - solid.low[0], middle - depth / 2 - solid.low[1]))
        at += solid.high[0] - solid.low[0] + gap
    return placed


def _points(raw: bytes, suffix: str) -> list[tuple[float, float, float]]:
    if suffix == ".stl" and len(raw) >= 84:
        (count,) = struct.unpack_from("<I", raw, 80)
        if len(raw) == 84 + 50 * count:
            facets = struct.iter_unpack("<12x9f2x", raw[84:])
            return [tuple(f[i : i + 3]) for f in facets for i in (0, 3, 6)]  # type: ignore[misc]
    found = _VERTEX.findall(raw.decode("utf-8"))
    return [(float(x), float(y), float(z)) for x, y, z in found]


def _solid(
    name: str, points: list[tuple[float, float, float]], triangles: int, slot: int = 1
) -> Solid:
    if not points:
        raise ValueError("no points")
    axes = list(zip(*points, strict=True))
    low, high = tuple(map(min, axes)), tuple(map(max, axes))
    return Solid(name, low, high, triangles, slot)  # type: ignore[arg-type]


def _read_3mf(path: Path) -> Model:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        found = {}
        for member in sorted(name for name in names if name.endswith(".model")):
            found.update(_objects(ElementTree.fromstring(archive.read(member))))
        if "Metadata/project_settings.config" not in names:
            return Model(solids=tuple(_solid(*item) for item in found.values()))
        project = json.loads(archive.read("Metadata/project_settings.config"))
        config = ElementTree.fromstring(archive.read("Metadata/model_settings.config"))
    slots = {
        element.get("id"): int(item.get("value", "1"))
        for element in config.findall("object")
        for item in element.findall("metadata[@key='extruder']")
    }
    plates = config.findall("plate")
    homes = {
        item.get("value"): number
        for number, plate in enumerate(plates, 1)
        for item in plate.findall("model_instance/metadata[@key='object_id']")
    }
    return Model(
        solids=tuple(_solid(*item, slots.get(key, 1)) for key, item in found.items()),
        project=project,
        version=project.get("version", ""),
        plate_of=tuple(homes.get(key, 1) for key in found),
        plates=len(plates),
        is_placed=True,
    )


def _objects(root: ElementTree.Element) -> dict[str, Any]:
    """Object id -> (name, points, triangles), where its build item puts it."""
    space = "{http://schemas.microsoft.com/3dmanufacturing/core/2015/02}"
    shifts = {
        item.get("objectid", ""): [float(part) for part in item.get("transform", "").split()[9:12]]
        for item in root.iter(f"{space}item")
    }
    found = {}
    for element in root.iter(f"{space}object"):
        key = element.get("id", "")
        dx, dy, dz = shifts.get(key) or (0.0, 0.0, 0.0)
        points = [
            (float(v.get("x", "")) + dx, float(v.get("y", "")) + dy, float(v.get("z", "")) + dz)
            for v in element.iter(f"{space}vertex")
        ]
        if points:
            triangles = len(list(element.iter(f"{space}triangle")))
            found[key] = (element.get("name", f"Object {key}"), points, triangles)
    return found
