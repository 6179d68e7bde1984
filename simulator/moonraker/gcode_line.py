"""One line of G-code as Klippy reads it: classic ("G1 X5") or extended ("SET_PIN PIN=a")."""

from __future__ import annotations

import re
import shlex

from simulator.moonraker.errors import GcodeError

_HEAD = re.compile(r"([A-Za-z_]+)(\d+(?:\.\d+)?)?")
_WORDS = re.compile(r"([A-Za-z*])\s*([^A-Za-z*\s]*)")
_RAW = frozenset({"M117", "M118"})  # the rest of the line is a text


class Line:
    """``name`` in capitals; ``params`` by name in capitals; ``rest`` is what follows the name."""

    __slots__ = ("name", "params", "raw", "rest")

    def __init__(self, raw: str, name: str, params: dict[str, str], rest: str) -> None:
        self.raw = raw
        self.name = name
        self.params = params
        self.rest = rest

    def text(self, key: str, default: str | None = None) -> str:
        """A parameter. Raises GcodeError when it is missing and there is no default."""
        value = self.params.get(key, default)
        if value is None:
            raise GcodeError(f"Error on '{self.raw}': missing {key}")
        return value

    def number(
        self,
        key: str,
        default: float | None = None,
        *,
        low: float | None = None,
        high: float | None = None,
    ) -> float:
        """A number. Raises GcodeError: missing, unreadable, or outside ``low`` … ``high``."""
        text = self.text(key, None if default is None else str(default))
        try:
            value = float(text)
        except ValueError:
            raise GcodeError(f"Error on '{self.raw}': unable to parse {text}") from None
        if low is not None and value < low:
            raise GcodeError(f"Error on '{self.raw}': {key} must have minimum of {low}")
        if high is not None and value > high:
            raise GcodeError(f"Error on '{self.raw}': {key} must have maximum of {high}")
        return value

    def letters(self, wanted: str) -> dict[str, float]:
        """The numbers behind these letters; what is no number is passed over."""
        found = {}
        for letter in wanted:
            try:
                found[letter] = float(self.params[letter])
            except (KeyError, ValueError):
                continue
        return found


def parse_line(raw: str) -> Line | None:
    """None for an empty line or a comment."""
    text = raw.split(";", 1)[0].strip()
    head = _HEAD.match(text)
    if not text or head is None:
        return None
    word, number = head[1].upper(), head[2]
    if len(word) == 1 and number is not None:
        rest = text[head.end() :].strip()
        name = word + number
        params = {} if name in _RAW else {k.upper(): v for k, v in _WORDS.findall(rest)}
        return Line(text, name, params, rest)
    name, _, rest = text.partition(" ")
    return Line(text, name.upper(), _extended(text, rest), rest.strip())


def _extended(raw: str, rest: str) -> dict[str, str]:
    try:
        pieces = shlex.split(rest)
    except ValueError:
        raise GcodeError(f"Malformed command '{raw}'") from None
    return {k.upper(): v for k, _, v in (piece.partition("=") for piece in pieces) if k}
