"""Which OrcaSlicer or Bambu Studio a program is: it says so itself in ``--help``."""

from __future__ import annotations

import re
import tempfile
import threading
from pathlib import Path

from core.errors import StorageError
from slicer.engines import runner
from slicer.engines.base import Installation, Invocation

TIME_LIMIT_S = 10.0
SAFE_ORCA = (2, 3, 2)
"""The first with the repair of the path traversal in 3MF import (print-files 6)."""

_TITLE = re.compile(r"^(OrcaSlicer|BambuStudio)[- ]v?(\d[\w.+\-]{0,40}?):?\s*$", re.MULTILINE)
_NUMBERS = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(.*)")
_LIBRARY = re.compile(r"error while loading shared libraries: ([\w.+\-]{1,60})")


def ask(program: Path, engine: str, title: str, label: str) -> Installation:
    """Run ``program --help``. ``title`` is the name it must call itself. Never raises."""
    try:
        with tempfile.TemporaryDirectory(prefix="farm-slicer-") as folder:
            said = _said(program, Path(folder))
    except (OSError, StorageError) as error:
        return Installation(engine=engine, program=program, problem=_silent(label, str(error)))
    found = _TITLE.search(said)
    if found is None:
        return Installation(engine=engine, program=program, problem=_why(label, said))
    if found[1] != title:
        problem = f"{program.name} is {found[1]}, not {label}. Name it under that slicer instead."
        return Installation(engine=engine, program=program, problem=problem)
    return Installation(engine=engine, program=program, version=found[2])


def _said(program: Path, folder: Path) -> str:
    ended = runner.run(
        Invocation(argv=(str(program), "--help"), output=folder / "none"),
        folder,
        timeout_s=TIME_LIMIT_S,
        memory_mb=4096,
        output_mb=1024,  # an AppImage without FUSE unpacks itself
        on_step=lambda _: None,
        progress=lambda _: None,
        cancel=threading.Event(),
    )
    return "it did not answer within 10 s" if ended.limit else ended.tail


def _why(label: str, said: str) -> str:
    library = _LIBRARY.search(said)
    if library:
        return f"{label} is there, but this machine lacks the library {library[1]}; install it."
    if "libfuse" in said or "fusermount" in said:
        return (
            f"{label} is an AppImage, and this machine has no FUSE to open it. "
            "Install libfuse2, or unpack it with --appimage-extract."
        )
    return _silent(label, said.strip().rpartition("\n")[2])


def _silent(label: str, last: str) -> str:
    told = f" It says: {last[:200]}" if last else ""
    return f"{label} is there, but does not tell its version when asked.{told}"


def is_safe_for_projects(version: str) -> bool:
    """Whether this OrcaSlicer may open other people's 3MF files; of 2.3.2 no beta."""
    match = _NUMBERS.match(version)
    if match is None:
        return False
    numbers = (int(match[1]), int(match[2]), int(match[3] or 0))
    return numbers > SAFE_ORCA or (numbers == SAFE_ORCA and not match[4].startswith("-"))
