"""What a person wants a print made of: its type, a colour of one family, or one exact colour.

Without a wish a file's own material is needed and its colour only told (filament_mapping.py). A
wish makes the colour count, and may name another one than the file was sliced with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from slicer import values
from slicer.gates.filament_mapping import LoadedTray, color_distance, color_word, material
from slicer.printfile import Filament, Plate

TYPE, FAMILY, EXACT = "type", "family", "exact"
MATCHES = (TYPE, FAMILY, EXACT)
SAME_COLOR = 12.0
"""Weighted RGB distance (0–765) up to which nobody tells two colours apart: presets and spools
round their colours differently."""
_FAMILIES = {
    "dark grey": "grey", "light grey": "grey", "light yellow": "yellow", "lime": "green",
    "dark green": "green", "sage": "green", "light blue": "blue", "navy": "blue",
    "lilac": "purple", "magenta": "pink", "terracotta": "orange", "beige": "brown",
}  # fmt: skip
"""Colour word -> its family's; the others are families of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilamentWish:
    """About one filament of a plate, or all of them."""

    index: int = 0  # project slot as in the file, 1-based; 0 = every filament of the plate
    match: str = TYPE  # of MATCHES
    type: str = ""  # "PETG"; "" = as the file says
    color: str = ""  # "RRGGBB"; "" = as the file says


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One spool to load."""

    type: str  # as filament_mapping.material
    family: str = ""  # "" = any colour
    color: str = ""  # RRGGBB when only this very one will do
    hint: str = field(default="", compare=False)  # the file's colour where any would do

    @property
    def text(self) -> str:
        """ "black PETG" """
        words = self.family or self.hint
        code = f" #{self.color}" if self.color else ""
        return f"{words} {self.type or 'filament'}{code}".strip()

    def covers(self, other: Need) -> bool:
        """Whether this spool also serves who needs the other."""
        if self.type != other.type:
            return False
        if other.color:
            return bool(self.color) and color_distance(self.color, other.color) <= SAME_COLOR
        return not other.family or other.family == self.family


def family_of(color: str) -> str:
    """The family's word for an RRGGBB colour, "" for an unknown one."""
    word = color_word(color)
    return _FAMILIES.get(word, word)


def wish_for(wishes: Sequence[FilamentWish], index: int) -> FilamentWish | None:
    """The wish about this filament; one that names it outweighs one about all."""
    own = next((wish for wish in wishes if wish.index == index), None)
    return own or next((wish for wish in wishes if wish.index == 0), None)


def wished(plate: Plate, wishes: Sequence[FilamentWish]) -> Plate:
    """The plate with the colours that are wanted, and the types it did not tell."""
    if not wishes:
        return plate
    told = plate.filaments or (Filament(index=1, type=""),)
    return replace(plate, filaments=tuple(_wished(item, wishes) for item in told))


def _wished(filament: Filament, wishes: Sequence[FilamentWish]) -> Filament:
    wish = wish_for(wishes, filament.index)
    if wish is None:
        return filament
    return replace(
        filament,
        type=filament.type or wish.type,
        color=values.color(wish.color) or filament.color,
    )


def meets(wish: FilamentWish, filament: Filament, tray: LoadedTray) -> bool | None:
    """Whether what is loaded is what is wanted; None: the printer does not know what it is.
    ``filament`` as ``wished`` gives it."""
    if tray.empty:
        return False
    if filament.type and tray.type and material(tray.type) != material(filament.type):
        return False
    known = bool(tray.type) or not filament.type
    if wish.match != TYPE:
        if not values.color(tray.color):
            return None
        if not _is_color(wish, filament.color, tray.color):
            return False
    return True if known else None


def _is_color(wish: FilamentWish, wanted: str, loaded: str) -> bool:
    if wish.match == EXACT:
        return color_distance(wanted, loaded) <= SAME_COLOR
    return family_of(wanted) == family_of(loaded)


def need_of(filament: Filament, wish: FilamentWish | None) -> Need:
    """What would have to be loaded. ``filament`` as ``wished`` gives it."""
    kind = material(filament.type)
    family = family_of(filament.color)
    if wish is None or wish.match == TYPE or not family:
        return Need(type=kind, hint=family)
    color = values.color(filament.color) if wish.match == EXACT else ""
    return Need(type=kind, family=family, color=color)


def loaded_words(trays: Sequence[LoadedTray], most: int = 6) -> str:
    """ "A1 white PETG, A2 black PLA"; "nothing" when all is empty."""
    named = [
        " ".join(filter(None, (tray.slot, family_of(tray.color), tray.type or "unknown filament")))
        for tray in trays
        if not tray.empty and (tray.type or tray.color)
    ]
    return ", ".join(named[:most]) or "nothing"


def mistake_in(wishes: Sequence[FilamentWish], plate: Plate) -> tuple[str, str] | None:
    """(code, sentence) when no printer could ever meet these wishes; None = all is well."""
    if len({wish.index for wish in wishes}) != len(wishes):
        return "filament_twice", "There are two wishes about the same filament."
    used = {item.index for item in plate.filaments} or {1}
    for wish in wishes:
        if wish.index and wish.index not in used:
            have = ", ".join(map(str, sorted(used)))
            return "no_filament", f"The plate has no filament {wish.index}; it uses {have}."
    for item in plate.filaments or (Filament(index=1, type=""),):
        found = _mistake(wish_for(wishes, item.index), item)
        if found is not None:
            return found
    return None


def _mistake(wish: FilamentWish | None, filament: Filament) -> tuple[str, str] | None:
    if wish is None:
        return None
    if wish.type and filament.type and material(wish.type) != material(filament.type):
        text = f"The file was sliced for {filament.type}; slice it again for {wish.type}."
        return "filament_differs", text
    if wish.match != TYPE and not (values.color(wish.color) or values.color(filament.color)):
        return "filament_no_color", "The file does not say its colour. Choose the colour it needs."
    return None
