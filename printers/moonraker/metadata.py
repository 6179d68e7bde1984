"""What Moonraker read out of a G-code file (server.files.metadata)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from printers.moonraker.values import dicts, name, number, whole


@dataclass(frozen=True, slots=True)
class Metadata:
    """Of one file. Everything but its name may be unknown."""

    filename: str
    start_byte: int | None = None  # where the moves begin, after thumbnails and comments
    end_byte: int | None = None
    estimated_s: float | None = None
    layer_height: float | None = None  # mm
    first_layer_height: float | None = None
    object_height: float | None = None
    layer_count: int | None = None
    thumbnails: tuple[tuple[int, str], ...] = ()  # (width, path beside the file)

    @property
    def layers(self) -> int | None:
        """As the slicer counted, else from the heights."""
        if self.layer_count:
            return self.layer_count
        height, step = self.object_height, self.layer_height
        if not height or not step:
            return None
        first = self.first_layer_height or step
        return max(1, round((height - first) / step) + 1)

    def layer_at(self, z: float) -> int | None:
        """The layer a nozzle at ``z`` mm prints, 0 below the first."""
        step, total = self.layer_height, self.layers
        if not step or total is None:
            return None
        first = self.first_layer_height or step
        return max(0, min(total, int((z - first) / step + 1.01)))


def _positive(value: object) -> float | None:
    found = number(value)
    return found if found is not None and found > 0 else None


def _millimetres(value: object) -> float | None:
    """A height that a printer can have: numbers beyond that would make layers beyond sense."""
    found = number(value)
    return found if found is not None and 0.001 <= found <= 100_000 else None


def read_metadata(raw: Mapping[str, Any], filename: str) -> Metadata:
    """Never raises; ``filename`` is what was asked for."""
    count = whole(raw.get("layer_count"))
    return Metadata(
        filename=filename,
        start_byte=whole_byte(raw.get("gcode_start_byte")),
        end_byte=whole_byte(raw.get("gcode_end_byte")),
        estimated_s=_positive(raw.get("estimated_time")),
        layer_height=_millimetres(raw.get("layer_height")),
        first_layer_height=_millimetres(raw.get("first_layer_height")),
        object_height=_millimetres(raw.get("object_height")),
        layer_count=count if count and count > 0 else None,
        thumbnails=tuple(_thumbnails(raw.get("thumbnails"))),
    )


def whole_byte(value: object) -> int | None:
    """A place in a file; files may be larger than what ``whole`` takes."""
    found = number(value)
    return int(found) if found is not None and 0 <= found < 1 << 53 else None


def _thumbnails(raw: object) -> list[tuple[int, str]]:
    found = []
    for entry in dicts(raw):
        width, path = whole(entry.get("width")), name(entry.get("relative_path"))
        if width and path:
            found.append((width, path))
    return found
