"""How much filament a plate needs, as its slicer counted. The library is handed in: what it keeps
is the slicer room's, which alerts do not import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from core.errors import NotFound

Grams = Callable[[str, int], Mapping[int, float]]
"""(file id, plate) -> grams by project slot (1-based); {} when the file is gone or does not say."""


class Library(Protocol):
    """Of slicer.library.FileLibrary."""

    def get(self, file_id: str) -> Any:
        """Raises NotFound."""


def grams_in(library: Library) -> Grams:
    def grams(file_id: str, number: int) -> Mapping[int, float]:
        try:
            plate = library.get(file_id).file.plate(number)
        except NotFound:
            return {}
        used = plate.filaments if plate is not None else ()
        return {one.index: one.grams for one in used if one.grams}

    return grams
