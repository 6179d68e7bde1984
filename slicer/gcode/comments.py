"""Values that slicers leave in a G-code file's comments (print-files 3.1). Pure and tolerant."""

from __future__ import annotations

import re

from slicer import values

WANTED = frozenset(
    {
        # PrusaSlicer, SuperSlicer, OrcaSlicer, Bambu Studio
        "printer_model", "nozzle_diameter", "filament_type", "filament_colour", "extruder_colour",
        "filament_settings_id", "curr_bed_type", "filament used [mm]", "filament used [g]",
        "total filament used [g]", "total filament length [mm]", "total filament weight [g]",
        "filament", "estimated printing time (normal mode)", "model printing time",
        "total layer number", "total layers count", "max_z_height", "max_layer_z",
        # Cura
        "time", "print.time", "filament used", "layer_count", "maxz", "target_machine.name",
        "extruder_train.0.nozzle.diameter",
        # FlashPrint, Simplify3D
        "machine_type", "build time", "filament length", "plastic weight",
        "right_extruder_material", "left_extruder_material",
        # ideaMaker
        "print time", "dimension", *(f"material#{n} used" for n in range(1, 5)),
        *(f"filament name #{n}" for n in range(1, 5)),
    }
)  # fmt: skip
"""Keys in lower case."""

_PAIR = re.compile(r"\n; {0,4}([A-Za-z][\w .#\[\]()]{1,60}?) ?[=:] ?([^\n]{0,4000})")
_LISTED = re.compile(r"\n; {1,8}(extruderDiameter|layerHeight|printMaterial),([^\n]{1,200})")
_GENERATOR = re.compile(
    r"\n; ?(?:(?:G-Code )?generated (?:by|with)|Sliced by) "
    r"(?:([A-Za-z][\w ()\-]{1,40}?)(?: Version)? v?(\d[\w.+\-]{0,40})|([A-Za-z][\w()\-]{1,40}))",
    re.IGNORECASE,
)
_BAMBU = re.compile(r"\n; (BambuStudio) (\d[\w.]{0,40})")
_NAMES = {
    "cura_steamengine": "Cura",
    "simplify3d(r)": "Simplify3D",
    "ffslicer": "FlashPrint",
    "prusaslicer": "PrusaSlicer",
}
_MAX_DISTINCT = 8
_TIME_PART = re.compile(r"(\d{1,6}) ?(days?|hours?|hrs?|minutes?|mins?|[dhms]\b)")
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def read(text: str) -> dict[str, tuple[str, ...]]:
    """Key in lower case -> its values in the order of the file, each once. Only WANTED keys."""
    found: dict[str, list[str]] = {}
    for match in (*_PAIR.finditer(text), *_LISTED.finditer(text)):
        key = match[1].strip().lower()
        if key not in WANTED and match.re is _PAIR:
            continue
        known = found.setdefault(key, [])
        value = match[2].strip()
        if value and value not in known and len(known) < _MAX_DISTINCT:
            known.append(value)
    return {key: tuple(items) for key, items in found.items() if items}


def generator(head: str) -> tuple[str, str]:
    """(slicer, version) as the file names itself, "" for what it does not say."""
    match = _BAMBU.search(head)
    if match is not None:
        return match[1], match[2]
    match = _GENERATOR.search(head)
    if match is None:
        return "", ""
    name = " ".join((match[1] or match[3]).split())
    return _NAMES.get(name.lower(), name), (match[2] or "").split("+")[0]


def duration(text: str) -> int | None:
    """Seconds of "1d 2h 3m 4s" or "1 hour 2 minutes", None for nothing or anything else."""
    parts = _TIME_PART.findall(text.lower()[:100])
    return sum(int(amount) * _SECONDS[unit[0]] for amount, unit in parts) or None


def items(raw: str) -> tuple[str, ...]:
    """The entries of a list per filament: PrusaSlicer separates texts by ";" or ","."""
    separator = ";" if ";" in raw else ","
    return tuple(values.clean_text(entry.strip().strip('"')) for entry in raw.split(separator)[:64])
