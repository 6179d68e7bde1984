"""Which filaments a plain G-code file uses, from the slicer's comments (print-files 3.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slicer import values
from slicer.gcode.comments import items
from slicer.printfile import Filament

_TOOL = re.compile(r"\nT(\d{1,2})(?=[ ;\r\n]|$)")
_METERS = re.compile(r"(\d{1,6}(?:\.\d{1,9})?) ?(mm|m)?(?:,|$| )")

_IDEAMAKER = range(1, 5)  # the extruders it numbers

Lookup = Callable[[str], str]
"""A comment's key -> its text, "" when the file does not have it."""


@dataclass(frozen=True, slots=True)
class _Use:
    """What one project filament contributes; the slot is 1-based."""

    slot: int
    grams: float | None = None
    meters: float | None = None


def filaments_of(text: Lookup, head: str) -> tuple[tuple[Filament, ...], int]:
    """(used filaments by slot, filaments of the project). What is unknown stays empty."""
    types = items(text("filament_type")) if text("filament_type") else _printed(text)
    colors = _colors(text)
    names = [name.split(" @")[0] for name in items(text("filament_settings_id"))]
    if not any(names):
        names = [values.clean_text(text(f"filament name #{n}"), 60) for n in _IDEAMAKER]
    uses = _uses(text, head, len(types))
    filaments = tuple(
        Filament(
            index=use.slot,
            type=_at(types, use.slot)[:40],
            color=_at(colors, use.slot),
            name=_at(names, use.slot),
            grams=use.grams,
            meters=use.meters,
        )
        for use in uses
    )
    return filaments, max([len(types), *(use.slot for use in uses)])


def _printed(text: Lookup) -> tuple[str, ...]:
    """Simplify3D names its material once, FlashPrint one for each side, the right one first."""
    if text("printmaterial"):
        return items(text("printmaterial"))
    sides = [text(f"{side}_extruder_material") for side in ("right", "left")]
    listed = sides if sides[1] else sides[:1]
    return tuple(values.clean_text(side, 40) for side in listed) if any(sides) else ()


def _colors(text: Lookup) -> list[str]:
    """The extruder's colour wins: with an MMU it is what a person gave the slot."""
    for key in ("extruder_colour", "filament_colour"):
        found = [values.color(item) for item in items(text(key))]
        if any(found):
            return found
    return []


def _at(listed: Sequence[str], slot: int) -> str:
    return listed[slot - 1] if slot <= len(listed) else ""


def _uses(text: Lookup, head: str, types: int) -> list[_Use]:
    named = [int(slot) for slot in values.numbers(text("filament"), 1, 64)]
    if named:  # Bambu Studio's header: one amount per used slot
        grams = values.numbers(text("total filament weight [g]"), 0.0, 1e6)
        length = values.numbers(text("total filament length [mm]"), 0.0, 1e9)
        return [_use(slot, at, grams, length) for at, slot in enumerate(named)]
    weight = text("filament used [g]") or text("plastic weight").split(" ")[0]
    grams = values.numbers(weight, 0.0, 1e6)
    length = _lengths(text)
    if max(len(grams), len(length)) > 1:
        uses = [_use(at + 1, at, grams, length) for at in range(max(len(grams), len(length)))]
        return [use for use in uses if use.grams or use.meters]
    if not (types or any(grams) or any(length)):
        return []
    return [_use(_only_slot(head, types), 0, grams, length)]


def _use(slot: int, at: int, grams: Sequence[float], length: Sequence[float]) -> _Use:
    weight = grams[at] if at < len(grams) else 0.0
    reach = length[at] if at < len(length) else 0.0
    return _Use(slot, weight or None, round(reach / 1000, 3) or None)


def _lengths(text: Lookup) -> tuple[float, ...]:
    """In mm. Cura writes "1.39m, 0.2m", Simplify3D "1390.2 mm (1.39 m)", ideaMaker a key each."""
    told = values.numbers(text("filament used [mm]"), 0.0, 1e9)
    if told:
        return told
    each = [values.number(text(f"material#{n} used"), 0.0, 1e9) for n in _IDEAMAKER]
    if any(each):
        return tuple(length or 0.0 for length in each)
    first = text("filament length").split("(")[0]
    found = [
        float(match[1]) * (1.0 if match[2] == "mm" else 1000.0)
        for match in _METERS.finditer(text("filament used") or first)
    ]
    return tuple(found[:16])


def _only_slot(head: str, types: int) -> int:
    """The slot of a file that gives one amount: its only tool, where it picks one."""
    tools = {int(match[1]) for match in _TOOL.finditer(head)}
    slot = tools.pop() + 1 if len(tools) == 1 else 1
    return slot if slot <= max(types, 1) else 1
