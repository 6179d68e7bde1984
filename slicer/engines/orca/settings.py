"""The settings files OrcaSlicer and Bambu Studio are given, each standing alone (print-files 1.4).

The command line resolves nothing: what a file leaves out is silently a default of a 200 mm bed and
weightless filament. A preset of a user's counts there as what it inherits from, and one that
inherits nothing fits no process; so each is written as a system preset of its own name, and the
process and the filaments name that very machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import jsonio
from core.errors import Unusable
from slicer.profiles.presets import Choice, Family, Preset, PresetKind

REQUIRED = {
    PresetKind.MACHINE: (
        "printer_model", "printable_area", "printable_height", "nozzle_diameter",
        "machine_start_gcode",
    ),
    PresetKind.PROCESS: ("layer_height",),
    PresetKind.FILAMENT: ("filament_type", "filament_density", "nozzle_temperature"),
}  # fmt: skip
"""Without one of these the slicer would print with its defaults and say nothing."""

_DROPPED = frozenset(
    {"inherits", "include", "post_process", "compatible_printers_condition",
     "compatible_prints_condition", "compatible_prints", "different_settings_to_system",
     "default_bed_type"}
)  # fmt: skip


BED_TYPES = (
    "Cool Plate", "Engineering Plate", "High Temp Plate", "Textured PEI Plate",
    "Textured Cool Plate", "Supertack Plate",
)  # fmt: skip


def bed_type(choice: Choice) -> str:
    """The machine's usual build plate, "" when its presets name none.

    Only the slicers' windows look at it; the command line would take the Cool Plate.
    """
    told = choice.machine.settings.get("default_bed_type")
    return told if told in BED_TYPES else ""


def write(folder: Path, choice: Choice, count: int) -> tuple[tuple[Path, Path], tuple[Path, ...]]:
    """((machine, process), filaments) as files; ``count`` filaments, the last one repeated.

    Raises Unusable for presets that are incomplete or not for each other.
    """
    check(choice)
    machine = choice.machine.name
    main = tuple(
        _file(folder / f"{preset.kind.value}.json", preset, machine)
        for preset in (choice.machine, choice.process)
    )
    filaments = [
        _file(folder / f"filament_{at}.json", preset, machine)
        for at, preset in enumerate(choice.filaments, 1)
    ]
    filaments += [filaments[-1]] * (count - len(filaments))
    return (main[0], main[1]), tuple(filaments)


def _file(path: Path, preset: Preset, machine: str) -> Path:
    path.write_bytes(jsonio.dumps_pretty(document(preset, machine)))
    return path


def document(preset: Preset, machine: str) -> dict[str, Any]:
    """One preset as the command line wants it."""
    kept = {key: value for key, value in preset.settings.items() if key not in _DROPPED}
    own = {"type": preset.kind.value, "name": preset.name, "from": "system", "inherits": ""}
    if preset.kind is PresetKind.MACHINE:
        return {**kept, **own}
    return {**kept, **own, "compatible_printers": [machine]}


def check(choice: Choice) -> None:
    """Raises Unusable with a code of its own for what the slicer would slice wrongly or not."""
    if choice.family is not Family.ORCA or not choice.filaments:
        raise Unusable(
            "These are no presets of OrcaSlicer or Bambu Studio. Choose a set of theirs.",
            code="presets_family",
        )
    filaments = [PresetKind.FILAMENT] * len(choice.filaments)
    wanted = (PresetKind.MACHINE, PresetKind.PROCESS, *filaments)
    presets = (choice.machine, choice.process, *choice.filaments)
    for preset, kind in zip(presets, wanted, strict=True):
        if preset.kind is not kind:
            raise Unusable(
                f"{preset.name} is a {preset.kind.value} preset, not one for a {kind.value}.",
                code="preset_kind",
            )
        _check_whole(preset)
        _check_machine(preset, choice.machine.name)


def _check_whole(preset: Preset) -> None:
    if preset.settings.get("inherits"):
        raise Unusable(
            f"The preset {preset.name} still inherits from {preset.settings['inherits']}. "
            "Import it again together with that one.",
            code="preset_inherits",
        )
    missing = [key for key in REQUIRED[preset.kind] if not _has(preset.settings, key)]
    if missing:
        raise Unusable(
            f"The preset {preset.name} lacks {', '.join(missing)}; the slicer would fill in "
            "defaults that suit no printer. Export it from the slicer with what it builds on.",
            code="preset_incomplete",
        )


def _has(settings: Mapping[str, Any], key: str) -> bool:
    value = settings.get(key)
    return any(str(item).strip() for item in (value if isinstance(value, list) else [value or ""]))


def _check_machine(preset: Preset, machine: str) -> None:
    if preset.machines is not None and machine not in preset.machines:
        raise Unusable(
            f"{preset.name} is not made for {machine}. Choose one that is.",
            code="preset_for_other_machine",
        )
