"""Finds what an installed Cura brings along, and reads its definitions with nothing to inherit."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import jsonio
from core.errors import Unusable
from slicer.profiles.cura import ini as cura_ini
from slicer.profiles.cura.ini import Instance

PRINTER = "fdmprinter"  # every machine inherits it, every setting is declared in it
EXTRUDER = "fdmextruder"
MAX_DEFINITION_BYTES = 4_000_000
MAX_ANCESTORS = 20

Overrides = Mapping[str, Mapping[str, Any]]
"""Setting -> what is said of it: value (a formula or a value), default_value, resolve …"""

_MARK = f"definitions/{PRINTER}.def.json"
_FETCHED = Path(__file__).resolve().parents[3] / ".slicers/cura/usr/share/cura/resources"
_NEAR = (
    "share/cura/resources",  # Windows, an unpacked AppImage
    "../share/cura/resources",  # /usr/bin/CuraEngine
    "../Resources/share/cura/resources",  # macOS
    "../Resources/resources",
    "resources",
)
_ID = re.compile(r"[\w.+ -]{1,100}")
_FOR = re.compile(r"^definition\s*=\s*(\S[^\n]*?)\s*$", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A machine or an extruder, every inherited value written out."""

    id: str
    name: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    settings: Overrides = field(default_factory=dict)  # beyond fdmprinter or fdmextruder


@dataclass(frozen=True, slots=True)
class Resources:
    """Cura's folder of definitions, qualities and materials."""

    root: Path  # with definitions/, extruders/, quality/ …
    more: tuple[Path, ...] = ()  # folders with further *.def.json; they win

    def definition_ids(self) -> list[str]:
        """Of all machines, whether people see them or not."""
        folders = (*self.more, self.root / "definitions")
        names = {path.name for folder in folders for path in folder.glob("*.def.json")}
        return sorted(name.removesuffix(".def.json") for name in names)

    def definition(self, name: str) -> Definition:
        """A machine or extruder. Raises Unusable when it or an ancestor cannot be read."""
        own: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        settings: dict[str, dict[str, Any]] = {}
        ancestor = name
        for _ in range(MAX_ANCESTORS):
            data = _read_definition(self._path(ancestor))
            own = own or data
            metadata = {**_mapping(data.get("metadata")), **metadata}
            if ancestor in (PRINTER, EXTRUDER):
                return Definition(
                    id=name, name=str(own.get("name", name)), metadata=metadata, settings=settings
                )
            for key, said in _said_in(data).items():
                settings[key] = {**said, **settings.get(key, {})}
            ancestor = str(data.get("inherits", ""))
        raise _unreadable(name)

    def declared(self, name: str) -> Overrides:
        """What ``fdmprinter`` or ``fdmextruder`` says of every setting. Raises Unusable."""
        return _said_in(_read_definition(self._path(name)))

    def instances(self, folder: str, wanted: frozenset[str]) -> Iterator[Instance]:
        """Of "quality" or "variants": the files for these definitions. Broken ones are skipped."""
        for path in sorted((self.root / folder).rglob("*.inst.cfg")):
            if (instance := _read_instance(path, wanted)) is not None:
                yield instance

    def materials(self) -> list[Path]:
        return sorted((self.root / "materials").rglob("*.xml.fdm_material"))

    def _path(self, name: str) -> Path:
        if not _ID.fullmatch(name):
            raise _unreadable(name)
        folders = (*self.more, self.root / "definitions", self.root / "extruders")
        for folder in folders:
            path = folder / f"{name}.def.json"
            if path.is_file():
                return path
        raise _unreadable(name)


def find(configured: Sequence[str], program: Path | None = None) -> Resources | None:
    """What is configured, else what lies near the program, else what was fetched for it."""
    named = [Path(text).expanduser() for text in configured]
    near: list[Path] = []
    if program is not None:
        homes = dict.fromkeys((program.parent, program.resolve().parent))
        near = [home / place for home in homes for place in _NEAR]
    usual = [Path("/usr/share/cura/resources"), _FETCHED]
    more = tuple(folder for folder in named if any(folder.glob("*.def.json")))
    for folder in (*named, *(folder.parent for folder in more), *near, *usual):
        if (folder / _MARK).is_file():
            return Resources(folder.resolve(), more)
    return None


@functools.lru_cache(maxsize=4)
def _cached(path: Path, _changed_ns: int) -> dict[str, Any]:
    """Ancestors are read for each of their children, one after the other."""
    data = jsonio.loads(path.read_bytes())
    if not isinstance(data, dict):
        raise ValueError("it is no object")
    return data


def _read_definition(path: Path) -> dict[str, Any]:
    try:
        about = path.stat()
        if about.st_size > MAX_DEFINITION_BYTES:
            raise ValueError("it is too large")
        return _cached(path, about.st_mtime_ns)
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path.name.removesuffix(".def.json")) from error


def _read_instance(path: Path, wanted: frozenset[str]) -> Instance | None:
    try:
        if path.stat().st_size > cura_ini.MAX_BYTES:
            return None
        text = path.read_text("utf-8-sig")
        found = _FOR.search(text)
        return cura_ini.parse(text) if found and found[1] in wanted else None
    except (OSError, ValueError):
        return None


def _said_in(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Settings and overrides of one definition, out of their tree."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [_mapping(data.get("settings"))]
    while waiting:
        for key, said in waiting.pop().items():
            if not isinstance(said, dict):
                continue
            waiting.append(_mapping(said.get("children")))
            if said.get("type") != "category":
                found[key] = {name: item for name, item in said.items() if name in _SAID}
    for key, said in _mapping(data.get("overrides")).items():
        kept = {name: item for name, item in _mapping(said).items() if name in _SAID}
        found[key] = {**found.get(key, {}), **kept}
    return {key: said for key, said in found.items() if said}


_SAID = frozenset(
    {"type", "default_value", "value", "resolve", "limit_to_extruder", "settable_per_extruder"}
)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _unreadable(name: str) -> Unusable:
    return Unusable(
        f"Cura's definition {name[:100]} is missing or cannot be read. Install Cura's definitions "
        "again (deploy/cura_definitions.sh), or name their folder in slicer.cura_definitions.",
        code="cura_definition",
    )
