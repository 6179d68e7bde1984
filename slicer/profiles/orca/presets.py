"""From flattened values to the farm's Preset: what it is for and what it may be used with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from slicer import values
from slicer.profiles.orca.inherit import Flattener
from slicer.profiles.orca.raw import RawPreset
from slicer.profiles.presets import Preset, PresetKind

_CONDITION = re.compile(
    r"(printer_model|nozzle_diameter\[0\])\s*(==|=~)\s*(?:\"([^\"]*)\"|/([^/]*)/|([\d.]+))"
)
_PLAIN_PATTERN = re.compile(r"(?:\.\*)?([\w \-+.]*?)(?:\.\*)?")


def preset_of(raw: RawPreset, settings: Mapping[str, Any]) -> Preset:
    """``machines`` is what the preset itself lists; see ``with_own_machines``."""
    nozzles = values.texts(settings.get("nozzle_diameter", []))
    materials = values.texts(settings.get("filament_type", []))
    is_machine = raw.kind is PresetKind.MACHINE
    return Preset(
        kind=raw.kind,
        name=raw.name,
        settings={**settings, "type": raw.kind.value, "inherits": ""},
        model=values.clean_text(settings.get("printer_model")) if is_machine else "",
        nozzle_mm=values.number(nozzles[0], 0.05, 5.0) if is_machine and nozzles else None,
        material=materials[0] if raw.kind is PresetKind.FILAMENT and materials else "",
        machines=None if is_machine else _listed(settings),
    )


def _listed(settings: Mapping[str, Any]) -> tuple[str, ...] | None:
    """An empty list says: any machine."""
    return tuple(name for name in values.texts(settings.get("compatible_printers", []), 2_000)
                 if name) or None  # fmt: skip


def fitted(
    presets: Iterable[Preset], raws: Mapping[tuple[PresetKind, str], RawPreset], flat: Flattener
) -> tuple[list[Preset], list[str]]:
    """The presets with the names of machines they may be used with; and warnings.

    A person's own machine takes what the machine it is built on takes, and a condition decides
    where a preset lists no machine.
    """
    found = list(presets)
    machines = [preset for preset in found if preset.kind is PresetKind.MACHINE]
    above = {item.name: set(flat.ancestors(raws[item.kind, item.name])) for item in machines}
    ready: list[Preset] = []
    warnings: list[str] = []
    for preset in found:
        names = preset.machines
        if names is not None:
            own = [name for name, parents in above.items() if parents & set(names)]
            names = tuple(dict.fromkeys((*names, *own)))
        elif preset.kind is not PresetKind.MACHINE and (rule := _rule(preset)):
            names = _by_condition(rule, machines)
            if names is None:
                warnings.append(_UNREADABLE.format(name=preset.name))
        ready.append(replace(preset, machines=names))
    return ready, warnings


_UNREADABLE = "{name} is for printers by a rule the farm cannot read; it is offered for all."


def _rule(preset: Preset) -> str:
    return str(preset.settings.get("compatible_printers_condition", "")).strip()


def with_bed_type(preset: Preset, beds: Mapping[str, str]) -> Preset:
    """A machine with its model's usual build plate, unless it names one itself."""
    bed = beds.get(preset.model)
    if preset.kind is not PresetKind.MACHINE or not bed:
        return preset
    return replace(preset, settings={"default_bed_type": bed, **preset.settings})


def _by_condition(condition: str, machines: Iterable[Preset]) -> tuple[str, ...] | None:
    """Names of the machines it is true for; None for one that is not simple.

    Simple is ``printer_model=="X" and nozzle_diameter[0]==0.4``, and ``=~/.*X.*/`` with plain text.
    """
    tests = [_CONDITION.fullmatch(part.strip()) for part in re.split(r"\s+and\s+", condition)]
    simple = [test for test in tests if test is not None and _is_simple(test)]
    if len(simple) != len(tests):
        return None
    return tuple(
        machine.name for machine in machines if all(_holds(test, machine) for test in simple)
    )


def _is_simple(test: re.Match[str]) -> bool:
    if test[2] == "=~":
        return test[1] == "printer_model" and _PLAIN_PATTERN.fullmatch(test[4] or "\n") is not None
    return test[4] is None and (test[1] == "printer_model") == (test[3] is not None)


def _holds(test: re.Match[str], machine: Preset) -> bool:
    if test[2] == "=~":
        pattern = _PLAIN_PATTERN.fullmatch(test[4])
        return pattern is not None and pattern[1] in machine.model
    if test[1] == "printer_model":
        return machine.model == test[3]
    wanted = values.number(test[5])
    return (
        wanted is not None
        and machine.nozzle_mm is not None
        and (abs(machine.nozzle_mm - wanted) < 0.01)
    )
