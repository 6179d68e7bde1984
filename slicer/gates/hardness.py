"""Would the filament wear the nozzle out? Rockwell C of nozzles and what filaments ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from slicer.gates.verdicts import CONFIRM, OK, WARN, PrinterFacts, Verdict
from slicer.printfile import Filament, Plate

ABRASIVE_HRC = 40
"""What Bambu's profiles ask for fibre-filled filaments; brass has 2, stainless steel 20."""
_ANY_NOZZLE_HRC = 3  # what they ask for plain PLA
_NOZZLES = (
    ("tungsten carbide", 85),
    ("hardened", 55),
    ("e3d", 55),  # ObXidian, as Bambu's slicer counts it
    ("stainless", 20),
    ("brass", 2),
)
"""A word of the nozzle's type -> Rockwell C (Bambu Studio's nozzle_info)."""
_ABRASIVE = re.compile(
    r"[-+ ](?:CF|GF)\d{0,2}\b|\bcarbon|\bglass[ -]?fib|\bglow|\bwood|\bstone"
    r"|\b(?:metal|steel|bronze|copper)[ -]?fill",
    re.IGNORECASE,
)


def check_hardness(plate: Plate, printer: PrinterFacts) -> Verdict | None:
    """soft_nozzle (confirm), unknown_nozzle_type (warn), nozzle_type (ok); nothing without need."""
    asked = max(plate.filaments, key=required_hrc, default=None)
    if asked is None or not (wanted := required_hrc(asked)):
        return None
    what = asked.name or asked.type or "The filament"
    softest = _softest(printer.nozzle_types)
    if softest is None:
        return Verdict(
            WARN,
            "unknown_nozzle_type",
            f"{what} wears out a soft nozzle; {printer.name} does not say what its nozzle is "
            "made of. Use a hardened one.",
        )
    hardness, kind = softest
    if hardness < wanted:
        return Verdict(
            CONFIRM,
            "soft_nozzle",
            f"{what} wears out a soft nozzle; {printer.name} has one of {kind}. "
            "Fit a hardened one, or check that it may be worn.",
        )
    return Verdict(OK, "nozzle_type", f"{kind.capitalize()} is hard enough for {what}.")


def required_hrc(filament: Filament) -> int:
    """0 for what any nozzle takes. A generic profile's 0 does not make fibres soft."""
    abrasive = _ABRASIVE.search(f" {filament.type} {filament.name}")
    asked = filament.nozzle_hrc or 0
    return max(asked if asked > _ANY_NOZZLE_HRC else 0, ABRASIVE_HRC if abrasive else 0)


def _softest(types: Iterable[str]) -> tuple[int, str] | None:
    """None when one of them is unknown."""
    found: list[tuple[int, str]] = []
    for kind in types:
        known = next((hrc for word, hrc in _NOZZLES if word in kind.casefold()), None)
        if known is None:
            return None
        found.append((known, kind.split(",")[0]))
    return min(found, default=None)
