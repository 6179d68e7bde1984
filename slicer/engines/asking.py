"""Asks a program what it is, as carefully as if it were slicing."""

from __future__ import annotations

import re
import tempfile
import threading
from pathlib import Path

from core.errors import StorageError
from slicer.engines import runner
from slicer.engines.base import Ended, Invocation
from slicer.engines.launch import NOT_STARTED

TIME_LIMIT_S = 10.0
_MEMORY_MB = 4096
_OUTPUT_MB = 1024  # an AppImage without FUSE unpacks itself
_LIBRARY = re.compile(r"error while loading shared libraries: ([\w.+\-]{1,60})")


def ask(program: Path, *arguments: str, seconds: float = TIME_LIMIT_S) -> Ended:
    """Run it in an empty folder. Never raises: trouble is in ``tail``, with code NOT_STARTED."""
    try:
        with tempfile.TemporaryDirectory(prefix="farm-slicer-") as folder:
            return runner.run(
                Invocation(argv=(str(program), *arguments), output=Path(folder, "none")),
                Path(folder),
                timeout_s=seconds,
                memory_mb=_MEMORY_MB,
                output_mb=_OUTPUT_MB,
                on_step=lambda _step: None,
                progress=lambda _line: None,
                cancel=threading.Event(),
            )
    except (OSError, StorageError) as error:
        return Ended(code=NOT_STARTED, tail=str(error))


def silence(label: str, program: Path, ended: Ended) -> str:
    """Why a program that is there does not tell its version, as a sentence."""
    library = _LIBRARY.search(ended.tail)
    if ended.limit == "time":
        return f"{label} at {program} does not answer when asked for its version."
    if library is not None:
        return f"{label} at {program} needs the library {library[1]}; install it."
    if "fusermount" in ended.tail or "libfuse" in ended.tail:
        return (
            f"{label} at {program} is an AppImage, and this machine has no FUSE to open it. "
            "Install libfuse2, or unpack it with --appimage-extract."
        )
    last = ended.tail.strip().rpartition("\n")[2][:200]
    told = f': "{last}"' if last else ""
    return f"{program} does not answer as {label} does (exit {ended.code}{told})."
