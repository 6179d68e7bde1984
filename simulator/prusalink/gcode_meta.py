"""What PrusaLink reads from a G-code file: the comments that PrusaSlicer writes."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any

_COMMENT = re.compile(r"^; ([A-Za-z][\w ()\[\]]*?) = (.+?)\s*$", re.MULTILINE)
_THUMBNAIL = re.compile(rb"; thumbnail begin (\d+)x(\d+) \d+\r?\n(.*?); thumbnail end", re.DOTALL)
_HEAD, _TAIL = 400_000, 40_000
_TIME = "estimated printing time (normal mode)"
_PER_TOOL: dict[str, type] = {
    "filament_type": str,
    "nozzle_diameter": float,
    "bed_temperature": int,
    "temperature": int,
    "filament used [mm]": float,
    "filament used [cm3]": float,
    "filament used [g]": float,
    "filament cost": float,
}
_PLAIN: dict[str, type] = {"printer_model": str, "layer_height": float, "max_layer_z": float}
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


@lru_cache(maxsize=256)
def _read(head: str, tail: str) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    for key, text in (*_COMMENT.findall(head), *_COMMENT.findall(tail)):
        if key in meta:
            continue
        if key in _PER_TOOL:
            values = [_value(_PER_TOOL[key], part) for part in re.split("[,;] *", text)]
            meta[f"{key} per tool"] = values
            meta[key] = values[0] if key != "filament_type" else ", ".join(map(str, values))
        elif key in _PLAIN:
            meta[key] = _value(_PLAIN[key], text)
        elif key == _TIME:
            meta[key] = text
    return meta


def _value(kind: type, text: str) -> Any:
    try:
        return kind(float(text)) if kind is int else kind(text)
    except ValueError:
        return None


def seconds(text: str) -> int:
    """Of "1d 2h 3m 4s"."""
    return sum(int(n) * _UNITS[u] for n, u in re.findall(r"(\d+)\s*([dhms])", text))


def meta_of(gcode: bytes) -> dict[str, Any]:
    """The ``meta`` object, keys as the server beside an MK3 has them."""
    head = gcode[:_HEAD].decode("utf-8", "replace")
    meta = dict(_read(head[:8000], gcode[-_TAIL:].decode("utf-8", "replace")))
    if re.search(r"^M73 .*P\d", head, re.MULTILINE):
        meta["normal_percent_present"] = True
    if re.search(r"^M73 .*R\d", head, re.MULTILINE):
        meta["normal_left_present"] = True
    if "\n;Z:" in head:
        meta["layer_info_present"] = True
    meta["estimated_print_time"] = seconds(meta[_TIME]) if _TIME in meta else None
    return meta


def thumbnail(gcode: bytes, *, small: bool = False) -> bytes | None:
    """The largest PNG in the file, or the smallest."""
    found = sorted(_THUMBNAIL.findall(gcode[:_HEAD]), key=lambda t: int(t[0]) * int(t[1]))
    if not found:
        return None
    text = found[0 if small else -1][2]
    return base64.b64decode(b"".join(line.strip(b"; \r") for line in text.split(b"\n")))
