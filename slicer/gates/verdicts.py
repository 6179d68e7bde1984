"""What a check of a file against a printer answers, and what it needs to know of the printer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slicer.models import Volume

OK, WARN, CONFIRM, REFUSE = "ok", "warn", "confirm", "refuse"
LEVELS = (OK, WARN, CONFIRM, REFUSE)
"""In rising order: fine, told to the operator, waits for their yes by its code, never started."""


@dataclass(frozen=True, slots=True)
class Verdict:
    level: str  # one of LEVELS
    code: str  # what a start's ``confirm`` names
    text: str  # a sentence for the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterFacts:
    """What the checks need to know of a printer; the caller fills it from its status."""

    name: str  # for sentences
    code: str  # printer_model_id, "" = unknown, or a make without such ids
    model: str = ""  # the model's name as the owner wrote it, "" = unknown
    kinds: tuple[str, ...] = ()  # print file kinds it takes, () = unknown
    nozzles_mm: tuple[float | None, ...] = ()  # of two the left one first; None = unknown
    volume_mm: Volume | None = None  # None: from the model table
    bed_type: str = ""  # the plate that lies on it, when the farm knows
    nozzle_types: tuple[str, ...] = ()  # "hardened steel", …, as nozzles_mm; "" = unknown
    flavour: str = ""  # of its firmware: "Bambu", "Klipper", "Marlin" or "Prusa"; "" = unknown


def worst(verdicts: Iterable[Verdict]) -> str:
    """The highest level among the verdicts, "ok" for none."""
    return max((verdict.level for verdict in verdicts), key=LEVELS.index, default=OK)
