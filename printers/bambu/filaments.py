"""Names and nozzle temperatures of filaments by their id (``tray_info_idx``, "GFA00").

The table is that of bambulabs_api. Importing the package pulls in Pillow and costs 16 MB, but the
table stands in a module of its own that needs neither; so only that file is loaded, at first use.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType


@dataclass(frozen=True, slots=True, kw_only=True)
class FilamentInfo:
    """One filament of the table."""

    id: str  # "GFA00"
    name: str  # "Bambu PLA Basic"
    type: str  # "PLA"
    nozzle_min: int  # °C
    nozzle_max: int  # °C


def _table_module() -> ModuleType:
    spec = importlib.util.find_spec("bambulabs_api")
    if spec is None or spec.origin is None:
        raise ImportError("bambulabs_api is not installed")
    path = Path(spec.origin).with_name("filament_info.py")
    name = "bambulabs_api_filament_table"
    table = importlib.util.spec_from_file_location(name, path)
    if table is None or table.loader is None:
        raise ImportError(f"no filament table in {path}")
    module = importlib.util.module_from_spec(table)
    sys.modules[name] = module  # dataclasses look their module up while it is executed
    table.loader.exec_module(module)
    return module


_SPELLING = {
    "BAMBU": "Bambu", "POLYLITE": "PolyLite", "POLYTERRA": "PolyTerra", "FOR": "for",
    "SUPPORT": "Support", "TRANSLUCENT": "Translucent", "METAL": "Metal", "MARBLE": "Marble",
    "WOOD": "Wood", "SILK": "Silk", "PLUS": "Plus", "GALAXY": "Galaxy", "SPARKLE": "Sparkle",
    "BASIC": "Basic", "MATTE": "Matte", "GLOW": "Glow", "AERO": "Aero",
}  # fmt: skip


def _words(name: str) -> str:
    """BAMBU_PLA_SILK_PLUS becomes "Bambu PLA Silk Plus"."""
    return " ".join(_SPELLING.get(word, word) for word in name.split("_"))


@cache
def _table() -> dict[str, FilamentInfo]:
    filaments: dict[str, FilamentInfo] = {}
    for entry in _table_module().Filament:
        filaments.setdefault(
            entry.tray_info_idx,
            FilamentInfo(
                id=entry.tray_info_idx,
                name=_words(entry.name),
                type=entry.tray_type,
                nozzle_min=entry.nozzle_temp_min,
                nozzle_max=entry.nozzle_temp_max,
            ),
        )
    return filaments


def lookup(filament_id: str) -> FilamentInfo | None:
    """The filament with that id, None when the table does not have it."""
    return _table().get(filament_id)
