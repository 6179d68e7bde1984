"""Does the printer's firmware speak the file's G-code? (print-files 2.4 and 3.1)"""

from __future__ import annotations

from slicer.bounds.result import PlateBounds
from slicer.gates.verdicts import CONFIRM, OK, REFUSE, PrinterFacts, Verdict

_COMMON = frozenset({"Marlin", "Prusa"})
"""Spoken by everything but Bambu printers: Prusa's firmware is a Marlin, and Klipper's own
documentation tells to slice for Marlin."""


def check_flavour(bounds: PlateBounds, printer: PrinterFacts) -> Verdict | None:
    """wrong_flavour (refuse), other_flavour (confirm), flavour (ok), nothing when none is told."""
    told = frozenset(bounds.flavours)
    if printer.flavour == "Bambu":
        return _on_bambu(told, printer, bounds.complete)
    if "Bambu" in told:
        return Verdict(
            REFUSE,
            "wrong_flavour",
            f"The file's G-code has commands that only Bambu printers know; {printer.name} would "
            "stop at them or skip them. Slice it again for this printer.",
        )
    foreign = sorted(told - _COMMON - {printer.flavour})
    if foreign:
        runs = f"runs {printer.flavour}" if printer.flavour else "may run something else"
        return Verdict(
            CONFIRM,
            "other_flavour",
            f"The file's G-code is written for {' and '.join(foreign)}; {printer.name} {runs}. "
            "Check that it understands it.",
        )
    return Verdict(OK, "flavour", f"Its G-code suits {printer.name}.") if told else None


def _on_bambu(told: frozenset[str], printer: PrinterFacts, complete: bool) -> Verdict | None:
    """Bambu's own files say Marlin too; what has no command of Bambu's is another maker's."""
    if "Bambu" in told:
        return Verdict(OK, "flavour", f"Its G-code suits {printer.name}.")
    if told:
        return Verdict(
            REFUSE,
            "wrong_flavour",
            f"The file's G-code is not a Bambu printer's (it is written for "
            f"{' and '.join(sorted(told))}); {printer.name} must not run it. "
            "Slice it again for this printer.",
        )
    if not complete:
        return None
    return Verdict(
        CONFIRM,
        "other_flavour",
        "The file's G-code has none of the commands that Bambu's slicers write. "
        f"Check that it was sliced for {printer.name}.",
    )
