"""What a slicer made, looked at like any stranger's file: an exit code of 0 proves nothing.

Every lie of print-files 1.2 and 1.3 has its refusal here.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.errors import Unusable
from slicer import models
from slicer.bounds.result import PlateBounds
from slicer.bounds.runner import scan_file
from slicer.gates.moves import check_bounds
from slicer.gates.verdicts import CONFIRM, LEVELS, REFUSE, Verdict
from slicer.inspection import inspect_file
from slicer.printer_names import same_printer, says_nothing
from slicer.printfile import Plate, PrintFile
from slicer.profiles.presets import Choice, Family
from slicer.slicing.homing import head_of, homes
from slicer.slicing.machine import limits_and_bounds, space_of

_SURE = frozenset({"off_bed", "too_tall", "below_bed"})
"""Questions about a stranger's file; of one that was sliced here they are answers."""
_SCAN_AGAIN = "Slice it again; if that does not help, slice it on a computer and upload the file."


def check_result(path: Path, choice: Choice, label: str) -> tuple[PrintFile, tuple[str, ...]]:
    """What the slicer named ``label`` wrote to ``path``, and warnings about it.

    Raises Unusable, each failure with its own code and sentence, or TooLarge.
    """
    if path.is_symlink() or not path.is_file() or path.stat().st_size == 0:
        raise Unusable(
            f"{label} said that it was done but wrote no print file. "
            "The model may have nothing to print with these profiles.",
            code="no_result",
        )
    file = _inspected(path, label)
    scanned = {plate.plate: plate for plate in scan_file(path)}
    warnings: list[str] = []
    for plate in file.plates:
        bounds = scanned.get(plate.index, PlateBounds(complete=False, reason="damaged"))
        require_moves(bounds, label)
        require_filament(plate, bounds, choice, label)
        require_model(plate, choice, label)
        require_homing(head_of(path, file.kind, plate.index), label)
        warnings += require_space(bounds, choice)
    return file, tuple(dict.fromkeys(warnings))


def _inspected(path: Path, label: str) -> PrintFile:
    try:
        return inspect_file(path, f"The file that {label} made")
    except Unusable as error:
        if error.error_code == "empty_plate":
            raise _empty(label) from error
        raise


def _empty(label: str) -> Unusable:
    return Unusable(
        f"{label} made a file without a single layer. The model may be too thin or too small "
        "for these profiles, or its surface is open. Repair it and try again.",
        code="empty_result",
    )


def require_moves(bounds: PlateBounds, label: str) -> None:
    """Raises Unusable: result_unreadable, empty_result."""
    if not bounds.complete and bounds.reason != "number":
        raise Unusable(
            f"The farm could not follow what {label} wrote to its end ({bounds.reason}). "
            + _SCAN_AGAIN,
            code="result_unreadable",
        )
    if bounds.complete and (bounds.model is None or bounds.layers == 0):
        raise _empty(label)


def require_filament(plate: Plate, bounds: PlateBounds, choice: Choice, label: str) -> None:
    """Raises Unusable: no_filament, no_weight.

    A weight of 0 betrays an OrcaSlicer or Bambu Studio that fell back on its own defaults. With
    PrusaSlicer and Cura it is a filament whose density nobody entered, so there it is the length
    that counts.
    """
    pushed = sum(length for _, length in bounds.filament_mm)
    if bounds.complete and pushed <= 0:
        raise Unusable(
            f"{label} made a file that uses no filament. Check the model and the profiles.",
            code="no_filament",
        )
    if choice.family is Family.ORCA and not plate.grams:
        raise Unusable(
            f"{label} says that the print weighs nothing: it did not understand the filament "
            f"profile {choice.filaments[0].name}. Export the profiles again, all parents included.",
            code="no_weight",
        )


def require_model(plate: Plate, choice: Choice, label: str) -> None:
    """Raises Unusable: other_machine, no_machine."""
    wanted = choice.machine.model
    if not wanted or says_nothing(wanted):
        return
    named = plate.models or ((plate.printer_model,) if plate.printer_model else ())
    if not named:
        if choice.family is Family.CURA:  # which does not always name it
            return
        raise Unusable(
            f"{label} did not write which printer the file is for, so it did not understand the "
            f"machine profile {choice.machine.name}. Export the profiles again.",
            code="no_machine",
        )
    code = models.code_of_name(wanted)
    for name in named:
        if not (models.same_model(name, code) or same_printer(models.describe(name), wanted)):
            raise Unusable(
                f"The file is for {models.describe(name)}, not for {wanted}: {label} did not use "
                f"the machine profile {choice.machine.name}. The project may bring its own; "
                "slice the model alone.",
                code="other_machine",
            )


def require_homing(head: Iterable[bytes], label: str) -> None:
    """Raises Unusable: no_homing."""
    if not homes(head):
        raise Unusable(
            f"The file that {label} made does not home the printer (no G28) before it prints. "
            "The start code of the machine profile is missing; export the profile again.",
            code="no_homing",
        )


def require_space(bounds: PlateBounds, choice: Choice) -> list[str]:
    """Warnings. Raises Unusable: off_bed, too_tall, below_bed, nonsense_number and the like."""
    space = space_of(choice.machine, choice.family)
    if space is None:
        return [
            f"The machine profile {choice.machine.name} does not say how large its bed is, "
            "so the farm could not check that the print lies on it."
        ]
    limits, moved = limits_and_bounds(space, bounds)
    for verdict in check_bounds(moved, limits):
        if is_failure(verdict):
            raise Unusable(verdict.text, code=verdict.code)
    return []


def is_failure(verdict: Verdict) -> bool:
    """Refused for anybody, or a doubt that does not exist about a file of our own."""
    doubtful = LEVELS.index(verdict.level) >= LEVELS.index(CONFIRM)
    return verdict.level == REFUSE or (doubtful and verdict.code in _SURE)
