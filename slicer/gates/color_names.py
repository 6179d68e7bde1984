"""A colour in words, for sentences: people load "blue PLA", not "PLA #2A6FD0"."""

from __future__ import annotations

from collections.abc import Callable

NAMES: dict[str, str] = {
    "101214": "black", "4A4D52": "dark grey", "85898F": "grey", "C3C6CA": "light grey",
    "F7F7F5": "white", "E6D7B5": "beige", "7B4B2A": "brown", "C4633F": "terracotta",
    "C1121F": "red", "F07F1E": "orange", "EFB93A": "yellow", "F7E463": "light yellow",
    "A7CF3A": "lime", "2F9E4F": "green", "1E5B32": "dark green", "8FA58A": "sage",
    "1F9E96": "teal", "7FC4EA": "light blue", "2A6FD0": "blue", "20366E": "navy",
    "7A3FB0": "purple", "B9A0E0": "lilac", "F29AB8": "pink", "D81E78": "magenta",
}  # fmt: skip
"""RRGGBB -> the word for colours near it."""


def color_name(rgb: str, distance: Callable[[str, str], float]) -> str:
    """The word for an RRGGBB colour, "" for an unknown one. ``distance`` compares two colours."""
    if not rgb:
        return ""
    return NAMES[min(NAMES, key=lambda known: distance(known, rgb))]
