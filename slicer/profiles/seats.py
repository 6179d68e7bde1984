"""Which machine presets are for which of the farm's printers."""

from __future__ import annotations

from dataclasses import dataclass

from slicer import models
from slicer.printer_names import same_printer, says_nothing
from slicer.profiles.presets import Preset

NOZZLE_TOLERANCE_MM = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A printer as slicing needs to know it."""

    id: str
    name: str
    code: str = ""  # printer_model_id, "" for a make without such ids
    model: str = ""  # as the owner wrote it or the printer says it, "" = unknown
    nozzles_mm: tuple[float | None, ...] = ()  # None = unknown


def fits(machine: Preset, seat: Seat) -> bool:
    """The same model with the same nozzle; what is not known of the printer does not speak
    against it, an unknown model does."""
    return _same_model(machine.model or machine.name, seat) and nozzle_fits(machine, seat)


def nozzle_fits(machine: Preset, seat: Seat) -> bool:
    if machine.nozzle_mm is None or not seat.nozzles_mm or None in seat.nozzles_mm:
        return True
    return any(
        fitted is not None and abs(fitted - machine.nozzle_mm) <= NOZZLE_TOLERANCE_MM
        for fitted in seat.nozzles_mm
    )


def contradicts(machine: Preset, seat: Seat) -> str:
    """A sentence when the printer would surely refuse what is sliced for this machine, "" else.

    Only models with ids are that sure; for the others the gates ask a person later.
    """
    wanted = models.code_of_name(machine.model)
    known = models.find(seat.code)
    if known is not None and wanted and not models.takes_gcode_of(seat.code, wanted):
        return (
            f"The machine profile {machine.name} is for {machine.model}; {seat.name} is a "
            f"{known.name} and would refuse the file. Choose a profile for the {known.name}."
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
