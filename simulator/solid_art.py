"""Draws a solid of ``shapes`` as shaded layers: for thumbnails and for the camera picture."""

from __future__ import annotations

import io
import math
from functools import lru_cache
from typing import TYPE_CHECKING

from simulator.shapes import Point, Shape, shape_for

if TYPE_CHECKING:
    from PIL import ImageDraw

Rgb = tuple[int, int, int]
_TURN = math.radians(28)
_COS, _SIN = math.cos(_TURN), math.sin(_TURN)
FLAT = 0.44  # how much of the depth is seen from the camera's height
_LIGHT = (-0.55, 0.62)  # from the front left, after the turn


def rgb(color: str) -> Rgb:
    """(r, g, b) of "RRGGBB" or "RRGGBBAA"."""
    return int(color[0:2], 16), int(color[2:4], 16), int(color[4:6], 16)


def tone(color: Rgb, k: float) -> Rgb:
    """Darker for k < 0, lighter for k > 0 (-1 … 1)."""
    if k < 0:
        return tuple(round(c * (1 + k)) for c in color)  # type: ignore[return-value]
    return tuple(round(c + (255 - c) * k) for c in color)  # type: ignore[return-value]


def _turned(points: list[Point]) -> list[Point]:
    """Around the vertical axis; the second coordinate grows towards the viewer."""
    return [(x * _COS + y * _SIN, x * _SIN - y * _COS) for x, y in points]


def draw_part(
    draw: ImageDraw.ImageDraw,
    shape: Shape,
    color: Rgb,
    done: float,
    center: Point,
    scale: float,
    layers: int = 30,
) -> float:
    """Draw the part up to ``done`` (0–1); ``center`` is its middle on the bed, ``scale`` its
    radius, both in pixels. Returns the y of its upper edge."""
    # black and white filaments need grey in their shades to be seen as solids
    body = tone(color, 0.13) if sum(color) < 120 else tone(color, -0.06)
    top = center[1]
    turned = _turned([(dx, dy) for dx, dy, _ in shape.spots])
    order = sorted(range(len(turned)), key=lambda i: turned[i][1])
    for i in order:
        x, y = turned[i]
        size = scale * shape.spots[i][2]
        spot = (center[0] + x * scale, center[1] + y * scale * FLAT)
        top = min(top, _draw_one(draw, shape, body, done, spot, size, layers))
    return top


def _draw_one(
    draw: ImageDraw.ImageDraw,
    shape: Shape,
    color: Rgb,
    done: float,
    center: Point,
    scale: float,
    layers: int,
) -> float:
    count = max(1, math.ceil(layers * done))
    step = shape.height * scale * done / count
    lower = _turned(shape.contour(0.0))
    outline: list[Point] = []
    for i in range(count):
        t = done * (i + 1) / count
        upper = _turned(shape.contour(t))
        base = center[1] - i * step
        if _jumps(lower, upper):
            lower = upper  # a step in the part, not a slope
        _walls(draw, lower, upper, center[0], base, step, scale, color, i)
        outline = [(center[0] + x * scale, base - step + y * scale * FLAT) for x, y in upper]
        draw.polygon(outline, fill=tone(color, 0.1 + 0.08 * t))
        lower = upper
    if shape.hollow and done > 0.08:
        inner = [
            (center[0] + x * scale * 0.86, outline_y(base - step, y * 0.86, scale))
            for x, y in lower
        ]
        draw.polygon(inner, fill=tone(color, -0.5))
    return min(y for _, y in outline)


def _jumps(lower: list[Point], upper: list[Point]) -> bool:
    if len(lower) != len(upper):
        return True
    pairs = zip(lower, upper, strict=True)
    return any(abs(a[0] - b[0]) + abs(a[1] - b[1]) > 0.3 for a, b in pairs)


def outline_y(base: float, y: float, scale: float) -> float:
    """Screen y of a contour's y on a plane whose middle is at ``base``."""
    return base + y * scale * FLAT


def _walls(
    draw: ImageDraw.ImageDraw,
    lower: list[Point],
    upper: list[Point],
    cx: float,
    base: float,
    step: float,
    scale: float,
    color: Rgb,
    index: int,
) -> None:
    stripe = -0.035 if index % 2 else 0.0
    quads: list[tuple[float, list[Point], Rgb]] = []
    for j in range(len(lower)):
        (x0, y0), (x1, y1) = lower[j - 1], lower[j]
        (u0, v0), (u1, v1) = upper[j - 1], upper[j]
        nx, ny = y0 - y1, x1 - x0  # outward: contours run the other way after the turn
        if ny <= 0:
            continue
        length = math.hypot(nx, ny) or 1.0
        light = (nx * _LIGHT[0] + ny * _LIGHT[1]) / length
        shade = tone(color, max(-0.6, min(0.3, -0.42 + 0.5 * light + stripe)))
        quad = [
            (cx + x0 * scale, base + y0 * scale * FLAT),
            (cx + x1 * scale, base + y1 * scale * FLAT),
            (cx + u1 * scale, base - step + v1 * scale * FLAT),
            (cx + u0 * scale, base - step + v0 * scale * FLAT),
        ]
        quads.append((y0 + y1, quad, shade))
    quads.sort(key=lambda q: q[0])
    for _, quad, shade in quads:
        draw.polygon(quad, fill=shade)


@lru_cache(maxsize=64)
def thumbnail(name: str, color: str, size: int, kind: str = "plate") -> bytes:
    """A PNG of size×size pixels on a transparent ground; kind plate, no_light, top or pick."""
    from PIL import Image, ImageDraw

    shape = shape_for(name)
    big = Image.new("RGBA", (size * 2, size * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(big)
    span = size * 2
    body = tone(rgb(color), -0.25) if kind == "no_light" else rgb(color)
    if kind in ("top", "pick"):
        fill = rgb("1A3C5E") if kind == "pick" else body
        for dx, dy, part in shape.spots:
            points = [
                (span * (0.5 + 0.38 * (dx + x * part)), span * (0.5 - 0.38 * (dy + y * part)))
                for x, y in shape.contour(0.0)
            ]
            draw.polygon(points, fill=fill)
    else:
        tall = shape.height * max(part for _, _, part in shape.spots)
        scale = span * 0.84 / max(2.05, 0.9 + tall)
        mid = span * 0.5 + scale * tall * 0.5
        shadow = (
            span * 0.5 - scale,
            mid - scale * 0.4,
            span * 0.5 + scale * 1.1,
            mid + scale * 0.5,
        )
        draw.ellipse(shadow, fill=(0, 0, 0, 28))
        draw_part(draw, shape, body, 1.0, (span * 0.5, mid), scale, layers=44)
    out = io.BytesIO()
    big.resize((size, size), Image.Resampling.LANCZOS).quantize(
        128, method=Image.Quantize.FASTOCTREE
    ).save(out, "PNG", optimize=True)
    return out.getvalue()
