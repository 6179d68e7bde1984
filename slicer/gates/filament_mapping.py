"""Which spool feeds which filament of a plate, and what a person should know about it.

Rules of the numbers: bambu-lan A8.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from slicer import values
from slicer.gates.color_names import color_name
from slicer.gates.compatibility import CONFIRM, OK, REFUSE, WARN, Verdict
from slicer.printfile import Filament, Plate

NEAR_COLOR = 60.0
"""Weighted RGB distance (0–765) up to which two colours pass for one."""
_UNKNOWN_COLOR = 150.0
_UNUSED = (255, 255)
_HT_FIRST = 128
_LEFT_EXTERNAL = 254
_RIGHT_EXTERNAL = 255

_FINISHES = frozenset(
    {"BASIC", "MATTE", "SILK", "TOUGH", "HF", "TRANSLUCENT", "PRO", "PLUS", "METAL", "GALAXY"}
    | {"SPARKLE", "MARBLE", "GLOW", "GRADIENT", "DUAL", "HIGH", "SPEED", "GENERIC", "BAMBU"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTray:
    """One place a filament can come from, as the printer reports it."""

    slot: str  # "A1", "HT1", "Ext"
    index: int  # ams*4+slot, 128…135 AMS HT, 254/255 external
    type: str = ""  # "" = loaded, but the printer does not know with what
    color: str = ""
    remain: int | None = None  # percent
    grams: int | None = None  # left
    external: bool = False
    empty: bool = False
    nozzle: str = ""  # "left"/"right": the only nozzle it can feed on two-nozzle printers


@dataclass(frozen=True, slots=True)
class Choice:
    filament: Filament
    tray: LoadedTray | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Mapping:
    """A tray per used filament, and the numbers the printer wants."""

    choices: tuple[Choice, ...]
    ams_mapping: tuple[int, ...]  # per project filament; -1 = unused or external
    ams_mapping2: tuple[tuple[int, int], ...]  # (ams_id, slot_id) per project filament

    @property
    def use_ams(self) -> bool:
        """False when everything comes from external spools."""
        return any(value >= 0 for value in self.ams_mapping)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(choice.verdict for choice in self.choices)


Allowed = Callable[[Filament, LoadedTray], bool]
"""Whether a tray may feed a filament at all (filament_wishes.py)."""


def propose_mapping(
    plate: Plate,
    filament_count: int,
    trays: Sequence[LoadedTray],
    allowed: Allowed = lambda _filament, _tray: True,
) -> Mapping:
    """The best tray for each used filament: same material, nearest colour, enough of it.

    Each tray is given once as long as there are enough; an external spool only feeds a filament
    that no changer slot of its material can.
    """
    taken = _assign(plate.filaments, trays, allowed)
    choices = [
        Choice(filament, tray, judge(filament, tray, trays))
        for filament, tray in ((item, taken.get(item.index)) for item in plate.filaments)
    ]
    return _mapping(choices, filament_count)


def check_mapping(
    plate: Plate, filament_count: int, trays: Sequence[LoadedTray], ams_mapping: Sequence[int]
) -> Mapping:
    """Judge a person's own mapping; -1 for a used filament means the external spool."""
    if len(ams_mapping) != filament_count:
        wrong = Verdict(
            REFUSE,
            "mapping_length",
            f"The mapping has {len(ams_mapping)} entries; the file's project has "
            f"{filament_count} filaments, used or not.",
        )
        return _mapping([Choice(item, None, wrong) for item in plate.filaments], filament_count)
    choices = []
    for filament in plate.filaments:
        wanted = ams_mapping[filament.index - 1]
        tray = _tray_of(wanted, filament, trays)
        if tray is None and wanted >= 0:
            verdict = Verdict(REFUSE, "no_tray", f"The printer has no filament slot {wanted}.")
        else:
            verdict = judge(filament, tray, trays)
        choices.append(Choice(filament, tray, verdict))
    return _mapping(choices, filament_count)


