"""PrusaSlicer's conditions, "nozzle_diameter[0]==0.4 and printer_model=~/(MK3|MINI).*/".

A grammar of its own rather than Python's: what a file says is never run. Patterns that could take
forever are refused.

    either := both (("or" | "||") both)*        both := single (("and" | "&&") single)*
    single := ("not" | "!") single | "(" either ")" | value [comparison value | match pattern]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from slicer.profiles.prusa.ini import unescaped

Settings = Mapping[str, str]
Condition = Callable[[Settings], bool]
Value = float | str
_Term = Callable[[Settings], Value]

MAX_LENGTH = 4_000
MAX_DEPTH = 40
_MAX_REPEATS = 3
_MAX_SUBJECT = 1_000  # characters a pattern is held against

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<pattern>(?:=~|!~)\s*/(?:[^/\\]|\\.)*/)
  | (?P<operator>==|!=|<>|<=|>=|<|>|&&|\|\||!|\(|\))
  | (?P<number>-?\d+(?:\.\d+)?)
  | (?P<text>"(?:[^"\\]|\\.)*")
  | (?P<name>[A-Za-z_]\w*(?:\[\d{1,2}\])?)
    )""",
    re.VERBOSE,
)


class BadCondition(ValueError):
    """Not one this reader understands, or dares to."""


def compiled(text: str) -> Condition:
    """The condition as a function of a machine's settings. Raises BadCondition."""
    return _Parser(_tokens(text)).parse()


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_LENGTH:
        raise BadCondition("it is too long")
    found: list[tuple[str, str]] = []
    at = 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise BadCondition(f'"{text[at : at + 20]}" is not understood')
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def parse(self) -> Condition:
        condition = self._either()
        if self._at < len(self._tokens):
            raise BadCondition(f'"{self._tokens[self._at][1]}" is not expected there')
        return condition

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise BadCondition("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, *words: str) -> bool:
        taken = self._at < len(self._tokens) and self._tokens[self._at][1] in words
        self._at += taken
        return taken

    def _either(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadCondition("it is nested too deeply")
        parts = [self._both()]
        while self._takes("or", "||"):
            parts.append(self._both())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else lambda given: any(part(given) for part in parts)

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._takes("and", "&&"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else lambda given: all(part(given) for part in parts)

    def _single(self) -> Condition:
        if self._takes("not", "!"):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise BadCondition("it is nested too deeply")
            inner = self._single()
            self._depth -= 1
            return lambda given: not inner(given)
        if self._takes("("):
            inner = self._either()
            if not self._takes(")"):
                raise BadCondition("a parenthesis is not closed")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._value()
        if self._at < len(self._tokens) and self._tokens[self._at][0] == "pattern":
            return _matching(left, self._next()[1])
        for operator in _COMPARE:
            if self._takes(operator):
                return _comparing(left, operator, self._value())
        return lambda given: left(given) not in ("", "0", "false", 0.0)

    def _value(self) -> _Term:
        kind, text = self._next()
        if kind == "number":
            number = float(text)
            return lambda _given: number
        if kind == "text":
            words = unescaped(text[1:-1])
            return lambda _given: words
        if kind != "name" or text in ("and", "or", "not"):
            raise BadCondition(f'"{text}" is not expected there')
        return _variable(text)


def _variable(text: str) -> _Term:
    name, bracket, index = text.rstrip("]").partition("[")
    if not bracket:
        return lambda given: unescaped(given.get(name, ""))

    def element(given: Settings) -> Value:
        parts = re.split("[,;]", given.get(name, ""))
        place = int(index)
        return parts[place if place < len(parts) else 0].strip().strip('"')

    return element


def _matching(left: _Term, token: str) -> Condition:
    wanted = token.startswith("=~")
    source = token[2:].strip()[1:-1]
    if len(re.findall(r"(?<![\\(])[*+{?]", source)) > _MAX_REPEATS or re.search(
        r"\)[*+{?]", source
    ):
        raise BadCondition("its pattern repeats too much")
    try:
        pattern = re.compile(source, re.DOTALL)
    except re.error as error:
        raise BadCondition(f"its pattern is damaged: {error}") from error

    def matches(given: Settings) -> bool:
        subject = str(left(given))
        return len(subject) <= _MAX_SUBJECT and (pattern.fullmatch(subject) is not None) is wanted

    return matches


def _comparing(left: _Term, operator: str, right: _Term) -> Condition:
    compare = _COMPARE[operator]
    return lambda given: compare(left(given), right(given))


def _number(value: Value) -> float:
    if isinstance(value, str):
        first = value.partition(",")[0].strip().rstrip("%")
        try:
            return float(first or 0)
        except ValueError:
            return float("nan")
    return value


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return abs(_number(left) - _number(right)) < 1e-6


_COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<>": lambda left, right: not _equal(left, right),
    "<=": lambda left, right: _number(left) <= _number(right),
    ">=": lambda left, right: _number(left) >= _number(right),
    "<": lambda left, right: _number(left) < _number(right),
    ">": lambda left, right: _number(left) > _number(right),
}
