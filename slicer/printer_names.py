"""Whether two ways of writing a printer's name mean the same machine.

Makes other than Bambu have no model ids: the file has its profile's name ("MK3S"), the owner's
configuration has theirs ("Original Prusa MK3S+"). Only spelling is forgiven, never a difference
that could be another machine: "Ender-3" is not "Ender-3 Pro", "K1" is not "K1 Max".
"""

from __future__ import annotations

import re

_VENDORS = (
    "original prusa", "prusa research", "prusa", "creality", "bambu lab", "bambulab", "bambu",
    "sovol", "anycubic", "elegoo", "artillery", "voron", "ratrig", "rat rig", "flashforge",
    "qidi", "snapmaker", "anker", "ankermake", "ultimaker", "lulzbot", "kingroon", "flsun",
)  # fmt: skip
_NOZZLE = re.compile(
    r"(?<![\d.])0?\.\d+ ?(?:mm(?: ?noz(?:zle)?)?|noz(?:zle)?)$|\bnozzle$", re.IGNORECASE
)
"""Not a number alone, which may be the model: "Voron 0.2"."""
_SILENT = frozenset(
    {"", "unknown", "custom", "custom printer", "none", "default", "my printer", "fff printer",
     "printer", "klipper", "octoprint", "prusalink"}
)  # fmt: skip
_MMU = re.compile(r" ?MMU\dS?$", re.IGNORECASE)
_VARIANT = re.compile(r"(mk4|mk39|mk35|mini|xl\d?)is(?=mmu|$)")
"""PrusaSlicer's former profiles for Input Shaper are the same machines."""


def says_nothing(name: str) -> bool:
    """Placeholders ("Generic RepRap Printer"), and profile variables that nobody filled in."""
    plain = name.casefold().strip()
    return plain in _SILENT or plain.startswith("generic") or "[" in name or "{" in name


def same_printer(first: str, second: str) -> bool:
    """Two names for one machine; a name like "MK3S & MK3S+" stands for each of its parts."""
    return bool(spellings(first) & spellings(second))


def is_same_with_mmu(base: str, name: str) -> bool:
    """Whether ``name`` is ``base`` with a multi-material unit: a start code checks the machine
    alone, its profile names both ("MK4" and "MK4ISMMU3")."""
    rest = _MMU.sub("", name)
    return rest != name and same_printer(base, rest)


def spellings(name: str) -> set[str]:
    """Every machine the name stands for, in one way of writing it."""
    parts = re.split(r"\s+(?:&|and|or)\s+|\s*[/|]\s*", _NOZZLE.sub("", name.strip()))
    return {spelling for part in parts if (spelling := _spelling(part))}


def _spelling(name: str) -> str:
    words = " ".join(re.sub(r"[-_]", " ", name.casefold()).split())
    for vendor in _VENDORS:
        rest = words.removeprefix(vendor + " ")
        if rest != words:
            words = rest
            break
    if words.startswith("i3 mk"):
        words = words.removeprefix("i3 ")
    plain = re.sub(r"[^\w+]", "", words)
    if plain.startswith(("mk3s+", "mk2.5s+", "mk25s+")):  # one profile and one firmware type
        plain = plain.replace("+", "", 1)
    return _VARIANT.sub(r"\1", plain)
