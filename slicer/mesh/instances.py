"""How many bodies a 3MF stands for: objects are made of objects, so 60 lines may mean 2^60.

For the child process, before any other parser opens the file.
"""

from __future__ import annotations

import xml.parsers.expat
from collections.abc import Iterable, Mapping
from pathlib import Path

from slicer.threemf.archive import SafeArchive

MAX_INSTANCES = 20_000
"""Nobody prints more bodies at once."""
_MAX_DEPTH = 200

_Key = tuple[str, str]
"""(part of the archive, object id)"""


class TooManyInstances(Exception):
    """More bodies than any plate holds, or objects that are made of themselves."""


def require_few(path: Path) -> None:
    """Raises TooManyInstances, ExpatError, or what SafeArchive raises."""
    parts = _Parts()
    with SafeArchive(path, "The model") as archive:
        for member in archive.names:
            if member.casefold().endswith(".model"):
                parts.read(member.casefold(), archive.chunks(member))
    counts: dict[_Key, int] = {}
    if sum(_count(key, parts.components, counts, 0) for key in parts.items) > MAX_INSTANCES:
        raise TooManyInstances


class _Parts:
    """What is made of what, and what is printed."""

    def __init__(self) -> None:
        self.components: dict[_Key, list[_Key]] = {}
        self.items: list[_Key] = []

    def read(self, part: str, chunks: Iterable[bytes]) -> None:
        parser = xml.parsers.expat.ParserCreate()
        own: list[_Key] = []

        def enter(tag: str, given: dict[str, str]) -> None:
            nonlocal own
            name = tag.rpartition(":")[2]
            if name == "object":
                own = self.components.setdefault((part, given.get("id", "")), [])
            elif name == "component":
                own.append(_named(part, given))
            elif name == "item":
                self.items.append(_named(part, given))

        parser.StartElementHandler = enter
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)


def _named(part: str, given: Mapping[str, str]) -> _Key:
    """The object that a component or item means; it may lie in another part."""
    other = next((value for name, value in given.items() if name.rpartition(":")[2] == "path"), "")
    return other.lstrip("/").casefold() or part, given.get("objectid", "")


def _count(
    key: _Key, components: Mapping[_Key, list[_Key]], counts: dict[_Key, int], depth: int
) -> int:
    """Each object is counted once, whoever uses it."""
    if depth > _MAX_DEPTH:
        raise TooManyInstances
    if key not in counts:
        made_of = components.get(key, [])
        counts[key] = sum(_count(one, components, counts, depth + 1) for one in made_of) or 1
    return counts[key]
