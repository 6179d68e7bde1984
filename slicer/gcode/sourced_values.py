"""Values of a plain or binary G-code file, each with the place it was found in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from slicer import values
from slicer.gcode import comments

Found = Mapping[str, tuple[str, ...]]
"""Key in lower case -> its values in the order of the file."""


class Reader:
    """Looks values up in order of trust and remembers where each one was found."""

    def __init__(self, found: Found, places: Mapping[str, Found] | None = None) -> None:
        """``places``: parts of the file by name, where ``found`` was gathered from several."""
        self._found = found
        self._places = places or {}
        self._looked_up: list[str] = []
        self.sources: dict[str, str] = {}

    def number(self, field: str, keys: Sequence[str], low: float, high: float) -> float | None:
        for key in keys:
            value = values.number(self.text(key), low, high)
            if value is not None:
                self.sources[field] = self.place(key)
                return value
        return None

    def seconds(self, keys: Sequence[str]) -> int | None:
        for key in keys:
            value = comments.duration(self.text(key))
            if value is not None:
                self.sources["seconds"] = self.place(key)
                return value
        return None

    def place(self, key: str) -> str:
        """The key, behind the name of the part of the file that gave its value."""
        part = next((name for name, values in self._places.items() if key in values), "")
        return f"{part}: {key}" if part else key

    def models(self) -> dict[str, list[str]]:
        """Each place with settings -> the printer names in it."""
        places = self._places or {"settings": self._found}
        return {name: list(values.get("printer_model", ())) for name, values in places.items()}

    def text(self, key: str) -> str:
        """The key's first value, "" without one."""
        value = self._found.get(key, ("",))[0]
        if value.strip('";, '):
            self._looked_up.append(key)
        return value

    @contextlib.contextmanager
    def noting(self, field: str) -> Iterator[None]:
        """Everything found in between is where ``field`` comes from."""
        self._looked_up.clear()
        yield
        if self._looked_up:
            places = [self.place(key) for key in self._looked_up]
            self.sources[field] = ", ".join(dict.fromkeys(places))

    def all(self, *keys: str) -> list[str]:
        return [value for key in keys for value in self._found.get(key, ())]
