"""Models for slicers, as binary STL: plain ones, hard ones and broken ones."""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

Point = tuple[float, float, float]
Triangle = tuple[Point, Point, Point]


def box(x: float, y: float, z: float) -> list[Triangle]:
    """Twelve triangles, from the origin."""
    corners = [(i * x, j * y, k * z) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces: list[Triangle] = []
    for a, b, c, d in sides:
        faces += [(corners[a], corners[b], corners[c]), (corners[a], corners[c], corners[d])]
    return faces


def torus_knot(around: int = 800, across: int = 50, size: float = 14.0) -> list[Triangle]:
    """2 × around × across triangles of a tube knotted through itself, full of overhangs."""
    rings = [_ring(2 * math.pi * i / around, across, size) for i in range(around)]
    faces: list[Triangle] = []
    for i in range(around):
        here, there = rings[i], rings[(i + 1) % around]
        for j in range(across):
            k = (j + 1) % across
            faces += [(here[j], there[j], there[k]), (here[j], there[k], here[k])]
    return faces


def _ring(angle: float, across: int, size: float) -> list[Point]:
    """Around the curve's point at ``angle``, square to its direction."""
    centre, ahead = _curve(angle, size), _curve(angle + 1e-4, size)
    along = _unit(tuple(b - a for a, b in zip(centre, ahead, strict=True)))
    side = _unit(_cross(along, (0.0, 0.0, 1.0)))
    up = _cross(side, along)
    turns = [2 * math.pi * j / across for j in range(across)]
    return [
        tuple(
            c + size / 5 * (math.cos(turn) * s + math.sin(turn) * u)
            for c, s, u in zip(centre, side, up, strict=True)
        )
        for turn in turns
    ]


def _curve(angle: float, size: float) -> Point:
    reach = size * (1 + 0.4 * math.cos(3 * angle))
    return (
        reach * math.cos(2 * angle),
        reach * math.sin(2 * angle),
        0.55 * size * math.sin(3 * angle),
    )


def _cross(a: Point, b: Point) -> Point:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _unit(vector: Point) -> Point:
    length = math.sqrt(sum(part * part for part in vector))
    return (vector[0] / length, vector[1] / length, vector[2] / length)


def write_stl(path: Path, faces: Iterable[Triangle]) -> Path:
    body = [struct.pack("<12fH", 0, 0, 0, *a, *b, *c, 0) for a, b, c in faces]
    path.write_bytes(bytes(80) + struct.pack("<I", len(body)) + b"".join(body))
    return path


def ascii_stl(faces: Iterable[Triangle]) -> str:
    lines = ["solid model"]
    for face in faces:
        lines += ["facet normal 0 0 0", "outer loop"]
        lines += [f"vertex {x:g} {y:g} {z:g}" for x, y, z in face]
        lines += ["endloop", "endfacet"]
    return "\n".join([*lines, "endsolid model", ""])


def indexed(faces: Iterable[Triangle]) -> tuple[list[Point], list[tuple[int, int, int]]]:
    """The points once each, and the triangles by their numbers."""
    numbers: dict[Point, int] = {}
    triangles = [tuple(numbers.setdefault(point, len(numbers)) for point in face) for face in faces]
    return list(numbers), triangles


def model_xml(faces: Iterable[Triangle]) -> str:
    """The 3D/3dmodel.model of a plain 3MF."""
    points, triangles = indexed(faces)
    vertices = "".join(f'<vertex x="{x:g}" y="{y:g}" z="{z:g}"/>' for x, y, z in points)
    sides = "".join(f'<triangle v1="{a}" v2="{b}" v3="{c}"/>' for a, b, c in triangles)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<model unit="millimeter" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">'
        f'<resources><object id="1" type="model"><mesh><vertices>{vertices}</vertices>'
        f"<triangles>{sides}</triangles></mesh></object></resources>"
        '<build><item objectid="1"/></build></model>'
    )


def amf_xml(faces: Iterable[Triangle], settings: str = "") -> str:
    """An AMF, with PrusaSlicer's settings in it when there are some."""
    points, triangles = indexed(faces)
    vertices = "".join(
        f"<vertex><coordinates><x>{x:g}</x><y>{y:g}</y><z>{z:g}</z></coordinates></vertex>"
        for x, y, z in points
    )
    sides = "".join(
        f"<triangle><v1>{a}</v1><v2>{b}</v2><v3>{c}</v3></triangle>" for a, b, c in triangles
    )
    config = f'<metadata type="slic3rpe_config">{settings}</metadata>' if settings else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<amf unit="millimeter">{config}<object id="0">'
        f"<mesh><vertices>{vertices}</vertices><volume>{sides}</volume></mesh></object></amf>"
    )


def write_3mf(path: Path, more: dict[str, str]) -> None:
    """A plain 3MF of a 20 mm cube, and ``more`` members."""
    types = (
        '<?xml version="1.0" encoding="UTF-8"?><Types xmlns='
        '"http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="model" '
        'ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>'
    )
    rels = (
        '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns='
        '"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
        'Target="/3D/3dmodel.model" Id="rel-1" Type='
        '"http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", rels)
        archive.writestr("3D/3dmodel.model", model_xml(box(20, 20, 20)))
        for name, text in more.items():
            archive.writestr(name, text)
