"""A model as a picture: one light, one view from above and in front, on nothing.

Only for child processes. A z-buffer in numpy: no window system and no graphics driver needed.
"""

from __future__ import annotations

import io

import numpy
from numpy.typing import NDArray
from PIL import Image

from slicer.mesh.load import Triangles

SIZE = 512
_OVERSAMPLE = 2
_MARGIN = 0.06
_COLOR = (0.36, 0.62, 0.47)
_VIEW = (0.62, -0.95, 0.62)  # from where one looks: right, in front, above
_LIGHT = (0.35, -0.55, 1.0)
_AMBIENT = 0.32
_CHUNK = 2_000_000  # pixels to look at in one go

Floats = NDArray[numpy.float64]


def picture(triangles: Triangles) -> bytes:
    """PNG with transparent ground, SIZE × SIZE."""
    side = SIZE * _OVERSAMPLE
    seen, shade = _project(triangles, side)
    buffer = _rasterise(seen, shade, side)
    image = Image.fromarray(_colour(buffer), "RGBA").resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _unit(vector: tuple[float, float, float]) -> Floats:
    found = numpy.array(vector, float)
    return numpy.asarray(found / numpy.linalg.norm(found))


def _project(triangles: Triangles, side: int) -> tuple[Floats, Floats]:
    """Triangles that face the viewer in pixels with their depth, and how bright each is."""
    back = _unit(_VIEW)
    right = numpy.cross((0.0, 0.0, 1.0), back)
    right /= numpy.linalg.norm(right)
    up = numpy.cross(back, right)
    corners = triangles.astype(float)
    normals = numpy.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = numpy.linalg.norm(normals, axis=1)
    whole = length > 0
    corners, normals = corners[whole], normals[whole] / length[whole, None]
    # Both sides of a surface are drawn: models with turned-around triangles stay whole.
    normals *= numpy.where(normals @ back < 0, -1.0, 1.0)[:, None]
    shade = _AMBIENT + (1 - _AMBIENT) * numpy.clip(normals @ _unit(_LIGHT), 0, 1)
    seen = corners @ numpy.stack([right, -up, back]).T
    low, high = seen.reshape(-1, 3).min(axis=0), seen.reshape(-1, 3).max(axis=0)
    scale = side * (1 - 2 * _MARGIN) / max(high[0] - low[0], high[1] - low[1], 1e-9)
    seen[:, :, :2] = (seen[:, :, :2] - (low[:2] + high[:2]) / 2) * scale + side / 2
    seen[:, :, 2] = (seen[:, :, 2] - low[2]) / max(high[2] - low[2], 1e-9)
    return seen, shade


def _rasterise(seen: Floats, shade: Floats, side: int) -> NDArray[numpy.int64]:
    """Per pixel the nearest triangle's depth and shade in one number, -1 where there is none."""
    buffer = numpy.full(side * side, -1, numpy.int64)
    low = numpy.floor(seen[:, :, :2].min(axis=1)).astype(int)
    span = numpy.ceil(seen[:, :, :2].max(axis=1)).astype(int) - low + 1
    pixels = span[:, 0] * span[:, 1]
    bounds = numpy.searchsorted(
        numpy.cumsum(pixels), numpy.arange(1, pixels.sum() // _CHUNK + 2) * _CHUNK
    )
    start = 0
    for end in [*(int(bound) + 1 for bound in bounds), len(seen)]:
        end = min(end, len(seen))
        if end > start:
            part = slice(start, end)
            _fill(buffer, seen[part], shade[part], low[part], span[part], side)
        start = end
    return buffer


def _fill(
    buffer: NDArray[numpy.int64], seen: Floats, shade: Floats, low: NDArray[numpy.int64],
    span: NDArray[numpy.int64], side: int,
) -> None:  # fmt: skip
    count = span[:, 0] * span[:, 1]
    which = numpy.repeat(numpy.arange(len(seen)), count)
    at = numpy.arange(len(which)) - numpy.repeat(numpy.cumsum(count) - count, count)
    x = low[which, 0] + at % span[which, 0]
    y = low[which, 1] + at // span[which, 0]
    a, b, c = seen[which, 0], seen[which, 1], seen[which, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    area = numpy.where(area == 0, numpy.inf, area)
    px, py = x + 0.5, y + 0.5
    v = ((px - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (py - a[:, 1])) / area
    w = ((b[:, 0] - a[:, 0]) * (py - a[:, 1]) - (px - a[:, 0]) * (b[:, 1] - a[:, 1])) / area
    edge = -1e-6
    inside = (v >= edge) & (w >= edge) & (v + w <= 1 - edge)
    inside &= (x >= 0) & (x < side) & (y >= 0) & (y < side) & numpy.isfinite(area)
    depth = a[:, 2] + v * (b[:, 2] - a[:, 2]) + w * (c[:, 2] - a[:, 2])
    value = (depth[inside].clip(0, 1) * 2**40).astype(numpy.int64) << 8
    value |= (shade[which[inside]] * 255).astype(numpy.int64)
    numpy.maximum.at(buffer, y[inside] * side + x[inside], value)


def _colour(buffer: NDArray[numpy.int64]) -> NDArray[numpy.uint8]:
    side = int(len(buffer) ** 0.5)
    shade = (buffer & 0xFF) / 255
    out = numpy.zeros((side * side, 4), numpy.uint8)
    hit = buffer >= 0
    for channel, tint in enumerate(_COLOR):
        # bright sides go towards white, so that edges stay visible on every ground
        tone = tint * shade + 0.38 * numpy.clip(shade - 0.75, 0, 1)
        out[:, channel] = (numpy.clip(tone, 0, 1) * 255).astype(numpy.uint8)
    out[:, 3] = numpy.where(hit, 255, 0)
    out[~hit, :3] = 0
    return out.reshape(side, side, 4)
