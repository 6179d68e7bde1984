"""Models written by hand, byte by byte: none of the farm's own code has a part in them."""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Sequence

Triangle = Sequence[Sequence[float]]


def box(x: float = 20, y: float = 20, z: float = 20) -> list[Triangle]:
    """Twelve triangles with one corner in the origin."""
    p = [(i & 1 and x, i >> 1 & 1 and y, i >> 2 & 1 and z) for i in range(8)]
    faces = (
        (0, 2, 1), (1, 2, 3), (4, 5, 6), (5, 7, 6), (0, 1, 4), (1, 5, 4),
        (2, 6, 3), (3, 6, 7), (0, 4, 2), (2, 4, 6), (1, 3, 5), (3, 7, 5),
    )  # fmt: skip
    return [[p[a], p[b], p[c]] for a, b, c in faces]


def torus(
    radius: float = 20, thick: float = 6, around: int = 96, across: int = 48
) -> list[Triangle]:
    """2 × around × across triangles, lying on Z 0."""

    def at(i: int, j: int) -> tuple[float, float, float]:
        u, v = 2 * math.pi * i / around, 2 * math.pi * j / across
        r = radius + thick * math.cos(v)
        return r * math.cos(u), r * math.sin(u), thick + thick * math.sin(v)

    found: list[Triangle] = []
    for i in range(around):
        for j in range(across):
            a, b, c, d = at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)
            found += [[a, b, c], [a, c, d]]
    return found


def stl(triangles: Sequence[Triangle], header: bytes = b"a model") -> bytes:
    """Binary STL."""
    out = [header.ljust(80, b" "), struct.pack("<I", len(triangles))]
    for triangle in triangles:
        flat = [value for corner in triangle for value in corner]
        out.append(struct.pack("<12fH", 0, 0, 0, *flat, 0))
    return b"".join(out)


def text_stl(triangles: Sequence[Triangle]) -> bytes:
    lines = ["solid part"]
    for triangle in triangles:
        lines += ["facet normal 0 0 0", "outer loop"]
        lines += [f"vertex {x:g} {y:g} {z:g}" for x, y, z in triangle]
        lines += ["endloop", "endfacet"]
    return "\n".join([*lines, "endsolid part", ""]).encode()


def obj(triangles: Sequence[Triangle]) -> bytes:
    lines = [f"v {x:g} {y:g} {z:g}" for triangle in triangles for x, y, z in triangle]
    lines += [f"f {3 * n + 1} {3 * n + 2} {3 * n + 3}" for n in range(len(triangles))]
    return "\n".join([*lines, ""]).encode()


def threemf(triangles: Sequence[Triangle], head: str = "", **members: bytes) -> bytes:
    """A bare model; further members by name, "__" standing for "/"."""
    vertices = "".join(f'<vertex x="{x}" y="{y}" z="{z}"/>' for t in triangles for x, y, z in t)
    faces = "".join(
        f'<triangle v1="{3 * n}" v2="{3 * n + 1}" v3="{3 * n + 2}"/>' for n in range(len(triangles))
    )
    model = (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<model unit="millimeter" '
        'xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02"><resources>'
        f'<object id="1" type="model"><mesh><vertices>{vertices}</vertices><triangles>{faces}'
        '</triangles></mesh></object></resources><build><item objectid="1"/></build></model>'
    )
    rels = (
        '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats'
        '.org/package/2006/relationships"><Relationship Target="/3D/3dmodel.model" Id="rel0" '
        'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", rels)
        archive.writestr("3D/3dmodel.model", model)
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()
