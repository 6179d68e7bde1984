"""What Moonraker reads out of a G-code file: the slicer's figures, bytes and thumbnails."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from simulator.moonraker.gcode_program import estimated_s

_BLOCK = 524_288  # bytes looked at from either end
_SLICERS = (
    ("PrusaSlicer", re.compile(rb"PrusaSlicer\s+(\S+)\s+on")),
    ("OrcaSlicer", re.compile(rb"OrcaSlicer\s+(\S+)\s+on")),
    ("Cura", re.compile(rb"Cura_SteamEngine\s+(\S+)")),
)
_FIRST = re.compile(rb"\n[MG]\d+\s.*\n")
_LAST = re.compile(rb"\n[MG]\d+\s[^\n]*(?=\n)")
_LAYER_Z = re.compile(rb"^;Z:(\d+(?:\.\d+)?)", re.MULTILINE)
_MOVE_Z = re.compile(rb"^G1 Z(\d+(?:\.\d+)?)", re.MULTILINE)
_THUMBNAIL = re.compile(rb"; thumbnail begin (\d+)x(\d+) \d+\s*\n(.*?); thumbnail end", re.DOTALL)
_SMALL = 32  # pixels; made when the file has none of this size


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """``file_name`` inside .thumbs; ``data`` a PNG."""

    width: int
    height: int
    suffix: str  # "32x32"
    data: bytes


def thumbnails_of(gcode: bytes) -> list[Thumbnail]:
    """The PNG pictures of a file, and a small one when it has none."""
    found = []
    for width, height, text in _THUMBNAIL.findall(gcode[:_BLOCK]):
        data = base64.b64decode(text.replace(b";", b""), validate=False)
        size = f"{int(width)}x{int(height)}"
        found.append(Thumbnail(int(width), int(height), size, data))
    if found and all((one.width, one.height) != (_SMALL, _SMALL) for one in found):
        found.insert(0, _smaller(found[-1]))
    return found


def _smaller(one: Thumbnail) -> Thumbnail:
    picture = Image.open(io.BytesIO(one.data))
    picture.thumbnail((_SMALL, _SMALL))
    out = io.BytesIO()
    picture.save(out, format="PNG")
    return Thumbnail(*picture.size, f"{_SMALL}x{_SMALL}", out.getvalue())


def metadata_of(gcode: bytes) -> dict[str, Any]:
    """Without size, modified, uuid and thumbnails. Only keys that the file answers."""
    head, tail = gcode[:_BLOCK], gcode[-_BLOCK:]
    name, version = _slicer(head)
    found: dict[str, Any] = {"file_processors": [], "slicer": name, "slicer_version": version}
    first, last = _FIRST.search(head), _last_end(tail)
    if first is not None:
        found["gcode_start_byte"] = first.start()
    if last:
        found["gcode_end_byte"] = len(gcode) - len(tail) + last
    found.update(_READERS.get(name, _prusa)(head, tail))
    return {key: value for key, value in found.items() if value is not None}


def _last_end(tail: bytes) -> int:
    """Where the last command with something behind it ends; 0 for none."""
    where = len(tail)
    while where > 0:
        where = max(tail.rfind(b"\nM", 0, where), tail.rfind(b"\nG", 0, where))
        match = _LAST.match(tail, where) if where >= 0 else None
        if match:
            return match.end() + 1
    return 0


def _slicer(head: bytes) -> tuple[str, str]:
    for name, pattern in _SLICERS:
        match = pattern.search(head)
        if match:
            return name, match[1].decode("utf-8", "replace")
    return "Unknown", "?"


def _text(data: bytes, key: str) -> str | None:
    match = re.search(
        rb"^; " + re.escape(key).encode() + rb"\s*[=:][ \t]*(.*)$", data, re.MULTILINE
    )
    return match[1].decode("utf-8", "replace").strip() if match else None


def _float(data: bytes, *keys: str) -> float | None:
    for key in keys:
        match = re.match(r"-?\d+(?:\.\d+)?", _text(data, key) or "")
        if match:
            return float(match[0])
    return None


def _list(data: bytes, *keys: str) -> list[str]:
    for key in keys:
        text = _text(data, key)
        if text:
            return [part.strip().strip('"') for part in re.split("[,;]", text) if part.strip(' "')]
    return []


def _highest(pattern: re.Pattern[bytes], data: bytes) -> float | None:
    values = [float(one) for one in pattern.findall(data)]
    return max(values) if values else None


def _named(data: bytes, key: str) -> str | None:
    """One name as it is, several as a JSON list in a text, as Moonraker gives them."""
    text = _text(data, key)
    if text is None:
        return None
    names = [part.strip().strip('"') for part in text.split(";")]
    return names[0] if len(names) == 1 else str(names).replace("'", '"')


def _prusa(head: bytes, tail: bytes) -> dict[str, Any]:
    both = head if len(head) == len(tail) and head == tail else head + tail
    temps = _list(both, "temperature", "nozzle_temperature")
    flag = _float(both, "single_extruder_multi_material")
    changes = _float(both, "total toolchanges")
    layers = _float(both, "total layer number", "total layers count")
    orca = b"OrcaSlicer" in head[:2000]
    return {
        "layer_count": int(layers) if layers is not None and orca else None,
        "object_height": _highest(_LAYER_Z if b";BEFORE_LAYER" in tail else _MOVE_Z, tail),
        "estimated_time": int(estimated_s(tail)) or None,
        "nozzle_diameter": _float(both, "nozzle_diameter"),
        "layer_height": _float(both, "layer_height"),
        "first_layer_height": _float(both, "first_layer_height", "initial_layer_print_height"),
        "first_layer_extr_temp": _float(
            both, "first_layer_temperature", "nozzle_temperature_initial_layer"
        ),
        "first_layer_bed_temp": _float(
            both, "first_layer_bed_temperature", "bed_temperature_initial_layer_single"
        ),
        "chamber_temp": _float(both, "chamber_temperature"),
        "filament_name": _named(both, "filament_settings_id"),
        "filament_type": _named(both, "filament_type"),
        "filament_colors": _list(both, "filament_colour"),
        "filament_change_count": int(changes) if changes else None,
        "extruder_colors": _list(both, "extruder_colour"),
        "filament_temps": [int(float(one)) for one in temps],
        "referenced_tools": [],
        "mmu_print": None if flag is None else int(flag),
        "filament_total": _sum(tail, "filament used [mm]"),
        "filament_weight_total": _float(tail, "total filament used [g]"),
        "filament_weights": [float(one) for one in _list(tail, "filament used [g]")],
        "printer_vendor": _text(both, "printer_vendor"),
        "printer_model": _text(both, "printer_model"),
        "printer_variant": _text(both, "printer_variant"),
        "profile_version": _text(both, "profile_version"),
    }


def _sum(data: bytes, key: str) -> float | None:
    parts = _list(data, key)
    return round(sum(float(one) for one in parts), 2) if parts else None


def _cura(head: bytes, _tail: bytes) -> dict[str, Any]:
    def find(pattern: bytes) -> float | None:
        match = re.search(pattern, head, re.MULTILINE)
        return float(match[1]) if match else None

    layers, metres = find(rb"^;LAYER_COUNT:(\d+)"), find(rb"^;Filament used: ([\d.]+)m")
    return {
        "layer_count": None if layers is None else int(layers),
        "object_height": find(rb"^;MAXZ:([\d.]+)"),
        "estimated_time": find(rb"^;TIME:(\d+)"),
        "layer_height": find(rb"^;Layer height: ([\d.]+)"),
        "first_layer_height": find(rb"^;MINZ:([\d.]+)"),
        "first_layer_extr_temp": find(rb"^M109 S([\d.]+)"),
        "first_layer_bed_temp": find(rb"^M190 S([\d.]+)"),
        "filament_total": None if metres is None else round(metres * 1000, 2),
    }


def _unknown(head: bytes, tail: bytes) -> dict[str, Any]:
    def find(pattern: bytes) -> float | None:
        match = re.search(pattern, head, re.MULTILINE)
        return float(match[1]) if match else None

    return {
        "object_height": _highest(_MOVE_Z, tail),
        "first_layer_height": find(rb"^G1 Z([\d.]+)"),
        "first_layer_extr_temp": find(rb"^M109 S([\d.]+)"),
        "first_layer_bed_temp": find(rb"^M190 S([\d.]+)"),
    }


_READERS: dict[str, Callable[[bytes, bytes], dict[str, Any]]] = {
    "Cura": _cura,
    "Unknown": _unknown,
}
