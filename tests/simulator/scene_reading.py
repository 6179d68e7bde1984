"""Reads layer and percent back from a picture of a simulated camera, of any size."""

from __future__ import annotations

from PIL import Image

from simulator.scene import LAYER_ROWS, LAYER_WIDTH

_WIDTH, _HEIGHT = 1280, 720


def _is_green(pixel: tuple[int, int, int]) -> bool:
    red, green, blue = pixel
    return green > red + 50 and green > blue + 25


def _line(picture: Image.Image, *, column: float = -1, row: float = -1) -> list[bool]:
    """Which pixels of one column or row (of the full-size picture) are green."""
    image = picture.convert("RGB")
    if column >= 0:
        x = int(column * image.width / _WIDTH)
        rows = range(image.height)
        return [_is_green(image.getpixel((x, y))) for y in rows]  # type: ignore[arg-type]
    y = int(row * image.height / _HEIGHT)
    return [_is_green(image.getpixel((x, y))) for x in range(image.width)]  # type: ignore[arg-type]


def layer_shown(picture: Image.Image, layers: int) -> int:
    """The layer, 0 when none; to be trusted to a single layer up to 100 on 640 pixels' width."""
    top, bottom = LAYER_ROWS
    column = _line(picture, column=LAYER_WIDTH / 2)
    scale = _HEIGHT / len(column)
    green = sum(told for y, told in enumerate(column) if y * scale <= bottom - 2)
    return round(green * scale / (bottom - top) * layers)


def percent_shown(picture: Image.Image) -> int:
    """Percent done, 0 to 100."""
    row = _line(picture, row=_HEIGHT - 3)
    return round(100 * sum(row) / len(row))
