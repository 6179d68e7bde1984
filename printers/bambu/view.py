"""What the command builders must know of a printer, taken from its model and last report."""

from __future__ import annotations

from typing import Any

from printers.bambu.models import Model
from printers.bambu.parsed import Parsed
from printers.bambu.payloads import View
from printers.bambu.values import as_text
from printers.status import Tray

_BED_COMMAND_BIT = 39
_LOAD_TEMPERATURES = {
    "PLA": 220, "PETG": 255, "ABS": 260, "ASA": 260, "TPU": 230, "PC": 270, "PA": 280,
    "PVA": 220, "HIPS": 250, "PP": 240, "PE": 220, "PPS": 300, "PET": 270,
}  # fmt: skip
DEFAULT_TEMPERATURE = 220


def load_temperature(tray: Tray) -> int:
    """°C to load or unload this filament at: the middle of its own range, else of its type."""
    from printers.bambu.filaments import lookup  # reads a table at first use

    info = lookup(tray.filament_id) if tray.filament_id else None
    if info is not None:
        return (info.nozzle_min + info.nozzle_max) // 2
    return _LOAD_TEMPERATURES.get(tray.type.split("-")[0].upper(), DEFAULT_TEMPERATURE)


def _chamber(model: Model) -> str:
    if model.chamber_max is None:
        return ""
    return "m141" if model.code == "C13" else "ctt_airduct"


def view_of(name: str, model: Model, parsed: Parsed, data: dict[str, Any]) -> View:
    functions = parsed.functions or 0
    return View(
        name=name,
        dual_nozzle=model.nozzles > 1,
        chamber=_chamber(model),
        bed_command=bool(functions >> _BED_COMMAND_BIT & 1),
        second_light=model.name.startswith("H2"),
        trays=tuple(tray for unit in parsed.ams for tray in unit.trays) + parsed.external,
        active_tray=parsed.active_tray,
        left_units=frozenset(unit.id for unit in parsed.ams if unit.nozzle == "left"),
        faults=parsed.faults,
        print_error=parsed.print_error,
        subtask_id=as_text(data.get("subtask_id")) or "0",
        filament_temperature=load_temperature,
    )
