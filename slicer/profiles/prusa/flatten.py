"""Writes out what PrusaSlicer's presets inherit; pure."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Unusable
from slicer.profiles.prusa import ini as prusa_ini
from slicer.profiles.prusa.ini import Section

MAX_PARENTS = 32
MAX_DEPTH = 32
MAX_VALUES = 1_000_000  # of all presets together; Prusa's own have about 150,000
_OWN_ONLY = ("inherits", "renamed_from")

Values = dict[str, str]


def is_abstract(name: str) -> bool:
    """``*common*`` is there to inherit from, never to choose."""
    return name.startswith("*") and name.endswith("*")


class Flattener:
    """Presets of one kind in one file."""

    def __init__(self, sections: Mapping[str, Section], name: str) -> None:
        """``sections`` by preset name; ``name`` is the file's, for sentences."""
        self._sections = sections
        self._name = name
        self._done: dict[str, Values] = {}
        self._values = 0

    def flat(self, preset: str, above: tuple[str, ...] = ()) -> Values:
        """All its values; a later parent's before an earlier one's, its own before all.

        A parent that is not in the file is left out: an export holds every value anyway. Raises
        Unusable for a circle and for anything out of proportion.
        """
        known = self._done.get(preset)
        if known is not None:
            return known
        if preset in above or len(above) >= MAX_DEPTH:
            raise self._tangled(preset, "inherits from itself in the end")
        section = self._sections[preset]
        parents = prusa_ini.texts(section.values.get("inherits", ""))
        if len(parents) > MAX_PARENTS:
            raise self._tangled(preset, f"inherits from more than {MAX_PARENTS} others")
        values: Values = {}
        for parent in parents:
            if parent in self._sections:
                values |= self.flat(parent, (*above, preset))
        for key in _OWN_ONLY:
            values.pop(key, None)
        values |= section.values
        self._count(len(values))
        self._done[preset] = values
        return values

    def missing_parents(self, preset: str) -> list[str]:
        """Names it inherits from that are not in the file."""
        parents = prusa_ini.texts(self._sections[preset].values.get("inherits", ""))
        return [parent for parent in parents if parent not in self._sections]

    def _count(self, more: int) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            raise Unusable(
                f"{self._name} inherits more than {MAX_VALUES} values. Export fewer presets.",
                code="profiles_inherit_too_much",
            )

    def _tangled(self, preset: str, what: str) -> Unusable:
        return Unusable(
            f'{self._name} cannot be used: its preset "{preset}" {what}. '
            "Export it from PrusaSlicer again.",
            code="profiles_inherit_loop",
            details={"preset": preset},
        )
