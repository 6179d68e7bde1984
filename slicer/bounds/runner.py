"""Where a print file's moves go: read in a child process, once per content, remembered on disk.

A hostile file can cost the farm a child that is ended after a while, and nothing else
(print-files 5 and 6).
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import jsonio
from core.files import write_durably
from slicer.bounds.result import LIMITED, VERSION, PlateBounds, plate_from_dict
from slicer.bounds.scan import TIME_LIMIT_S

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
MEMORY_MB = 256
_GRACE_S = 5.0  # for the child to start and to tell what it has when its time is up
_MAX_CACHE_BYTES = 1_000_000

Bounds = tuple[PlateBounds, ...]
"""By plate number, at least one."""


def cache_path(folder: Path, file_id: str) -> Path:
    """Beside the print file and its entry in the library's folder."""
    return folder / f"{file_id}.bounds.json"


def bounds_of(content: Path, cache: Path, sha256: str, *, seconds: float = TIME_LIMIT_S) -> Bounds:
    """The bounds of every plate of ``content``, from ``cache`` when it is about this content.

    Blocks for as long as the scan takes (20 to 40 MB/s), at most ``seconds`` and a little. Raises
    StorageError when the result cannot be kept. A file that cannot be read to its end gives an
    incomplete result; one that ended by this machine's limits is not kept.
    """
    known = load(cache, sha256)
    if known is not None:
        return known
    found = scan_file(content, seconds=seconds)
    keep(cache, sha256, found)
    return found


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
    command = [
        sys.executable, "-m", "slicer.bounds.worker",
        str(content.resolve()), f"{seconds:.1f}", str(memory_mb),
    ]  # fmt: skip
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        if started is not None:
            started(child)
        output, errors = child.communicate(timeout=seconds + _GRACE_S)
    except subprocess.TimeoutExpired:
        return failed("time")
    finally:
        _put_away(child)
    if child.returncode == 0:
        return _answer(output)
    return failed(_why(child.returncode, errors))


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


def _why(code: int, errors: bytes) -> str:
    last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
    if sys.platform != "win32" and -code in (signal.SIGXCPU, signal.SIGKILL):
        return "time"
    if "MemoryError" in last:
        return "memory"
    logger.error("bounds: the scan ended with %s: %s", code, last)
    return "crashed"


def failed(reason: str) -> Bounds:
    """A scan that found nothing, for that reason."""
    return (PlateBounds(complete=False, reason=reason),)


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and its group, if it still runs. Any thread may call this."""
    if child.poll() is not None:
        return
    if sys.platform == "win32":
        child.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _put_away(child: subprocess.Popen[bytes]) -> None:
    end(child)
    child.wait()
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()
