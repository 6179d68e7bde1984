"""Reads a JSON object field by field; what is left over at the end is a mistake of the sender."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flask import request

from core import jsonio
from core.errors import BadRequest, TooLarge, Unusable
from web.errors import WrongMediaType

MAX_JSON_BYTES = 64 * 1024
_REQUIRED: Any = object()


class Fields:
    """Typed access to a body. Wrong type or missing: 400. Out of range: 422."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body
        self._read: set[str] = set()

    def _take(self, name: str, default: Any) -> Any:
        self._read.add(name)
        value = self._body.get(name)
        if value is None:
            if default is _REQUIRED:
                raise BadRequest(f"The field {name!r} is missing.", details={"field": name})
            return default
        return value

    def has(self, name: str) -> bool:
        """Whether it was sent at all, and not as null."""
        self._read.add(name)
        return self._body.get(name) is not None

    @property
    def names(self) -> frozenset[str]:
        """The fields that were given, null included."""
        return frozenset(self._body)

    def any(self, name: str) -> Any:
        """As it was sent; None when it was not. What has more than one form is read by hand."""
        return self._take(name, None)

    def text(self, name: str, default: str = _REQUIRED, *, longest: int = 200) -> str:
        value = self._take(name, default)
        if not isinstance(value, str):
            raise _wrong(name, "text")
        if len(value) > longest:
            raise _out(name, f"at most {longest} characters long")
        if any(ord(mark) < 32 or 0x7F <= ord(mark) < 0xA0 for mark in value):
            raise _wrong(name, "one line of text without control characters")
        return value

    def flag(self, name: str, default: bool = _REQUIRED) -> bool:
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise _wrong(name, "true or false")
        return value

    def number(self, name: str, low: float, high: float, default: float = _REQUIRED) -> float:
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _wrong(name, "a number")
        if not math.isfinite(value) or not low <= value <= high:
            raise _out(name, f"between {low:g} and {high:g}")
        return float(value)

    def whole(self, name: str, low: int, high: int, default: int = _REQUIRED) -> int:
        value = self.number(name, low, high, default)
        if not value.is_integer():
            raise _wrong(name, "a whole number")
        return int(value)

    def maybe_whole(self, name: str, low: int, high: int) -> int | None:
        self._read.add(name)
        return None if self._body.get(name) is None else self.whole(name, low, high)

    def maybe_number(self, name: str, low: float, high: float) -> float | None:
        self._read.add(name)
        return None if self._body.get(name) is None else self.number(name, low, high)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in allowed:
            raise _out(name, f"one of {', '.join(allowed)}")
        return value

    def items(self, name: str, default: Any = _REQUIRED, *, most: int = 500) -> list[Any]:
        value = self._take(name, default)
        if not isinstance(value, (list, tuple)):
            raise _wrong(name, "a list")
        if len(value) > most:
            raise _out(name, f"a list of at most {most} entries")
        return list(value)

    def choices(
        self, name: str, allowed: tuple[str, ...], default: Any = _REQUIRED
    ) -> tuple[str, ...]:
        values = self.items(name, default)
        if not all(isinstance(value, str) for value in values):
            raise _wrong(name, "a list of words")
        if not set(values) <= set(allowed):
            raise _out(name, f"made of {', '.join(allowed)}")
        return tuple(dict.fromkeys(values))

    def texts(self, name: str, default: Any = _REQUIRED) -> tuple[str, ...]:
        values = self.items(name, default)
        if not all(isinstance(value, str) and 0 < len(value) <= 200 for value in values):
            raise _wrong(name, "a list of words")
        return tuple(dict.fromkeys(values))

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._take(name, {})
        if not isinstance(value, dict):
            raise _wrong(name, "an object")
        return value

    def whole_numbers(self, name: str, low: int, high: int, default: Any = _REQUIRED) -> list[int]:
        """As in ``whole``, 2.0 is 2: JSON knows only numbers."""
        values = self.items(name, default)
        for value in values:
            if isinstance(value, bool) or not (isinstance(value, int) or _is_whole(value)):
                raise _wrong(name, "a list of whole numbers")
            if not low <= value <= high:
                raise _out(name, f"made of numbers between {low} and {high}")
        return [int(value) for value in values]

    def done(self) -> None:
        """Raises BadRequest naming every field nobody has read."""
        unknown = sorted(set(self._body) - self._read)
        if unknown:
            names = ", ".join(repr(name[:60]) for name in unknown[:10])
            raise BadRequest(f"Unknown field: {names}.", details={"unknown": unknown[:10]})


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


def _wrong(name: str, wanted: str) -> BadRequest:
    return BadRequest(f"The field {name!r} must be {wanted}.", details={"field": name})


def _out(name: str, wanted: str) -> Unusable:
    return Unusable(
        f"The field {name!r} must be {wanted}.", code="out_of_range", details={"field": name}
    )


def json_body(*, optional: bool = True) -> Fields:
    """The request's JSON object. No body at all is {} where ``optional``.

    Raises WrongMediaType unless application/json: a form of another site cannot send that.
    """
    if request.content_length is not None and request.content_length > MAX_JSON_BYTES:
        raise TooLarge(f"A command is at most {MAX_JSON_BYTES // 1024} KiB long.")
    raw = request.get_data(cache=True)
    if not raw and optional and request.mimetype in ("", "application/json"):
        return Fields({})
    if request.mimetype != "application/json":
        raise WrongMediaType("Send the command as application/json.")
    return Fields(parse_object(raw, "body"))


def parse_object(raw: bytes | str, what: str) -> dict[str, Any]:
    try:
        value = jsonio.loads(raw)
    except jsonio.JSONDecodeError as error:
        raise BadRequest(f"The {what} is not valid JSON.") from error
    if not isinstance(value, dict):
        raise BadRequest(f"The {what} must be a JSON object.")
    return value
