"""Previews that are no PNG: newer PrusaSlicer writes QOI and JPG, which a child turns into PNG."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from slicer import children, png

logger = logging.getLogger(__name__)

TIME_LIMIT_S = 10.0
MEMORY_MB = 512
_WORKER = "slicer.preview_worker"
_QOI_HEAD_BYTES = 14
_QOI_END = bytes(7) + b"\1"


def sane(raw: bytes) -> bytes | None:
    """The picture when it looks like a whole QOI or JPG of sane size; nothing is decoded."""
    if len(raw) > png.MAX_BYTES:
        return None
    if raw.startswith(b"qoif"):
        return raw if _is_sane_qoi(raw) else None
    is_jpg = raw.startswith(b"\xff\xd8\xff") and raw.rstrip(b"\0").endswith(b"\xff\xd9")
    return raw if is_jpg else None


def _is_sane_qoi(raw: bytes) -> bool:
    if len(raw) < _QOI_HEAD_BYTES + len(_QOI_END) or not raw.endswith(_QOI_END):
        return False
    width, height = int.from_bytes(raw[4:8]), int.from_bytes(raw[8:12])
    return 0 < width <= png.MAX_SIDE and 0 < height <= png.MAX_SIDE


def best(found: Sequence[bytes]) -> bytes | None:
    """The one with the most in it."""
    return max(found, key=len, default=None)


def converted(path: Path) -> bytes | None:
    """The preview of a print file without a PNG, as PNG; None when it cannot be shown."""
    answer = children.ask(
        _WORKER,
        [str(path.resolve()), f"{TIME_LIMIT_S:.0f}", str(MEMORY_MB)],
        seconds=TIME_LIMIT_S + 5,
    )
    if answer.code == 0 and answer.output:
        return answer.output
    logger.warning("previews: one cannot be shown (%s): %s", answer.code, answer.last_line)
    return None
