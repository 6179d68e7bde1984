"""The bodies of the queue's routes (api.md, "Bodies")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.errors import BadRequest
from job_queue.target import Target
from slicer.gates.filament_wishes import MATCHES, TYPE, FilamentWish
from slicer.values import color
from web.fields import Fields
from web.schemas import OPTIONS

_MOST_S = 1e11
_MOST_WISHES = 64


def _options(f: Fields) -> dict[str, bool]:
    given = f.mapping("options")
    inner = Fields(given)
    chosen = {name: inner.flag(name) for name in OPTIONS if name in given}
    inner.done()
    return chosen


def _mapping(f: Fields) -> tuple[int, ...] | None:
    return tuple(f.whole_numbers("ams_mapping", -1, 65_535, ())) or None


def _filament(f: Fields) -> tuple[FilamentWish, ...]:
    """One object, or a list of them: {"index"?, "match"?: "type|family|exact", "type"?,
    "color"?: "RRGGBB"}. Without ``index`` it is about every filament of the plate."""
    value = f.any("filament")
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if len(items) > _MOST_WISHES or not all(isinstance(item, dict) for item in items):
        raise BadRequest("The field 'filament' must be an object, or a list of at most 64.")
    return tuple(_wish(Fields(item)) for item in items)


def _wish(f: Fields) -> FilamentWish:
    wanted = f.text("color", "", longest=9)
    if wanted and not color(wanted):
        raise BadRequest("The field 'color' of 'filament' must be like \"1A1A1A\".")
    wish = FilamentWish(
        index=f.whole("index", 0, 64, 0),
        match=f.choice("match", MATCHES) if f.has("match") else TYPE,
        type=f.text("type", "", longest=40).strip(),
        color=color(wanted),
    )
    f.done()
    return wish


_READERS: Mapping[str, Callable[[Fields], Any]] = {
    "plate": lambda f: f.whole("plate", 1, 64, 1),
    "copies": lambda f: f.whole("copies", 1, 1000, 1),
    "target": lambda f: Target.of(f.mapping("target")),
    "priority": lambda f: f.whole("priority", -10, 10, 0),
    "not_before": lambda f: f.maybe_number("not_before", 0, _MOST_S),
    "deadline": lambda f: f.maybe_number("deadline", 0, _MOST_S),
    "filament": _filament,
    "options": _options,
    "ams_mapping": _mapping,
    "confirm": lambda f: f.texts("confirm", ()),
    "notes": lambda f: f.text("notes", "", longest=1000),
}
"""Field -> its reader; what a person may wish for a job, new or waiting."""


def read_job(f: Fields) -> dict[str, Any]:
    """The arguments of JobService.add, but for created_by."""
    wishes = {name: read(f) for name, read in _READERS.items() if name != "target"}
    wishes["target"] = _READERS["target"](f)
    wishes["file_id"] = f.text("file_id", longest=64)
    wishes["held"] = f.flag("held", False)
    f.done()
    return wishes


def read_changes(f: Fields) -> tuple[int, dict[str, Any]]:
    """(the revision they are based on, only what was given). null means: as if never given."""
    changes = {name: read(f) for name, read in _READERS.items() if name in f.names}
    rev = f.whole("rev", 0, 2**53)
    f.done()
    return rev, changes


def read_rev(f: Fields) -> int | None:
    """Optional with what needs no look at the job's fields."""
    rev = f.maybe_whole("rev", 0, 2**53)
    f.done()
    return rev
