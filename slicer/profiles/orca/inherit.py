"""Writes out what presets inherit: child over parent, as the slicers' own window does.

The order is theirs: first the parent, then what is included, then the preset's own values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.errors import TooLarge, Unusable
from slicer.profiles.orca.raw import MAX_KEYS, RawPreset
from slicer.profiles.presets import PresetKind

MAX_DEPTH = 16  # real chains reach 5

Find = Callable[[PresetKind, str], RawPreset | None]
"""The raw preset of a kind and name, from wherever it may be."""


class Flattener:
    """Flattens presets of one place; what was flattened once is not computed again."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._done: dict[tuple[PresetKind, str], Mapping[str, Any]] = {}

    def flatten(self, preset: RawPreset) -> Mapping[str, Any]:
        """All values. Raises Unusable naming the missing parent or the circle, or TooLarge."""
        return self._values(preset, ())

    def ancestors(self, preset: RawPreset) -> tuple[str, ...]:
        """Names of what it is built on, nearest first. Only for what could be flattened."""
        found: list[str] = []
        parent = preset.parent
        while parent and len(found) <= MAX_DEPTH:
            found.append(parent)
            above = self._find(preset.kind, parent)
            parent = above.parent if above else ""
        return tuple(found)

    def _values(self, preset: RawPreset, below: tuple[str, ...]) -> Mapping[str, Any]:
        key = (preset.kind, preset.name)
        if key in self._done:
            return self._done[key]
        if preset.name in below:
            raise Unusable(
                f"The presets {preset.name} and {below[-1]} inherit from each other in a circle. "
                "Export them from the slicer again.",
                code="preset_circle",
            )
        if len(below) >= MAX_DEPTH:
            raise TooLarge(
                f"The preset {below[0]} inherits through more than {MAX_DEPTH} others; "
                "no slicer's does.",
                code="preset_too_deep",
            )
        merged: dict[str, Any] = {}
        for name in (preset.parent, *preset.includes):
            if name:
                merged.update(self._inherited(preset, name, below))
        merged.update(preset.values)
        if len(merged) > MAX_KEYS:
            raise TooLarge(
                f"With what it inherits, {preset.name} comes to more than {MAX_KEYS:,} values; "
                "no slicer's preset does.",
                code="preset_too_large",
            )
        self._done[key] = merged
        return merged

    def _inherited(self, preset: RawPreset, name: str, below: tuple[str, ...]) -> dict[str, Any]:
        found = self._find(preset.kind, name)
        if found is None:
            raise Unusable(
                f"The {preset.kind.value} preset {preset.name} builds on {name}, which is not in "
                "the export. Install the slicer it is from on the farm's machine, or export it "
                "together with what it builds on.",
                code="preset_parent_missing",
                details={"preset": preset.name, "parent": name},
            )
        values = dict(self._values(found, (*below, preset.name)))
        for own in _NOT_INHERITED:
            values.pop(own, None)
        return values


_NOT_INHERITED = (
    "name", "from", "type", "setting_id", "instantiation", "description", "base_id", "user_id",
    "updated_time", "version", "renamed_from", "alias", "is_custom_defined",
)  # fmt: skip
"""What says who a preset is, not how to print."""
