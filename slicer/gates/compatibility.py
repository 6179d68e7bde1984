"""Does a plate fit a printer? Pure checks, each with its verdict (print-files 2.4 and 2.5).

Neither Bambu's firmware nor its slicer's Send stops a file for another model; this gate does.
"""

from __future__ import annotations

from collections.abc import Sequence

from slicer import models
from slicer.bounds.result import PlateBounds
from slicer.gates.flavour import check_flavour
from slicer.gates.hardness import check_hardness
from slicer.gates.limits import MachineLimits, limits_of
from slicer.gates.model_check import check_kind, check_model, check_model_name
from slicer.gates.moves import check_bounds
from slicer.gates.space import check_reach
from slicer.gates.verdicts import (
    CONFIRM,
    LEVELS,
    OK,
    REFUSE,
    WARN,
    PrinterFacts,
    Verdict,
    worst,
)
from slicer.models import Volume
from slicer.printfile import Plate, PrintFile

__all__ = [
    "CONFIRM",
    "LEVELS",
    "OK",
    "REFUSE",
    "WARN",
    "PrinterFacts",
    "Verdict",
    "check_kind",
    "check_model",
    "check_model_name",
    "check_plate",
    "worst",
]

NOZZLE_TOLERANCE_MM = 0.01
HEIGHT_TOLERANCE_MM = 0.01
BED_TOLERANCE_MM = 2.5
"""Half a line width, and G-code of X1/P1 that is 2 mm off the bed in Y (print-files 0.7)."""


def check_plate(
    file: PrintFile,
    index: int,
    printer: PrinterFacts,
    *,
    bounds: PlateBounds | None = None,
    limits: MachineLimits | None = None,
) -> tuple[Verdict, ...]:
    """All verdicts about plate ``index`` of a file on a printer, but for its filaments.

    In the order of gates.table. With ``bounds`` the real moves decide, without them only what the
    slicer wrote about size and height. ``limits``: of the printer, limits_of(printer) when None.
    """
    plate = file.plate(index)
    if plate is None:
        return (_no_plate(file, index),)
    kind = check_kind(file.kind, printer)
    if kind.level == REFUSE:
        return (kind,)  # what else such a file says means nothing to this printer
    found: list[Verdict | None] = [
        None if kind.level == OK else kind,
        check_model(plate, printer.code, printer.name)
        if file.takes_mapping
        else check_model_name(plate, printer),
        check_flavour(bounds, printer) if bounds else None,
        check_nozzle(plate, printer),
        check_hardness(plate, printer),
        *_check_space(plate, printer, bounds, limits or limits_of(printer)),
        check_bed_type(plate, printer),
        *_check_notes(file, plate),
    ]
    return tuple(verdict for verdict in found if verdict is not None)


def _check_space(
    plate: Plate, printer: PrinterFacts, bounds: PlateBounds | None, limits: MachineLimits
) -> list[Verdict | None]:
    """By the real moves. What an unfinished scan has not seen, the slicer's own words tell."""
    told: list[Verdict | None] = [check_height(plate, printer), check_footprint(plate, printer)]
    if bounds is None:
        return told
    seen: list[Verdict | None] = [*check_bounds(bounds, limits)]
    if not bounds.complete:  # then nothing is proved to fit
        bad = [verdict for verdict in seen if verdict and verdict.level != OK]
        codes = {verdict.code for verdict in bad}
        told = [item for item in told if item and item.level != OK and item.code not in codes]
        seen = [*bad, *told]
    return [*seen, check_reach(bounds, limits, _only_nozzle(plate))]


def _only_nozzle(plate: Plate) -> str:
    sides = {filament.nozzle for filament in plate.filaments}
    return sides.pop() if len(sides) == 1 else ""


def _check_notes(file: PrintFile, plate: Plate) -> list[Verdict]:
    notes = [Verdict(WARN, "file_warning", text) for text in (*file.warnings, *plate.warnings)]
    if file.takes_mapping and not plate.filaments:
        unknown = "The file does not say which filaments it uses. Look at what is loaded."
        return [Verdict(CONFIRM, "unknown_filament", unknown), *notes]
    return notes


