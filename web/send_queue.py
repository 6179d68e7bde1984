"""Print what a slicer sent: refuse what no printer can ever take, queue the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Unusable
from job_queue.target import Target
from web.services import services

if TYPE_CHECKING:
    from job_queue.matching.fit import PrinterFit
    from printers.registry import Snapshot
    from slicer.gates.verdicts import Verdict
    from slicer.library import StoredFile

BOUNDS_WAIT_S = 20.0
_MAY_CHANGE = frozenset({"being_read", "wrong_nozzle"})
"""Refusals of today: the file is read, a nozzle is changed. Filaments may always change."""

_DISTANCE = {"wrong_model": 1, "wrong_kind": 2}
"""How far from printing it a printer is; the nearest one's reason helps most."""


@dataclass(frozen=True, slots=True)
class Queued:
    job_id: str
    text: str  # for the person at the slicer


def put(stored: StoredFile, plate: int, printer_id: str, created_by: str) -> Queued:
    """Into the queue for this printer, or ("") for any that fits.

    Raises Unusable with the gates' own sentence when no printer could ever print it.
    """
    if stored.file.is_model:
        raise Unusable(f"{stored.name} is a model. Slice it first.", code="not_sliced")
    question = _question(stored, plate, printer_id)
    target = Target.printer(printer_id) if printer_id else Target()
    job_id = enqueue(stored, plate, target, created_by, question)
    return Queued(job_id, f"Queued, and waits for your yes: {question}" if question else "Queued.")


def _question(stored: StoredFile, plate: int, printer_id: str) -> str:
    """What a person must confirm before any of the printers may print it; "" = nothing."""
    s = services()
    s.library.await_bounds(stored.id, plate, BOUNDS_WAIT_S)
    wanted = (s.fleet.snapshot(printer_id),) if printer_id else s.registry.all()
    fits = [
        (snapshot, s.jobs.fitting.of_file(stored, plate, snapshot.status)) for snapshot in wanted
    ]
    possible = [fit for _, fit in fits if not _never(fit)]
    if not possible:
        raise _refusal(stored, fits)
    questions = [_first(fit, "confirm") for fit in possible]
    asked = [verdict.text for verdict in questions if verdict is not None]
    return asked[0] if len(asked) == len(possible) else ""


def _never(fit: PrinterFit) -> Verdict | None:
    """The refusal that stands whatever is loaded or mounted."""
    refusals = (verdict for verdict in fit.verdicts if verdict.level == "refuse")
    return next((verdict for verdict in refusals if verdict.code not in _MAY_CHANGE), None)


def _first(fit: PrinterFit, level: str) -> Verdict | None:
    return next((verdict for verdict in fit.verdicts if verdict.level == level), None)


def _refusal(stored: StoredFile, fits: list[tuple[Snapshot, PrinterFit]]) -> Unusable:
    """The gates' sentence; of several printers the one that would print such a file at all."""
    refusals = [(snapshot.status.name, why) for snapshot, fit in fits if (why := _never(fit))]
    if not refusals:
        return Unusable("The farm has no printers yet. Add one in config.json.", code="no_printer")
    name, why = min(refusals, key=lambda refusal: _DISTANCE.get(refusal[1].code, 0))
    several = f"No printer can take {stored.name}. {name}: " if len(fits) > 1 else ""
    return Unusable(f"{several}{why.text}", code=why.code)


def enqueue(stored: StoredFile, plate: int, target: Target, created_by: str, question: str) -> str:
    """The one call into the queue; the job's id. With a ``question`` it is held for a person."""
    job = services().jobs.add(
        stored.id,
        plate,
        target,
        held=bool(question),
        notes=f"Waits for your yes: {question}" if question else "",
        created_by=created_by,
    )
    return job.id
