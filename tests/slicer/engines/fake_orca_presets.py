"""How the fake reads preset files: nothing is inherited, what is missing is silently a default."""

# ruff: noqa: T201 - a program that speaks to its caller
from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fake_orca_args import Failed

DEFAULTS: dict[str, Any] = {
    "printable_area": ["0x0", "200x0", "200x200", "0x200"],
    "printable_height": "100",
    "printer_model": "",
    "machine_start_gcode": "",
    "machine_end_gcode": "",
    "nozzle_diameter": ["0.4"],
    "layer_height": "0.2",
    "curr_bed_type": "Cool Plate",
    "filament_type": ["PLA"],
    "filament_density": ["0"],
    "filament_diameter": ["1.75"],
    "filament_colour": ["#00AE42"],
    "nozzle_temperature": ["200"],
    "nozzle_temperature_initial_layer": ["200"],
    "hot_plate_temp": ["45"],
    "filament_settings_id": [""],
    "filament_ids": [""],
    "post_process": [],
}
_SKIPPED = {
    "inherits", "compatible_printers", "compatible_prints", "compatible_printers_condition",
    "compatible_prints_condition", "name", "from", "type", "version", "setting_id",
    "instantiation", "model_id", "include", "filament_id",
}  # fmt: skip
VECTORS = {
    "filament_type", "filament_density", "filament_diameter", "nozzle_temperature",
    "nozzle_temperature_initial_layer", "hot_plate_temp", "filament_flow_ratio", "filament_colour",
}  # fmt: skip


def settings_of(options: Mapping[str, Any], project: Mapping[str, Any] | None) -> dict[str, Any]:
    """What counts in the end: flag over settings files over the 3mf over defaults, key by key."""
    merged = {**DEFAULTS, **(project or {})}
    loaded: dict[str, dict[str, Any]] = {}
    for path in options.get("load_settings", ()):
        data = _load(path, ("machine", "process"))
        if data["type"] in loaded:
            print(f"duplicate {data['type']} config file: {path}", file=sys.stderr)
            raise Failed(-5)
        loaded[data["type"]] = data
        merged.update(_values(data))
    _check_compatible(loaded)
    filaments = [_load(path, ("filament",)) for path in options.get("load_filaments", ())]
    if filaments:
        merged.update(_join(filaments))
    if "machine" in loaded:
        merged["printer_settings_id"] = loaded["machine"]["name"]
    if "process" in loaded:
        merged["print_settings_id"] = loaded["process"]["name"]
    if "curr_bed_type" in options:
        merged["curr_bed_type"] = options["curr_bed_type"]
    if options.get("normative_check", True) and any(merged.get("post_process") or []):
        raise Failed(-19)
    return merged


def bed_of(settings: Mapping[str, Any]) -> tuple[float, float, float, float, float]:
    """x0, y0, x1, y1 and the height."""
    corners = [[float(part) for part in point.split("x")] for point in settings["printable_area"]]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys), float(settings["printable_height"])


def _load(path: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    if not Path(path).exists():
        print(f"can not find setting file: {path}", file=sys.stderr)
        raise Failed(-3)
    try:
        data = json.loads(Path(path).read_text("utf-8"))
    except ValueError:
        raise Failed(-5) from None
    if data.get("from") not in ("system", "User", "user"):
        print(f"file {path}'s from {data.get('from', '')} unsupported", file=sys.stderr)
        raise Failed(-5)
    if data.get("type") not in kinds or not data.get("name"):
        print(f"unknown config type {data.get('type')} of file {path}", file=sys.stderr)
        raise Failed(-5)
    if data["type"] == "filament" and any(
        key in VECTORS and not isinstance(value, list) for key, value in data.items()
    ):
        print("terminate called after throwing an instance of 'std::bad_cast'", flush=True)
        os.kill(os.getpid(), signal.SIGABRT)
    return dict(data)


def _check_compatible(loaded: Mapping[str, Mapping[str, Any]]) -> None:
    """A process names the machines it is for; of a user's machine its system parent counts."""
    if set(loaded) != {"machine", "process"}:
        return
    machine = loaded["machine"]
    system = machine["name"] if machine["from"] == "system" else machine.get("inherits", "")
    if system not in (loaded["process"].get("compatible_printers") or []):
        raise Failed(-17)


def _values(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in _SKIPPED}


def _join(filaments: list[dict[str, Any]]) -> dict[str, Any]:
    """Each filament's first value, slot by slot; what none of them sets stays as it was."""
    keys = {key for data in filaments for key in _values(data)}
    joined: dict[str, Any] = {}
    for key in keys:
        found = [data.get(key, DEFAULTS.get(key, "")) for data in filaments]
        joined[key] = [item[0] if isinstance(item, list) and item else item for item in found]
    joined["filament_settings_id"] = [data["name"] for data in filaments]
    joined["filament_ids"] = [data.get("filament_id", "") for data in filaments]
    return joined
