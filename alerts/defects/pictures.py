"""Whether a picture can be judged: fresh, light, whole, and another one than before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO

from cameras.configured import Turn
from cameras.prusa_connect.picture import UnusablePicture, fit

WIDEST = 1280
"""Pixels: Obico's own server shrinks to this before it asks (alerts 3.2); models need no more."""
STALE_S = 15.0
FROZEN_AFTER = 2
"""So many pictures in a row that equal the one before: the camera shows an old scene."""
DARK_BELOW = 40
"""Of 255: the brightest twentieth of the picture is darker than this."""
_SAMPLE = (80, 60)


@dataclass(frozen=True, slots=True)
class Picture:
    """Ready to be shown to a model."""

    jpeg: bytes
    digest: bytes


def prepare(jpeg: bytes, turn: Turn) -> Picture:
    """Upright and small enough. Raises UnusablePicture: damaged, or dark."""
    small = fit(jpeg, turn, WIDEST).jpeg
    if is_dark(small):
        raise UnusablePicture("The picture is dark")
    return Picture(small, hashlib.sha256(jpeg).digest())


def is_dark(jpeg: bytes) -> bool:
    """Raises UnusablePicture."""
    from PIL import Image  # loaded with the first picture, not with the server

    try:
        with Image.open(BytesIO(jpeg), formats=("JPEG",)) as opened:
            opened.draft("L", _SAMPLE)
            grey = opened.convert("L").resize(_SAMPLE)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnusablePicture("The camera's picture is damaged") from error
    brightest = sorted(grey.tobytes())[-len(grey.tobytes()) // 20]
    return brightest < DARK_BELOW


class Sameness:
    """Of one printer's pictures, one look after the other."""

    def __init__(self) -> None:
        self._last = b""
        self._same = 0

    def is_new(self, picture: Picture) -> bool:
        self._same = self._same + 1 if picture.digest == self._last else 0
        self._last = picture.digest
        return self._same == 0

    @property
    def frozen(self) -> bool:
        return self._same >= FROZEN_AFTER
