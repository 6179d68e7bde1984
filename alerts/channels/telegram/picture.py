"""Pictures as Telegram takes them: at most 10 MB, width and height together at most 10,000 pixels,
no side more than 20 times the other (alerts 1.5)."""

from __future__ import annotations

import logging
from pathlib import Path

from cameras.jpeg import first_jpeg, size_of
from cameras.shrinking import scaled

logger = logging.getLogger(__name__)

MAX_BYTES = 10_000_000
MAX_SIDES = 10_000
MAX_RATIO = 20
READ_LIMIT = 64 * 1024 * 1024
"""Bytes; no camera's picture comes near."""
_WIDTH = 2560
"""Pixels; Telegram itself shows no more."""


def photo_of(path: Path | None) -> bytes | None:
    """The picture in that file, made to fit; None where there is none that could be shown.

    A message is worth more than its picture: whatever is wrong with that, the message goes.
    """
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            jpeg = file.read(READ_LIMIT)
    except OSError as error:
        logger.warning("picture %s could not be read (%s)", path.name, error.strerror or error)
        return None
    return fitted(jpeg)


def fitted(jpeg: bytes) -> bytes | None:
    """The picture within the limits, None where that cannot be."""
    if first_jpeg(jpeg) != jpeg:
        return None
    width, height = size_of(jpeg)
    if not width or not height or max(width, height) > MAX_RATIO * min(width, height):
        return None
    if _fits(jpeg, width, height):
        return jpeg
    share = min(_WIDTH / width, (MAX_SIDES - 100) / (width + height))
    small = scaled(jpeg, max(1, min(int(width * share), width - 1)))
    return small if _fits(small, *size_of(small)) else None


def _fits(jpeg: bytes, width: int, height: int) -> bool:
    return len(jpeg) <= MAX_BYTES and 0 < width + height <= MAX_SIDES
