"""One printer as JSON for everybody: flat, whole numbers, null for what is not known.

The keys are ha-bambulab's names where it has one (alerts 4.1). Texts stay below the 255
characters that Home Assistant takes for a state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.config import PrinterConfig
from mqtt_out.bands import iso
from mqtt_out.facts import Facts
from mqtt_out.topics import ORDERS
from mqtt_out.words import SPEEDS, attention, is_online, print_status
from printers import safety
from printers.conditions import Conditions
from printers.display import display_state
from printers.registry import Snapshot
from printers.status import AmsUnit, PrinterStatus, Tray

Json = dict[str, Any]
TEXT = 250
_FANS = {"part": "cooling", "hotend": "heatbreak"}
"""Our names of fans in ha-bambulab's words."""


def state_of(
    snapshot: Snapshot, config: PrinterConfig | None, facts: Facts, mono: float, now: float
) -> Json:
    """``mono`` and ``now``: monotonic and epoch seconds."""
    status, known = snapshot.status, snapshot.conditions
    state, sub = display_state(snapshot, mono)
    online = is_online(snapshot, state)
    why = attention(snapshot, state)
    return {
        "id": status.printer_id,
        "name": status.name,
        "model": (config.model if config else "") or status.machine.name or None,
        "group": (config.group if config else "") or None,
        "simulated": bool(config and config.simulate),
        "state": state,
        "sub": sub or None,
        "online": online,
        "print_status": print_status(status.state, online=online),
        "stage": _text(status.stage) if online else None,
        "attention": _text(why),
        "needs_attention": bool(why),
        "awaiting_plate_clear": _waits_here(status, known),
        "maintenance": known.maintenance,
        **_faults(status),
        **_job(snapshot, facts, now, online=online),
        **(_heat(status) if online else {}),
        **(_body(status) if online else {}),
        **(_filament(status) if online else {}),
        **facts.defect(status.printer_id),
        "next_job": _text(facts.next_job(status.printer_id)),
        "picture_at": None,  # of the newest picture that was published
        "can": _orders(snapshot, mono),
    }


def _waits_here(status: PrinterStatus, known: Conditions) -> bool:
    """Of another farm's bed nothing is known here, and nobody here is to clear it."""
    return not known.bed_clear and known.job is None and not status.shown_only


def _text(words: str) -> str | None:
    """None for "": Home Assistant shows that as unknown, and skips an empty message."""
    return (words if len(words) <= TEXT else words[: TEXT - 1] + "…") or None


def _faults(status: PrinterStatus) -> Json:
    first = status.faults[0] if status.faults else None
    return {
        "hms": bool(status.faults),
        "print_error": any(fault.severity.blocks for fault in status.faults),
        "fault_code": first.code if first else None,
        "fault_text": _text(first.text) if first else None,
    }


def _job(snapshot: Snapshot, facts: Facts, now: float, *, online: bool) -> Json:
    status, ours = snapshot.status, snapshot.conditions.job
    shown = status.job if status.state.has_job or status.state.is_at_rest else None
    left = shown.remaining_min if shown and online and status.state.has_job else None
    name = ours.name if ours else (shown.name if shown else "")
    return {
        "subtask_name": _text(name),
        "gcode_file": _text(shown.file) if shown else None,
        "job_id": ours.job_id if ours else None,
        "print_progress": shown.percent if shown and online else None,
        "current_layer": shown.layer if shown and online else None,
        "total_layers": shown.layers if shown and online else None,
        "remaining_time": left,
        "start_time": iso(facts.started_at(status.printer_id)),
        "end_time": None if left is None else iso(now + 60 * left),
    }


def _heat(status: PrinterStatus) -> Json:
    told: Json = {}
    for heater in status.heaters:
        if heater.name in ("nozzle", "nozzle2", "bed", "chamber"):
            told[f"{heater.name}_temp"] = round(heater.current, 1)
            if heater.target is not None:
                told[f"target_{heater.name}_temp"] = round(heater.target)
    for fan in status.fans:
        if fan.name in ("part", "aux", "chamber", "hotend"):
            told[f"{_FANS.get(fan.name, fan.name)}_fan_speed"] = fan.percent
    return told


def _body(status: PrinterStatus) -> Json:
    speed = status.speed
    nozzle = status.nozzles[0] if status.nozzles else None
    return {
        "light": status.light,
        "door_open": status.door_open,
        "wifi_signal": status.wifi_dbm,
        "speed_profile": None if speed is None or speed.level is None else SPEEDS.get(speed.level),
        "speed_percent": None if speed is None else speed.percent,
        "nozzle_diameter": nozzle.diameter_mm if nozzle else None,
    }


def _filament(status: PrinterStatus) -> Json:
    if not status.trays():
        return {}
    told: Json = {"active_tray": status.active_tray or None}
    for number, unit in enumerate(status.ams, 1):
        told |= _unit(f"ams_{number}", unit)
    for number, tray in enumerate(status.external, 1):
        told["external_spool" if number == 1 else f"external_spool_{number}"] = _name(tray)
    return {**told, "trays": {tray.slot: _tray(tray) for tray in status.trays()}}


def _unit(key: str, unit: AmsUnit) -> Json:
    told: Json = {f"{key}_drying": unit.drying_min > 0}
    if unit.humidity is not None:
        told[f"{key}_humidity"] = unit.humidity
    if unit.humidity_level is not None:
        told[f"{key}_humidity_level"] = unit.humidity_level
    if unit.temperature is not None:
        told[f"{key}_temp"] = round(unit.temperature, 1)
    trays = enumerate(unit.trays, 1)
    return told | {f"{key}_tray_{number}": _name(tray) for number, tray in trays}


def _name(tray: Tray) -> str | None:
    return "Empty" if tray.empty else _text(tray.name or tray.type)


def _tray(tray: Tray) -> Json:
    return {
        "type": tray.type or None,
        "color": f"#{tray.color}" if tray.color else None,
        "empty": tray.empty,
        "remain": tray.remain,
        "grams": tray.grams,
    }


def _orders(snapshot: Snapshot, mono: float) -> Mapping[str, bool]:
    """What the gate would say now, so that a button is grey where it would refuse."""
    gates = safety.gates(snapshot, mono)
    return {name: gates[name.replace("_", "-")].ok for name in ORDERS}
