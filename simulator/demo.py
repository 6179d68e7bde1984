"""The farm that a newcomer sees: mixed models, and something different going on at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from simulator.specs import DEFAULT_MODELS, KINDS, PrinterSpec, make_spec

_TREES = (
    "Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Juniper", "Larch",
    "Maple", "Oak", "Rowan", "Spruce", "Ash", "Beech", "Cypress", "Hawthorn",
    "Linden", "Pine", "Poplar", "Willow", "Yew", "Aspen", "Chestnut", "Hornbeam",
)  # fmt: skip
_MODELS = (
    ("bambu", "X1C"), ("prusalink", "MK4"), ("moonraker", "Voron 2.4"), ("octoprint", "Ender 3"),
    ("bambu", "P1S"), ("bambu", "A1"), ("prusalink", "XL"), ("bambu", "H2D"),
    ("bambu", "A1 mini"), ("moonraker", "Voron 0.2"), ("octoprint", "MK3S"), ("bambu", "P1P"),
    ("bambu", "P2S"), ("prusalink", "MK3S"), ("moonraker", "Voron 2.4"), ("octoprint", "Ender 3"),
    ("bambu", "X1E"), ("prusalink", "MINI"),
)  # fmt: skip
"""Every kind among the first four printers."""

_SCENARIOS = (
    "printing", "idle", "busy_farm", "preparing", "finished", "paused_filament",
    "printing", "idle", "busy_farm", "printing", "fault_hms", "busy_farm",
)  # fmt: skip


def demo_specs(count: int, scenario: str = "", kinds: Sequence[str] = KINDS) -> list[PrinterSpec]:
    """``count`` printers (1–1000) of these kinds, at least six models in the first eight.

    The id is the name in lower case ("oak", "oak-2"). ``scenario`` puts all of them into one.
    """
    models = [entry for entry in _MODELS if entry[0] in kinds]
    return [_demo_spec(index, scenario, *models[index % len(models)]) for index in range(count)]


def _demo_spec(index: int, scenario: str, kind: str, model: str) -> PrinterSpec:
    round_number, position = divmod(index, len(_TREES))
    name = _TREES[position] + (f" {round_number + 1}" if round_number else "")
    return make_spec(
        name.lower().replace(" ", "-"),
        name,
        model,
        index + 1,
        scenario or _SCENARIOS[index % len(_SCENARIOS)],
        kind=kind,
    )


def spec_from_entry(entry: dict[str, Any], index: int) -> PrinterSpec:
    """A spec from a configuration's entry; what is missing or empty is made up.

    Raises ValueError for a type or a model the simulator does not know, KeyError without an id.
    """
    printer_id = entry["id"]
    kind = entry.get("type") or "bambu"
    made = make_spec(
        printer_id,
        entry.get("name") or printer_id,
        entry.get("model") or DEFAULT_MODELS.get(kind, ""),
        index,
        entry.get("scenario") or "idle",
        kind=kind,
        tls=bool(entry.get("tls")),
        flavour=entry.get("flavour") or "",
    )
    given = {
        name: entry[name]
        for name in ("serial", "access_code", "api_key", "user", "password")
        if entry.get(name)
    }
    return replace(made, **given)
