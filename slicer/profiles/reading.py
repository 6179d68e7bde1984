"""Reads slicers' preset files in a child process.

A vendor's presets written out take more memory than all the rest of the farm, which needs a few
names of them or one choice; and an export that a person brings may be built to take even more.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core import jsonio
from core.errors import StorageError, Unusable
from slicer import children
from slicer.engines.base import Installation
from slicer.profiles import forms, picking
from slicer.profiles.picking import Catalogue, MachineEntry, Wanted
from slicer.profiles.presets import Bundle, Choice, Family, Vendor

logger = logging.getLogger(__name__)

TIME_LIMIT_S = 60.0
MEMORY_MB = 2048
_GRACE_S = 5.0
_WORKER = "slicer.profiles.worker"


class ChildReading:
    """Thread-safe. ``folder`` is the farm's own; questions lie there while they are asked."""

    def __init__(self, folder: Path, definitions: Sequence[str] = ()) -> None:
        """``definitions``: slicer.cura_definitions of the configuration."""
        self._folder = folder
        self._definitions = tuple(definitions)
        self._programs: tuple[str, ...] = ()

    def vendors(self, installed: Sequence[tuple[Family, Installation]]) -> list[tuple[str, Vendor]]:
        """(engine, what it brings along); from now on an export may build on it."""
        self._programs = tuple(
            str(item.program) for family, item in installed if family is Family.ORCA
        )
        asked = [
            {"family": family, "engine": item.engine, "program": str(item.program)}
            for family, item in installed
        ]
        found = self._ask({"do": "vendors", "installed": asked}) if asked else []
        return [(item["engine"], _vendor(item)) for item in found]

    def read(self, path: Path, name: str) -> Bundle:
        """A user's export. Raises Unusable with the reader's reason."""
        return forms.bundle(self._ask({"do": "read", "path": str(path.resolve()), "name": name}))

    def catalogue(self, vendor: Vendor, machine: str) -> Catalogue:
        """What a slicer's own presets offer. Raises Unusable."""
        asked = {"do": "catalogue", "vendor": _form(vendor), "machine": machine}
        return picking.catalogue_from_dict(self._ask(asked))

    def machines(self, vendors: Sequence[Vendor]) -> list[tuple[MachineEntry, ...]]:
        """Of each of these. Raises Unusable when it took too long or too much."""
        found = self._ask({"do": "machines", "vendors": [_form(vendor) for vendor in vendors]})
        return [tuple(MachineEntry(**entry) for entry in entries) for entries in found]

    def choice(self, vendor: Vendor, wanted: Wanted) -> Choice:
        """Three and more of a slicer's own presets. Raises Unusable."""
        return forms.choice(self._ask({"do": "choice", "vendor": _form(vendor), "wanted": wanted}))

    def _ask(self, question: Mapping[str, Any]) -> Any:
        places = {"definitions": self._definitions, "programs": self._programs}
        note = self._folder / f".{uuid.uuid4().hex}.question"
        try:
            note.write_bytes(jsonio.dumps({**question, **places}))
            answer = children.ask(
                _WORKER,
                [str(note.resolve()), f"{TIME_LIMIT_S:.0f}", str(MEMORY_MB)],
                seconds=TIME_LIMIT_S + _GRACE_S,
            )
        except OSError as error:
            raise StorageError(
                f"Profiles cannot be read ({error.strerror or error}). Check the farm's disk."
            ) from error
        finally:
            note.unlink(missing_ok=True)
        return _understood(answer)


def _understood(answer: children.Answer) -> Any:
    if answer.code != 0:
        why = "took too long" if answer.code is None else "took more memory than the farm gives"
        if answer.code is not None and "MemoryError" not in answer.last_line:
            logger.error("profiles: reading ended with %s: %s", answer.code, answer.last_line)
            why = "failed; the server's log has the details"
        raise Unusable(f"Reading these profiles {why}.", code="profiles_unreadable")
    told: dict[str, Any] = jsonio.loads(answer.output)
    if refused := told.get("refused"):
        raise Unusable(refused["text"], code=refused["code"], details=refused["details"])
    return told["found"]


def _form(vendor: Vendor) -> dict[str, str]:
    return {"family": vendor.family, "name": vendor.name, "path": str(vendor.path)}


def _vendor(data: Mapping[str, Any]) -> Vendor:
    return Vendor(family=Family(data["family"]), name=data["name"], path=Path(data["path"]))
