"""Which machine presets are for which of the farm's printers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from slicer import models
from slicer.known_models import row_of
from slicer.printer_names import same_printer, says_nothing

NOZZLE_TOLERANCE_MM = 0.01


class Machine(Protocol):
    """A machine preset, or its entry in a catalogue."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def nozzle_mm(self) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A printer as slicing needs to know it."""

    id: str
    name: str
    code: str = ""  # printer_model_id, "" for a make without such ids
    model: str = ""  # as the owner wrote it or the printer says it, "" = unknown
    nozzles_mm: tuple[float | None, ...] = ()  # None = unknown


def fits(machine: Machine, seat: Seat) -> bool:
    """The same model with the same nozzle; what is not known of the printer does not speak
    against it, an unknown model does."""
    return _same_model(machine.model or machine.name, seat) and nozzle_fits(machine, seat)


def nozzle_fits(machine: Machine, seat: Seat) -> bool:
    if machine.nozzle_mm is None or not seat.nozzles_mm or None in seat.nozzles_mm:
        return True
    return any(
        fitted is not None and abs(fitted - machine.nozzle_mm) <= NOZZLE_TOLERANCE_MM
        for fitted in seat.nozzles_mm
    )


def contradicts(machine: Machine, seat: Seat) -> str:
    """A sentence when the gates would surely refuse what is sliced for this machine, "" else."""
    own = models.describe(seat.code) if seat.code else seat.model
    wanted, known = row_of(machine.model), row_of(own)
    if wanted is not None and known is not None and wanted != known:
        return (
            f"The machine profile {machine.name} is for another printer than {seat.name}, "
            f"which is {own}. Choose a profile for it."
        )
    if not nozzle_fits(machine, seat):
        fitted = " and ".join(f"{size:g} mm" for size in seat.nozzles_mm if size is not None)
        return (
            f"The machine profile {machine.name} is for a {machine.nozzle_mm:g} mm nozzle; "
            f"{seat.name} has {fitted}. Choose another profile or change the nozzle."
        )
    return ""


def _same_model(wanted: str, seat: Seat) -> bool:
    if models.find(seat.code) is not None:
        return models.same_model(models.code_of_name(wanted), seat.code)
    return not says_nothing(seat.model) and same_printer(wanted, seat.model)
