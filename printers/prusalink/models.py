"""The Prusa printers that have PrusaLink: volume and highest temperatures.

Published data of the maker. Temperatures matter only where the farm may set them, which is the
Raspberry Pi server (MK3 family and older); the printers' own firmware takes none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Volume = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Model:
    """One model. ``code``: as PrusaSlicer's ``printer_model`` names it in print files."""

    code: str
    name: str
    volume_mm: Volume | None
    nozzle_max: int = 290  # °C
    bed_max: int = 120  # °C
    aliases: tuple[str, ...] = ()


_I3: Volume = (250.0, 210.0, 210.0)
_MK4: Volume = (250.0, 210.0, 220.0)

MODELS: tuple[Model, ...] = (
    Model("MK2.5", "MK2.5", (250.0, 210.0, 200.0), aliases=("I3MK25",)),
    Model("MK2.5S", "MK2.5S", (250.0, 210.0, 200.0), aliases=("I3MK25S",)),
    Model("MK3", "MK3", _I3, 300, aliases=("I3MK3",)),
    Model("MK3S", "MK3S", _I3, 300, aliases=("I3MK3S", "MK3S+", "MK3SMMU2S", "MK3SMMU3")),
    Model("MK3.5", "MK3.5", _I3, 300, aliases=("MK3.5S",)),
    Model("MK3.9", "MK3.9", _MK4, aliases=("MK3.9S",)),
    Model("MK4", "MK4", _MK4, aliases=("MK4IS",)),
    Model("MK4S", "MK4S", _MK4),
    Model("MINI", "MINI", (180.0, 180.0, 180.0), 280, 100, aliases=("MINI+", "MINIIS")),
    Model("XL", "XL", (360.0, 360.0, 360.0), aliases=("XLIS", "XL2", "XL5")),
    Model("COREONE", "CORE One", (250.0, 220.0, 270.0), aliases=("CORE One+", "COREONEPLUS")),
    Model("COREONEL", "CORE One L", (300.0, 300.0, 330.0)),
)  # fmt: skip

UNKNOWN = Model("", "", None, 250, 80)
"""A model we have no row for: the lowest limits of all."""

_PREFIXES = ("prusalink", "original", "prusaresearch", "prusa")


def _key(text: str) -> str:
    word = re.sub(r"[^a-z0-9.+]", "", text.casefold())
    for prefix in _PREFIXES:
        word = word.removeprefix(prefix)
    word = word.removeprefix("i3") if word.startswith("i3mk") else word
    return re.sub(r"[^a-z0-9]", "", word.replace("+", "plus"))


_BY_KEY = {_key(text): m for m in MODELS for text in (m.code, m.name, *m.aliases)}


def by_name(text: str) -> Model | None:
    """From "MK4S", "Original Prusa i3 MK3S+", "PrusaLink I3MK3S", "prusa-mini", "Core One"."""
    return _BY_KEY.get(_key(text)) if text else None
