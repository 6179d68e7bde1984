"""Printers of makes without model ids by the names that slicers and owners give them.

A file for one of these is refused on another; a name that stands in no row stays a question.
Sources: the printer profiles of PrusaSlicer 2.5, OrcaSlicer 2.3 and Cura 4.13.
"""

from __future__ import annotations

import re

from slicer import models
from slicer.printer_names import spellings

_ROWS: tuple[tuple[str, ...], ...] = (
    ("MK2", "MK2S"),
    ("MK2.5",), ("MK2.5S",),
    ("MK3",),
    ("MK3S", "MK3S+"),
    ("MK3.5",), ("MK3.5S",),
    ("MK3.9",), ("MK3.9S",),
    ("MK4",), ("MK4S",),
    ("MINI", "MINI+"),
    ("XL",),
    ("CORE One", "CORE One+", "COREONE"), ("CORE One L", "COREONEL"),
    ("Ender-2",), ("Ender-2 Pro",),
    ("Ender-3", "Ender-3 Pro"), ("Ender-3 Max",),
    ("Ender-3 V2",), ("Ender-3 V2 Neo",), ("Ender-3 Neo",), ("Ender-3 Max Neo",),
    ("Ender-3 S1",), ("Ender-3 S1 Pro",), ("Ender-3 S1 Plus",),
    ("Ender-3 V3",), ("Ender-3 V3 SE",), ("Ender-3 V3 KE",), ("Ender-3 V3 Plus",),
    ("Ender-5",), ("Ender-5 Pro",), ("Ender-5 Plus",), ("Ender-5 S1",),
    ("Ender-6",), ("CR-10",), ("CR-10S",), ("CR-10 V2",), ("CR-10 Max",), ("CR-10 SE",),
    ("CR-6 SE",), ("CR-6 Max",), ("CR-20",), ("CR-20 Pro",),
    ("K1",), ("K1C",), ("K1 Max",), ("K1 SE",), ("K2 Plus",),
    ("Voron 0.1", "Voron 0.2"), ("Voron Switchwire 250",),
    ("Voron 2.4 250",), ("Voron 2.4 300",), ("Voron 2.4 350",),
    ("Voron Trident 250",), ("Voron Trident 300",), ("Voron Trident 350",),
    ("RatRig V-Core 3 200",), ("RatRig V-Core 3 300",), ("RatRig V-Core 3 400",),
    ("RatRig V-Core 3 500",), ("RatRig V-Minion",),
    ("Sovol SV01",), ("Sovol SV06",), ("Sovol SV06 Plus",), ("Sovol SV07",), ("Sovol SV07 Plus",),
    ("Sovol SV08",),
    ("Anycubic Kobra",), ("Anycubic Kobra 2",), ("Anycubic Kobra 2 Max",), ("Anycubic Kobra 3",),
    ("Anycubic Kobra Max",), ("Anycubic Vyper",), ("Anycubic i3 Mega",),
    ("Elegoo Neptune 3",), ("Elegoo Neptune 3 Pro",), ("Elegoo Neptune 4",),
    ("Elegoo Neptune 4 Pro",), ("Elegoo Neptune 4 Plus",), ("Elegoo Neptune 4 Max",),
    ("Artillery Sidewinder X1",), ("Artillery Sidewinder X2",), ("Artillery Genius",),
    ("Flashforge Adventurer 5M",), ("Flashforge Adventurer 5M Pro",), ("Flashforge AD5X",),
    ("Qidi X-Plus 3",), ("Qidi X-Max 3",), ("Qidi X-Smart 3",), ("Qidi Q1 Pro",),
    ("Qidi Plus4",), ("Snapmaker J1",), ("Snapmaker U1",),
    ("Ultimaker S3",), ("Ultimaker S5",), ("Ultimaker S7",),
)  # fmt: skip
"""Names of one row take each other's G-code; different rows never do."""

_MORE = re.compile(r"[ _-]?(?:MMU\dS?|MMU3)$", re.IGNORECASE)
_XL_TOOLS = re.compile(r"^(?:Original Prusa |Prusa )?XL[ -]?\d(?:IS)?$", re.IGNORECASE)
_ROW_OF = {spelling: row for row in _ROWS for name in row for spelling in spellings(name)}


def row_of(name: str) -> tuple[str, ...] | None:
    """The printers that take the G-code of ``name``; None for one nobody knows.

    A multi-material unit or a number of tools does not make another printer here, only a
    question. Bambu printers are rows of their own, by their groups.
    """
    bambu = models.find(models.code_of_name(name)) or models.find(name)
    if bambu is not None:
        return (f"Bambu Lab {bambu.group}",)
    plain = "XL" if _XL_TOOLS.match(name.strip()) else _MORE.sub("", name.strip())
    rows = {row for spelling in spellings(plain) if (row := _ROW_OF.get(spelling))}
    return rows.pop() if len(rows) == 1 else None


def is_named(name: str) -> bool:
    """The very name stands in a row, without a multi-material unit or a number of tools."""
    return any(spelling in _ROW_OF for spelling in spellings(name))
