"""Bodies of the slicing routes, and the JSON of what they answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.errors import BadRequest
from job_queue.target import Target
from printers.registry import Snapshot
from slicer.engines.base import Engine, Installation
from slicer.profiles.defaults import Default
from slicer.profiles.picking import MAX_FILAMENTS
from slicer.profiles.seats import Seat, fits
from slicer.profiles.store import ProfileSet
from slicer.slicing.service import SlicingService
from slicer.slicing.task import SliceRequest, Task
from web.fields import Fields

MAX_COPIES = 1000
_ENGINE_CHARACTERS = 20


def read_request(f: Fields) -> SliceRequest:
    """POST /api/slicing. What the names mean is found out by the service."""
    printer_id = f.text("printer_id", "", longest=64) or None
    request = SliceRequest(
        file_id=f.text("file_id", longest=64),
        plate=f.maybe_whole("plate", 1, 64) or 0,
        printer_id=printer_id,
        set=f.text("set", longest=100),
        machine=f.text("machine"),
        process=f.text("process"),
        filaments=_filaments(f),
        engine=f.text("engine", "auto", longest=_ENGINE_CHARACTERS),
        bed_type=f.text("bed_type", "", longest=60),
        queue=_queue(f, printer_id),
    )
    f.done()
    return request


def _filaments(f: Fields) -> tuple[str, ...]:
    """In order, and a name may stand for several tools."""
    names = f.items("filaments", most=MAX_FILAMENTS)
    if not names or not all(isinstance(name, str) and 0 < len(name) <= 200 for name in names):
        raise BadRequest(
            "The field 'filaments' must be a list of profile names, at least one.",
            details={"field": "filaments"},
        )
    return tuple(names)


def _queue(f: Fields, printer_id: str | None) -> dict[str, Any] | None:
    """{"target"?, "copies"?}; without a target it is the printer that was sliced for."""
    if not f.has("queue"):
        return None
    given = Fields(f.mapping("queue"))
    body = given.mapping("target") or ({"printer_id": printer_id} if printer_id else {"any": True})
    copies = given.whole("copies", 1, MAX_COPIES, 1)
    given.done()
    return {"target": Target.of(body).as_json(), "copies": copies}


def read_default(f: Fields) -> Default:
    default = Default(
        set=f.text("set", longest=100),
        machine=f.text("machine"),
        process=f.text("process"),
        filament=f.text("filament"),
    )
    f.done()
    return default


def seat_of(snapshot: Snapshot) -> Seat:
    """A printer as slicing wants to know it."""
    status = snapshot.status
    return Seat(
        id=status.printer_id,
        name=status.name,
        code=status.machine.code,
        model=status.machine.name,
        nozzles_mm=tuple(nozzle.diameter_mm for nozzle in status.nozzles),
    )


def seats_of(snapshots: Iterable[Snapshot]) -> list[Seat]:
    return [seat_of(snapshot) for snapshot in snapshots]


def task_json(task: Task) -> dict[str, Any]:
    """A slicing as the API shows it."""
    wanted = task.request
    return {
        "id": task.id,
        "state": task.state.value,
        "percent": task.percent,
        "text": task.text,
        "file_id": wanted.file_id,
        "name": task.name,
        "plate": wanted.plate or None,
        "engine": task.engine or wanted.engine,
        "set": wanted.set,
        "machine": wanted.machine,
        "process": wanted.process,
        "filaments": list(wanted.filaments),
        "printer_id": wanted.printer_id,
        "result_file_id": task.result_file_id,
        "job_id": task.job_id,
        "error": {"code": task.error.code, "text": task.error.text} if task.error else None,
        "warnings": list(task.warnings),
        "created_at": task.created_at,
        "ended_at": task.ended_at,
    }


def engines_json(slicing: SlicingService) -> list[dict[str, Any]]:
    """Every slicer once, found or not; nothing while slicing is off."""
    if not slicing.enabled:
        return []
    found = slicing.slicers.installations()
    return [
        _engine_json(engine, [item for item in found if item.engine == engine.name])
        for engine in slicing.slicers.engines.values()
    ]


def _engine_json(engine: Engine, found: list[Installation]) -> dict[str, Any]:
    """ "why" names what is wrong, also beside one that works (a mistyped path)."""
    usable = next((item for item in found if not item.problem), None)
    shown = usable or (found[0] if found else None)
    why = " ".join(item.problem for item in found if item.problem)
    return {
        "name": engine.name,
        "label": engine.label,
        "version": shown.version if shown else "",
        "program": str(shown.program) if shown else "",
        "ok": usable is not None,
        "why": why if found else f"{engine.label} is not installed. Install {engine.package}.",
    }


def set_json(
    item: ProfileSet, slicing: SlicingService, seats: Sequence[Seat] = ()
) -> dict[str, Any]:
    """ "fits": the printers that one of its machines is for, null while that is not known."""
    usable = slicing.slicers.usable() if slicing.enabled else ()
    names = dict.fromkeys(engine.name for engine, _ in usable if engine.family is item.family)
    return {
        "id": item.id,
        "name": item.name,
        "family": item.family.value,
        "source": item.source,
        "engines": list(names),
        "presets": item.presets,
        "fits": None
        if item.machines is None
        else [seat.id for seat in seats if any(fits(one, seat) for one in item.machines)],
        "warnings": list(item.warnings),
    }


def defaults_json(defaults: Mapping[str, Default]) -> dict[str, Any]:
    return {
        printer_id: {
            "set": one.set,
            "machine": one.machine,
            "process": one.process,
            "filament": one.filament,
        }
        for printer_id, one in defaults.items()
    }