def _no_plate(file: PrintFile, index: int) -> Verdict:
    have = ", ".join(str(plate.index) for plate in file.plates)
    return Verdict(REFUSE, "no_plate", f"The file has no plate {index}; it has {have}.")


def check_nozzle(plate: Plate, printer: PrinterFacts) -> Verdict:
    """wrong_nozzle (refuse), unknown_nozzle (warn) or nozzle (ok)."""
    wanted = plate.nozzle_mm
    if not wanted:
        return Verdict(WARN, "unknown_nozzle", "The file does not say which nozzle it needs.")
    fitted = printer.nozzles_mm
    if not fitted or None in fitted:
        return Verdict(
            WARN,
            "unknown_nozzle",
            f"The file needs a {_mm(wanted)} nozzle; {printer.name} does not say what it has.",
        )
    known = [diameter for diameter in fitted if diameter is not None]
    if not _nozzles_fit(wanted, known):
        return Verdict(
            REFUSE,
            "wrong_nozzle",
            f"The file needs a {_mm(wanted)} nozzle; {printer.name} has {_mm(known)}. "
            "Change the nozzle or slice the file again.",
        )
    return Verdict(OK, "nozzle", f"{_mm(wanted)} nozzle.")


def _nozzles_fit(wanted: Sequence[float], fitted: Sequence[float]) -> bool:
    def same(first: float, second: float) -> bool:
        return abs(first - second) <= NOZZLE_TOLERANCE_MM

    if len(wanted) == len(fitted):
        return all(same(first, second) for first, second in zip(wanted, fitted, strict=True))
    return all(any(same(diameter, other) for other in fitted) for diameter in wanted)


def _mm(diameters: Sequence[float]) -> str:
    return " and ".join(f"{diameter:g} mm" for diameter in dict.fromkeys(diameters))


def check_height(plate: Plate, printer: PrinterFacts) -> Verdict:
    """too_tall (refuse), unknown_height (warn) or height (ok)."""
    volume = _volume(printer)
    if volume is None or plate.height_mm is None:
        return Verdict(WARN, "unknown_height", "The farm cannot tell whether the height fits.")
    if plate.height_mm > volume[2] + HEIGHT_TOLERANCE_MM:
        return Verdict(
            REFUSE,
            "too_tall",
            f"The plate is {plate.height_mm:g} mm tall; {printer.name} prints up to "
            f"{volume[2]:g} mm.",
        )
    return Verdict(OK, "height", f"{plate.height_mm:g} mm tall.")


def check_footprint(plate: Plate, printer: PrinterFacts) -> Verdict:
    """off_bed (warn) or footprint (ok). Only the first layer is known, so never a refusal."""
    volume = _volume(printer)
    box = plate.first_layer
    if volume is None or box is None:
        return Verdict(OK, "footprint", "The footprint is not known.")
    low = min(box[0], box[1]) < -BED_TOLERANCE_MM
    high = box[2] > volume[0] + BED_TOLERANCE_MM or box[3] > volume[1] + BED_TOLERANCE_MM
    if low or high:
        return Verdict(
            WARN,
            "off_bed",
            f"The first layer reaches beyond the {volume[0]:g} × {volume[1]:g} mm bed of "
            f"{printer.name}.",
        )
    return Verdict(OK, "footprint", "The first layer lies on the bed.")


def _volume(printer: PrinterFacts) -> Volume | None:
    model = models.find(printer.code)
    return printer.volume_mm or (model.volume_mm if model else None)


def check_bed_type(plate: Plate, printer: PrinterFacts) -> Verdict:
    """other_bed_type (warn) or bed_type (ok, naming the plate to put on)."""
    if not plate.bed_type:
        return Verdict(OK, "bed_type", "The file does not say which build plate it needs.")
    if printer.bed_type and printer.bed_type.casefold() != plate.bed_type.casefold():
        return Verdict(
            WARN,
            "other_bed_type",
            f"The file is sliced for the {plate.bed_type}; {printer.name} has the "
            f"{printer.bed_type}.",
        )
    return Verdict(OK, "bed_type", f"Needs the {plate.bed_type}.")