def _tray_of(wanted: int, filament: Filament, trays: Sequence[LoadedTray]) -> LoadedTray | None:
    if wanted >= 0:
        return next((tray for tray in trays if tray.index == wanted), None)
    return next((tray for tray in trays if tray.external and _reaches(tray, filament)), None)


def _mapping(choices: Sequence[Choice], filament_count: int) -> Mapping:
    length = max([filament_count, *(choice.filament.index for choice in choices)])
    flat = [-1] * length
    pairs = [_UNUSED] * length
    for choice in choices:
        if choice.tray is None:
            continue
        at = choice.filament.index - 1
        pairs[at] = _pair(choice.tray)
        if not choice.tray.external:
            flat[at] = choice.tray.index
    return Mapping(tuple(_mixed(choices)), tuple(flat), tuple(pairs))


def _mixed(choices: Sequence[Choice]) -> list[Choice]:
    """Warn where an external spool would share a job with changer slots."""
    if len({choice.tray.external for choice in choices if choice.tray}) < 2:
        return list(choices)
    text = "prints from the external spool while others come from the AMS; not every model can."
    return [
        replace(choice, verdict=Verdict(WARN, "mixed_external", f"{choice.filament.type} {text}"))
        if choice.tray and choice.tray.external and choice.verdict.level == OK
        else choice
        for choice in choices
    ]


