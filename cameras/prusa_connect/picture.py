"""Makes a camera's picture fit for Prusa Connect: turned the right way up, not too large."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from cameras.configured import NO_TURN, Turn
from cameras.jpeg import size_of

if TYPE_CHECKING:
    from PIL.Image import Image

WIDEST = 1920
NARROWEST = 320
MOST_BYTES = 1_000_000
"""Far below the about 8 MB that others name as its limit (cameras-and-rig 1)."""
_QUALITY = 80
_STEP = 0.75


class UnusablePicture(ValueError):
    """It cannot be made smaller or turned: it is damaged, or no library reads it."""


@dataclass(frozen=True, slots=True)
class Picture:
    jpeg: bytes
    width: int  # pixels
    height: int


def fit(
    jpeg: bytes, turn: Turn = NO_TURN, widest: int = WIDEST, most_bytes: int = MOST_BYTES
) -> Picture:
    """The picture itself where it already fits, which is the usual case; else drawn anew.

    Raises UnusablePicture.
    """
    width, height = size_of(jpeg)
    if turn == NO_TURN and 0 < width <= widest and len(jpeg) <= most_bytes:
        return Picture(jpeg, width, height)
    return _drawn_anew(jpeg, turn, widest, most_bytes)


def _drawn_anew(jpeg: bytes, turn: Turn, widest: int, most_bytes: int) -> Picture:
    import PIL.Image  # 10 MB of memory that most bridges never need

    try:
        with PIL.Image.open(BytesIO(jpeg), formats=("JPEG",)) as opened:
            opened.draft("RGB", (widest, widest))
            image = _turned(opened.convert("RGB"), turn)
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise UnusablePicture("The camera's picture is damaged") from error
    width = min(widest, image.width)
    while True:
        image.thumbnail((width, 4 * width))
        out = BytesIO()
        image.save(out, "JPEG", quality=_QUALITY)
        if out.tell() <= most_bytes:
            return Picture(out.getvalue(), image.width, image.height)
        if image.width <= NARROWEST:
            raise UnusablePicture("The camera's picture cannot be made small enough")
        width = max(NARROWEST, int(image.width * _STEP))


def _turned(image: Image, turn: Turn) -> Image:
    from PIL.Image import Transpose

    if turn.flip_h:
        image = image.transpose(Transpose.FLIP_LEFT_RIGHT)
    if turn.flip_v:
        image = image.transpose(Transpose.FLIP_TOP_BOTTOM)
    counter_clockwise = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180,
                         270: Transpose.ROTATE_90}  # fmt: skip
    how = counter_clockwise.get(turn.rotate)
    return image if how is None else image.transpose(how)
