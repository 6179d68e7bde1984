"""The library after a crash: cut uploads go, files that lost their entry come back."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Container, Iterator
from pathlib import Path

from core.errors import FarmError, Unusable
from slicer import sidecars
from slicer.intake import received
from slicer.printfile import PrintFile
from slicer.sidecars import SUFFIXES, StoredFile

logger = logging.getLogger(__name__)

PART = ".part"
_ID = re.compile(r"[0-9a-f]{32}")

Examine = Callable[[Path, str], PrintFile]


def sweep(folder: Path) -> None:
    """Remove uploads that a crash cut short. Raises OSError."""
    for leftover in folder.glob(f".*{PART}"):
        leftover.unlink(missing_ok=True)
        logger.info("library: removed the partial upload %s", leftover.name)


def recover(folder: Path, known: Container[str], examine: Examine) -> Iterator[StoredFile]:
    """Take files in again that lost their entry: jobs may still refer to their ids.

    Raises OSError or StorageError.
    """
    for suffix in SUFFIXES.values():
        for content in folder.glob(f"*{suffix}"):
            file_id = content.name.removesuffix(suffix)
            if _ID.fullmatch(file_id) and file_id not in known:
                stored = _recover(content, file_id, suffix, examine)
                if stored is not None:
                    sidecars.write(folder, stored)
                    logger.warning(
                        "library: took %s in again, its entry was lost or damaged", content.name
                    )
                    yield stored


def _recover(content: Path, file_id: str, suffix: str, examine: Examine) -> StoredFile | None:
    """None when the file was set aside."""
    name = f"recovered {file_id[:8]}{suffix}"
    try:
        file = examine(content, name)
        if SUFFIXES[file.kind] != suffix:
            raise Unusable(f"{name} is {file.kind}.", code="other_kind")
    except FarmError as error:
        content.replace(content.with_name(content.name + ".damaged"))
        logger.warning("library: set %s aside: %s", content.name, error.message)
        return None
    what = received(content)
    return StoredFile(
        id=file_id,
        name=name,
        size_bytes=what.size_bytes,
        sha256=what.sha256,
        md5=what.md5,
        added_at=content.stat().st_mtime,
        file=file,
    )
