"""Which OrcaSlicer or Bambu Studio a program is: it says so itself in ``--help``."""

from __future__ import annotations

import re
from pathlib import Path

from slicer.engines import asking
from slicer.engines.base import Installation

SAFE_ORCA = (2, 3, 2)
"""The first with the repair of the path traversal in 3MF import (print-files 6)."""

_TITLE = re.compile(r"^(OrcaSlicer|BambuStudio)[- ]v?(\d[\w.+\-]{0,40})", re.MULTILINE)
_NUMBERS = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(.*)")


def ask(program: Path, engine: str, title: str, label: str) -> Installation:
    """Run ``program --help``. ``title`` is the name it must call itself. Never raises."""
    ended = asking.ask(program, "--help")
    found = _TITLE.search(ended.tail)
    if found is None:
        problem = asking.silence(label, program, ended)
        return Installation(engine=engine, program=program, problem=problem)
    if found[1] != title:
        problem = f"{program} is {found[1]}, not {label}. List it under that slicer instead."
        return Installation(engine=engine, program=program, problem=problem)
    return Installation(engine=engine, program=program, version=found[2])


def is_safe_for_projects(version: str) -> bool:
    """Whether this OrcaSlicer may open other people's 3MF files; of 2.3.2 no beta."""
    match = _NUMBERS.match(version)
    if match is None:
        return False
    numbers = (int(match[1]), int(match[2]), int(match[3] or 0))
    return numbers > SAFE_ORCA or (numbers == SAFE_ORCA and not match[4].startswith("-"))
