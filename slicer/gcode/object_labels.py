"""Objects that a plain G-code file labels so that a printer can leave them out.

EXCLUDE_OBJECT_DEFINE is Klipper's, M486 is Marlin's and Prusa's.
"""

from __future__ import annotations

import re

from slicer import values
from slicer.printfile import PlateObject

MAX_OBJECTS = 2_000
_DEFINE = re.compile(r"\nEXCLUDE_OBJECT_DEFINE[^\n]{0,200}?\bNAME=([^\s;]{1,200})", re.IGNORECASE)
_M486 = re.compile(r"\nM486 (?:S(-?\d{1,6})|A([^\n]{1,200}))")


def objects(head: str) -> tuple[PlateObject, ...]:
    """In the file's order, numbered from 1; () where nothing is labelled."""
    names = [match[1] for match in _DEFINE.finditer(head)]
    if names:
        return _numbered(list(dict.fromkeys(names)))
    return _numbered(_marlin(head))


def _marlin(head: str) -> list[str]:
    """M486 S<n> begins object n, a following M486 A<name> names it; S-1 ends it."""
    found: dict[int, str] = {}
    current = -1
    for match in _M486.finditer(head):
        if match[1] is not None:
            current = int(match[1])
            if 0 <= current < MAX_OBJECTS:
                found.setdefault(current, f"Object {current + 1}")
        elif current in found:
            found[current] = match[2].strip()
    return [found[number] for number in sorted(found)]


def _numbered(names: list[str]) -> tuple[PlateObject, ...]:
    return tuple(
        PlateObject(id=at, name=values.clean_text(name) or f"Object {at}")
        for at, name in enumerate(names[:MAX_OBJECTS], 1)
    )
