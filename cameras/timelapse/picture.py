"""Frames as pictures: checked before they count, and again before they become a video.

ffmpeg ends early with exit code 0 at an empty file and paints a cut one grey (cameras-and-rig 5),
so nothing reaches it that was not decoded here first. Pillow is loaded with the first frame, not
with the server.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cameras.configured import NO_TURN, Turn
from cameras.jpeg import MAX_PIXELS, BadJpeg, jpeg_end

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_BYTES = 1024
POSTER_WIDTH = 640
_QUALITY = 92
_420 = 2
"""4:2:0, as Pillow numbers it."""


class BadPicture(ValueError):
    """No frame: says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Form:
    """What must be the same in all frames that ffmpeg reads in one go."""

    size: tuple[int, int]
    mode: str = "RGB"
    sampling: int = _420  # of colour, as Pillow numbers it; -1 = none or an unusual one

    @property
    def can_be_written(self) -> bool:
        return self.mode == "L" or (self.mode == "RGB" and self.sampling >= 0)


def check(jpeg: bytes) -> Form:
    """Walk it to its last byte and decode it. Raises BadPicture."""
    from PIL import Image

    _walk(jpeg)
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
            form = _form(picture)
            if picture.width * picture.height > MAX_PIXELS:
                raise BadPicture(f"has {picture.width} x {picture.height} pixels")
            picture.draft(picture.mode, (picture.width // 8, picture.height // 8))
            picture.load()  # all of its data, at an eighth of the size
    except BadPicture:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadPicture(f"cannot be decoded: {error}") from error
    return form


def _walk(jpeg: bytes) -> None:
    if len(jpeg) <= MIN_BYTES:
        raise BadPicture(f"has only {len(jpeg)} bytes")
    try:
        end = jpeg_end(jpeg)
    except BadJpeg as error:
        raise BadPicture(f"is no JPEG: {error}") from error
    if not end:
        raise BadPicture("is cut off")


def _form(picture: Image) -> Form:
    from PIL.JpegImagePlugin import get_sampling

    return Form(picture.size, picture.mode, get_sampling(picture))


def fitted(jpeg: bytes, form: Form) -> bytes:
    """The picture scaled into that form, with black borders where its shape differs."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
        return _jpeg(ImageOps.pad(picture.convert(form.mode), form.size, color=0), form.sampling)


def poster(path: Path, turn: Turn = NO_TURN) -> bytes:
    """A frame, at most POSTER_WIDTH wide, as it is to be seen. Raises OSError."""
    from PIL import Image

    with Image.open(path, formats=("JPEG",)) as picture:
        picture.draft("RGB", (POSTER_WIDTH, POSTER_WIDTH))
        small = picture.convert("RGB")
        small.thumbnail((POSTER_WIDTH, POSTER_WIDTH))
        return _jpeg(_turned(small, turn))


def _turned(picture: Image, turn: Turn) -> Image:
    from PIL import ImageOps

    if turn.flip_h:
        picture = ImageOps.mirror(picture)
    if turn.flip_v:
        picture = ImageOps.flip(picture)
    return picture.rotate(-turn.rotate, expand=True) if turn.rotate else picture


def _jpeg(picture: Image, sampling: int = _420) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY, subsampling=sampling)
    return out.getvalue()
