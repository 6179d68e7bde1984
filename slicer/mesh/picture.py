"""The picture of a model: the one its program put in, else one drawn in a child process."""

from __future__ import annotations

import logging
from pathlib import Path

from slicer import children
from slicer.threemf import members
from slicer.threemf.archive import SafeArchive

logger = logging.getLogger(__name__)

TIME_LIMIT_S = 60.0
MEMORY_MB = 4096
DRAWN_KINDS = frozenset({"stl", "obj", "3mf"})
_OWN_PICTURES = ("Metadata/plate_1.png", "Metadata/thumbnail.png", "Thumbnails/thumbnail.png")


def render(path: Path, kind: str) -> bytes | None:
    """A PNG, drawn ones 512 × 512 on transparent ground; None for what cannot be drawn."""
    if kind not in DRAWN_KINDS:
        return None
    if kind == "3mf" and (own := _own(path)) is not None:
        return own
    answer = children.ask(
        "slicer.mesh.worker",
        ["render", str(path.resolve()), kind, f"{TIME_LIMIT_S:.0f}", str(MEMORY_MB)],
        seconds=TIME_LIMIT_S + 10,
    )
    if answer.code == 0 and answer.output:
        return answer.output
    logger.warning("mesh: no picture of a %s (%s): %s", kind, answer.code, answer.last_line)
    return None


def _own(path: Path) -> bytes | None:
    with SafeArchive(path, "The model") as archive:
        for member in _OWN_PICTURES:
            if member in archive and (found := members.read_png(archive, member)) is not None:
                return found
    return None
