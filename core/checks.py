"""Small checks of settings: each returns the clean value or says in words what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from core.secret import Secret

Problems = list[str]
Check = Callable[[Any], Any]
"""Returns the clean value; raises ValueError with what is wanted."""


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text in quotes")
    return value.strip()


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError('must be a list of texts, like ["a", "b"]')
    return tuple(item.strip() for item in value)


def secret(value: Any) -> Secret:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError('must be in quotes, like "12345678", or leading zeros are lost')
    return Secret(text(value))


def number(low: float, high: float, *, whole: bool = False) -> Check:
    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        if not low <= value <= high or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            raise ValueError(f"must be {kind} from {low:g} to {high:g}")
        return int(value) if whole else float(value)

    return check


def mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be an object in braces")
    return value


def entries(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("must be a list in brackets")
    return value


def one_of(*allowed: str) -> Check:
    def check(value: Any) -> Any:
        if value not in allowed:
            near = suggest(str(value), allowed).strip()
            raise ValueError(f"must be one of {', '.join(allowed)}. {near}".strip(". "))
        return value

    return check


PORT = number(1, 65535, whole=True)


def suggest(key: str, known: Iterable[str]) -> str:
    near = get_close_matches(key, list(known), 1, 0.6)
    return f' Did you mean "{near[0]}"?' if near else ""


def clean_entries(
    path: str, raw: Any, checks: Mapping[str, Check], problems: Problems, also: Iterable[str] = ()
) -> dict[str, Any]:
    """The entries of ``raw`` that pass; what does not is added to ``problems`` with its path."""
    if not isinstance(raw, dict):
        problems.append(f"{path}: must be an object in braces.")
        return {}
    clean: dict[str, Any] = {}
    for key, value in raw.items():
        if key in also or key.startswith("_"):
            continue
        if key not in checks:
            problems.append(f'{path}: unknown setting "{key}".{suggest(key, checks)}')
            continue
        try:
            clean[key] = checks[key](value)
        except ValueError as error:
            problems.append(f"{path}.{key}: {error}.")
    return clean
