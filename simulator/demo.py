"""The farm that a newcomer sees: mixed models, and something different going on at each."""

from __future__ import annotations

from dataclasses import replace

from simulator.specs import PrinterSpec, make_spec

_TREES = (
    "Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Juniper", "Larch",
    "Maple", "Oak", "Rowan", "Spruce", "Ash", "Beech", "Cypress", "Hawthorn",
    "Linden", "Pine", "Poplar", "Willow", "Yew", "Aspen", "Chestnut", "Hornbeam",
)  # fmt: skip
_MODELS = ("X1C", "P1S", "A1", "H2D", "A1 mini", "P1P", "P1S", "P2S", "X1C", "A1", "P1S", "X1E")
_SCENARIOS = (
    "printing", "idle", "busy_farm", "preparing", "finished", "paused_filament",
    "printing", "idle", "busy_farm", "printing", "fault_hms", "busy_farm",
)  # fmt: skip


def demo_specs(count: int, scenario: str = "") -> list[PrinterSpec]:
    """``count`` printers (1–1000), at least six models in the first eight.

    The id is the name in lower case ("oak", "oak-2"). ``scenario`` puts all of them into one.
    """
    return [_demo_spec(index, scenario) for index in range(count)]


def _demo_spec(index: int, scenario: str) -> PrinterSpec:
    round_number, position = divmod(index, len(_TREES))
    name = _TREES[position] + (f" {round_number + 1}" if round_number else "")
    return make_spec(
        name.lower().replace(" ", "-"),
        name,
        _MODELS[index % len(_MODELS)],
        index + 1,
        scenario or _SCENARIOS[index % len(_SCENARIOS)],
    )


def spec_from_entry(entry: dict[str, str], index: int) -> PrinterSpec:
    """A spec from a configuration's entry; what is missing or empty is made up.

    Raises ValueError for a model the simulator does not know, KeyError without an id.
    """
    printer_id = entry["id"]
    made = make_spec(
        printer_id,
        entry.get("name") or printer_id,
        entry.get("model") or "P1S",
        index,
        entry.get("scenario") or "idle",
    )
    return replace(
        made,
        serial=entry.get("serial") or made.serial,
        access_code=entry.get("access_code") or made.access_code,
    )
