"""Where a print file's moves go: read in a child process, once per content, remembered on disk.

A hostile file can cost the farm a child that is ended after a while, and nothing else
(print-files 5 and 6).
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import jsonio
from core.files import write_durably
from slicer import children
from slicer.bounds.result import LIMITED, VERSION, PlateBounds, plate_from_dict
from slicer.bounds.scan import TIME_LIMIT_S

logger = logging.getLogger(__name__)

_WORKER = "slicer.bounds.worker"
MEMORY_MB = 256
_GRACE_S = 5.0  # for the child to start and to tell what it has when its time is up
_MAX_CACHE_BYTES = 1_000_000

Bounds = tuple[PlateBounds, ...]
"""By plate number, at least one."""


def cache_path(folder: Path, file_id: str) -> Path:
    """Beside the print file and its entry in the library's folder."""
    return folder / f"{file_id}.bounds.json"


def keep(cache: Path, sha256: str, found: Bounds) -> None:
    """Remember the bounds, unless this machine's limits ended the scan. Raises StorageError."""
    if any(plate.reason in LIMITED for plate in found):
        return
    document = {"version": VERSION, "sha256": sha256, "plates": found}
    write_durably(cache, jsonio.dumps_pretty(document))


def load(cache: Path, sha256: str) -> Bounds | None:
    """What an earlier scan found; None when there is none, or a damaged or outdated one."""
    try:
        if cache.stat().st_size > _MAX_CACHE_BYTES:
            return None
        data = jsonio.loads(cache.read_bytes())
        if data["version"] != VERSION or data["sha256"] != sha256:
            return None
        return _parse(data)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        logger.warning("bounds: %s cannot be read (%s); scanning again", cache.name, error)
        return None


def scan_file(
    content: Path,
    *,
    seconds: float = TIME_LIMIT_S,
    memory_mb: int = MEMORY_MB,
    started: Callable[[subprocess.Popen[bytes]], None] | None = None,
) -> Bounds:
    """Scan in a child of its own, which is ended with all it started when its time is up.

    ``started`` is handed the child, so that another thread may ``end`` it. Raises OSError when
    no child can be started.
    """
    answer = children.ask(
        _WORKER,
        [str(content.resolve()), f"{seconds:.1f}", str(memory_mb)],
        seconds=seconds + _GRACE_S,
        started=started,
    )
    if answer.code is None:
        return failed("time")
    return _answer(answer.output) if answer.code == 0 else failed(_why(answer))


def _answer(output: bytes) -> Bounds:
    try:
        return _parse(jsonio.loads(output))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        logger.error("bounds: the scan's answer cannot be read: %s", error)
        return failed("crashed")


def _parse(data: Any) -> Bounds:
    plates = tuple(plate_from_dict(plate) for plate in data["plates"])
    if not plates:
        raise ValueError("no plate")
    return plates


def _why(answer: children.Answer) -> str:
    code = answer.code or 0
    if sys.platform != "win32" and -code in (signal.SIGXCPU, signal.SIGKILL):
        return "time"
    if "MemoryError" in answer.last_line:
        return "memory"
    logger.error("bounds: the scan ended with %s: %s", code, answer.last_line)
    return "crashed"


def failed(reason: str) -> Bounds:
    """A scan that found nothing, for that reason."""
    return (PlateBounds(complete=False, reason=reason),)