def _pair(tray: LoadedTray) -> tuple[int, int]:
    if tray.external:
        left = tray.nozzle == "left" or tray.slot.upper().endswith(" L")
        return (_LEFT_EXTERNAL if left else _RIGHT_EXTERNAL, 0)
    if tray.index >= _HT_FIRST:
        return (tray.index, 0)
    return (tray.index // 4, tray.index % 4)


@lru_cache(maxsize=256)  # the gates ask about the same few again and again
def material(text: str) -> str:
    """A type without its finish: "PLA Matte" and "PLA+" are PLA; "PLA-CF" and "PLA-S" are not."""
    words = [word.strip("+") for word in text.upper().split()]
    kept = [word for word in words if word and word not in _FINISHES]
    return " ".join(kept) or "".join(words)


@lru_cache(maxsize=1024)
def color_distance(first: str, second: str) -> float:
    """Weighted RGB distance, 0 (same) to 765; 150 when one of them is unknown."""
    first, second = values.color(first), values.color(second)
    if not first or not second:
        return _UNKNOWN_COLOR
    (r1, g1, b1), (r2, g2, b2) = bytes.fromhex(first), bytes.fromhex(second)
    mean = (r1 + r2) / 2
    squares = (
        (2 + mean / 256) * (r1 - r2) ** 2
        + 4 * (g1 - g2) ** 2
        + (2 + (255 - mean) / 256) * (b1 - b2) ** 2
    )
    return float(squares**0.5)


def _reaches(tray: LoadedTray, filament: Filament) -> bool:
    return not tray.nozzle or not filament.nozzle or tray.nozzle == filament.nozzle


def _usable(filament: Filament, trays: Sequence[LoadedTray]) -> list[LoadedTray]:
    """Trays of the right material; without any, those whose content nobody knows."""
    near = [tray for tray in trays if _reaches(tray, filament)]
    if not filament.type:
        return [tray for tray in near if not tray.empty]
    wanted = material(filament.type)
    same = [tray for tray in near if not tray.empty and tray.type and material(tray.type) == wanted]
    if same:
        inside = [tray for tray in same if not tray.external]
        return inside or same
    unknown = [tray for tray in near if not tray.external and not tray.empty and not tray.type]
    if unknown or any(not tray.external for tray in near):
        return unknown
    return [tray for tray in near if not tray.type]


def _cost(filament: Filament, tray: LoadedTray) -> float:
    cost = color_distance(filament.color, tray.color)
    if not _enough(filament, tray):
        cost += NEAR_COLOR / 2
    return cost


def _assign(
    filaments: Sequence[Filament], trays: Sequence[LoadedTray], allowed: Allowed
) -> dict[int, LoadedTray]:
    """Cheapest pairs first, each tray once; what is left over shares the nearest tray."""
    pairs = sorted(
        (
            (_cost(filament, tray), tray.index, filament.index, tray)
            for filament in filaments
            for tray in _usable(filament, [t for t in trays if allowed(filament, t)])
        ),
        key=lambda pair: pair[:3],
    )
    taken: dict[int, LoadedTray] = {}
    used: set[int] = set()
    for _, tray_index, filament_index, tray in pairs:
        if filament_index not in taken and tray_index not in used:
            taken[filament_index] = tray
            used.add(tray_index)
    for _, _, filament_index, tray in pairs:
        taken.setdefault(filament_index, tray)
    return taken


def _enough(filament: Filament, tray: LoadedTray) -> bool:
    return filament.grams is None or tray.grams is None or tray.grams >= filament.grams


def judge(filament: Filament, tray: LoadedTray | None, trays: Sequence[LoadedTray]) -> Verdict:
    """What a person should know about one filament coming from one tray."""
    wanted = _words(filament)
    if tray is None:
        return _nothing(filament, trays)
    if tray.empty and not (tray.external and not tray.type):
        return Verdict(REFUSE, "nothing_loaded", f"Needs {wanted}; {tray.slot} is empty.")
    if not _reaches(tray, filament):
        return Verdict(
            REFUSE, "wrong_nozzle_side",
            f"Needs {wanted} on the {filament.nozzle} nozzle; {tray.slot} feeds the other one.",
        )  # fmt: skip
    if not tray.type or not filament.type:
        return Verdict(
            CONFIRM,
            "unknown_filament",
            f"Needs {wanted}; the printer does not know what is in {tray.slot}. Look at it.",
        )
    if material(tray.type) != material(filament.type):
        return Verdict(REFUSE, "wrong_material", f"Needs {wanted}; {tray.slot} holds {tray.type}.")
    return _right_material(filament, tray, wanted)


def _right_material(filament: Filament, tray: LoadedTray, wanted: str) -> Verdict:
    if not _enough(filament, tray):
        return Verdict(
            WARN,
            "not_enough",
            f"Needs {filament.grams:.0f} g of {wanted}; {tray.slot} has about {tray.grams} g left.",
        )
    far = color_distance(filament.color, tray.color) > NEAR_COLOR
    if values.color(filament.color) and values.color(tray.color) and far:
        return Verdict(
            WARN,
            "other_color",
            f"Needs {wanted}; {tray.slot} holds {_colored(tray.color, tray.type)}.",
        )
    return Verdict(OK, "match", f"{tray.slot} holds {tray.type}.")


def _nothing(filament: Filament, trays: Sequence[LoadedTray]) -> Verdict:
    wanted = _words(filament)
    loaded = [tray for tray in trays if not tray.empty and tray.type]
    if not trays:
        return Verdict(
            CONFIRM,
            "unknown_filament",
            f"Needs {wanted}; the printer does not say what is loaded. Look at it.",
        )
    if not loaded:
        return Verdict(REFUSE, "nothing_loaded", f"Needs {wanted}; nothing is loaded.")
    have = ", ".join(f"{tray.slot} {tray.type}" for tray in loaded[:6])
    return Verdict(REFUSE, "wrong_material", f"Needs {wanted}; loaded are {have}.")


def needs(plate: Plate) -> str:
    """What must be loaded, in words: "blue PLA and PETG"; "" when the file does not say."""
    named = [_words(filament) for filament in plate.filaments if filament.type]
    return " and ".join(dict.fromkeys(named))


def _words(filament: Filament) -> str:
    return _colored(filament.color, filament.type or "filament")


def _colored(color: str, kind: str) -> str:
    """ "blue PLA"; only "PLA" when the colour is not known."""
    return f"{color_word(color)} {kind}".strip()


@lru_cache(maxsize=4096)
def color_word(color: str) -> str:
    """The word for a colour, "" for an unknown one. Kept: the queue asks for a few colours, for
    every job on every printer."""
    return color_name(values.color(color), color_distance)
