"""Reads one line of G-code far enough to know what it would do, so that safety.py can judge it.

Nothing here talks to a printer. A line that is not understood counts as movement: allowed at
rest, refused while a job is open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from core.errors import BadRequest
from printers import klipper_gcode

MAX_LINE = 200
_CODE = re.compile(r"([GMT])0*(\d{1,4})(\.\d+)?", re.ASCII)
_WORD = re.compile(r"[A-Z][-+]?\d*\.?\d*", re.ASCII)
_TEXT_CODES = frozenset({"M117", "M118"})  # carry free text for a display
_HOST_ACTION = re.compile(r"action\s*:", re.IGNORECASE)
"""What a printer prints to have its host pause, cancel or start something. M118 would echo it, and
puts the "//" before it by itself when it is given A1."""


class Effect(Enum):
    """What a line does to the machine."""

    MOVES = "moves"  # motors, or anything we do not know
    EXTRUDES = "extrudes"
    HEATS = "heats"  # sets a target and returns at once
    WAITS = "waits"  # heats and blocks the printer until reached
    HARMLESS = "harmless"  # fans, reports, messages, speed factors
    FORBIDDEN = "forbidden"  # never through the console


@dataclass(frozen=True, slots=True)
class GcodeLine:
    """One parsed line: ``code`` is normalised ("G1", "M104"), ``words`` maps letter to number."""

    code: str
    words: Mapping[str, float | None]
    effect: Effect
    heater: str = ""  # for HEATS and WAITS
    why: str = ""  # for FORBIDDEN


_HEATERS = {
    "M104": ("nozzle", Effect.HEATS),
    "M109": ("nozzle", Effect.WAITS),
    "M140": ("bed", Effect.HEATS),
    "M190": ("bed", Effect.WAITS),
    "M141": ("chamber", Effect.HEATS),
    "M191": ("chamber", Effect.WAITS),
}
_HARMLESS = frozenset(
    {"M105", "M106", "M107", "M114", "M115", "M117", "M118", "M119", "M220", "M221", "M355"}
)
_FORBIDDEN = {
    **dict.fromkeys(
        ("M23", "M24", "M25", "M26", "M28", "M29", "M30", "M32", "M524"),
        "prints are started and stopped with the farm's own buttons, never by G-code",
    ),
    **dict.fromkeys(
        ("M500", "M501", "M502", "M504"), "it rewrites the settings stored in the printer"
    ),
    **dict.fromkeys(("M997", "M999"), "it restarts or reflashes the firmware"),
    **dict.fromkeys(
        ("M121", "M211", "M302", "M303", "M564"),
        "it would switch off one of the printer's own protections",
    ),
    "M112": "use the emergency stop button",
}
_WHATEVER_FOLLOWS = frozenset({*_HEATERS, *_FORBIDDEN, "G0", "G1", "G2", "G3", "G28"})
"""Judged alike with and without a subcode: firmware runs M104.1 as M104."""


def parse_line(line: str, *, extended: bool = False) -> GcodeLine:
    """One line -> what it would do. ``extended``: the printer also takes Klipper's named commands.

    Raises BadRequest for anything but exactly one command.
    """
    text = line.strip()
    if not text or len(text) > MAX_LINE:
        raise BadRequest(f"Write one G-code command of 1 to {MAX_LINE} characters.")
    if not text.isprintable() or ";" in text:
        raise BadRequest("Write one G-code command on one line, without a comment.")
    first, _, rest = text.partition(" ")
    match = _CODE.fullmatch(first.upper())
    if match is None:
        if extended and (named := klipper_gcode.classify(first, rest)) is not None:
            return GcodeLine(
                first.upper(), named.words, Effect(named.effect), named.heater, named.why
            )
        raise BadRequest(f"{first[:20]!r} is no G-code command. Example: M104 S200")
    code = f"{match[1]}{match[2]}"
    if code not in _WHATEVER_FOLLOWS:
        code += match[3] or ""
    if code in _TEXT_CODES and _HOST_ACTION.search(rest):
        why = "the printer would echo it as an order to its print server"
        return GcodeLine(code, {}, Effect.FORBIDDEN, why=why)
    words = {} if code in _TEXT_CODES else _read_words(rest.upper())
    return _classify(code, words)


def _read_words(text: str) -> dict[str, float | None]:
    words: dict[str, float | None] = {}
    for token in text.split():
        if not _WORD.fullmatch(token):
            raise BadRequest(f"{token[:20]!r} is not a letter followed by a number.")
        letter, number = token[0], token[1:]
        if letter in "GMN" or letter in words:
            raise BadRequest("Write one G-code command at a time.")
        words[letter] = float(number) if number.strip("+-.") else None
    return words


def _classify(code: str, words: dict[str, float | None]) -> GcodeLine:
    if code in _FORBIDDEN:
        return GcodeLine(code, words, Effect.FORBIDDEN, why=_FORBIDDEN[code])
    if code in _HEATERS:
        heater, effect = _HEATERS[code]
        if heater == "nozzle" and (tool := words.get("T")):
            heater = f"nozzle{int(tool) + 1}"
        return GcodeLine(code, words, effect, heater=heater)
    if code in _HARMLESS:
        return GcodeLine(code, words, Effect.HARMLESS)
    if code in ("G0", "G1", "G2", "G3") and "E" in words:
        return GcodeLine(code, words, Effect.EXTRUDES)
    return GcodeLine(code, words, Effect.MOVES)
