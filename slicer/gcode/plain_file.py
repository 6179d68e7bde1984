"""A plain G-code file as a PrintFile with one plate: what it needs, and whether it is sound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from core.errors import Unusable
from slicer import models, values
from slicer.gcode import comments, object_labels, pictures
from slicer.gcode.scan import GcodeScan, scan
from slicer.gcode.sourced_values import Reader
from slicer.gcode.used_filaments import filaments_of
from slicer.printer_names import is_same_with_mmu, same_printer, says_nothing
from slicer.printfile import Filament, Plate, PrintFile

KIND = "gcode"
MAX_HEIGHT_MM = 10_000.0
_PLACEHOLDER_S = 6666  # CuraEngine without Cura's front end (print-files 1.3)
_ELAPSED = re.compile(r"\n;TIME_ELAPSED:(\d{1,9}(?:\.\d{1,9})?)")
_TOTAL = re.compile(r"total estimated time[:=] ?([0-9dhms ]{2,40})")
_MODEL_CHECK = re.compile(r'\nM862\.3 P ?"?([^"\n;]{1,60})')
_NOZZLE_CHECK = re.compile(r"\nM862\.1 P(\d\.?\d{0,3})")
_OPENED = re.compile(
    r"\n; (?:(\w{3,20}_config) = (begin|end)|(HEADER|CONFIG|EXECUTABLE)_BLOCK_(START|END))"
)


def inspect_gcode(path: Path, name: str) -> PrintFile:
    """Read a plain G-code file whole. Raises Unusable or TooLarge with a reason of its own."""
    found = scan(path, name)
    slicer, version = comments.generator(found.head)
    _require_sound(found, name, slicer)
    return build_file(
        KIND,
        found,
        Reader(comments.read(found.text)),
        (slicer, version),
        has_thumbnail=(pictures.picture(path) or pictures.other_picture(path)) is not None,
        warnings=_warnings(found, slicer, version),
    )


def build_file(
    kind: str,
    found: GcodeScan,
    reader: Reader,
    made_by: tuple[str, str],
    *,
    has_thumbnail: bool,
    warnings: tuple[str, ...] = (),
) -> PrintFile:
    """One plate from a scan of its moves and the values that stand beside them.

    ``made_by``: the slicer and its version.
    """
    with reader.noting("filaments"):
        filaments, count = filaments_of(reader.text, found.head)
    if not filaments:
        reader.sources.pop("filaments", None)
    plate = _plate(found, reader, filaments, has_thumbnail)
    noted = {
        "slicer": "header" if made_by[0] else "",
        "filament_count": "filaments" if count else "",
        "objects": "labels" if plate.objects else "",
        "thumbnail": "comments" if has_thumbnail else "",
    }
    return PrintFile(
        kind=kind,
        slicer=made_by[0],
        slicer_version=made_by[1],
        filament_count=count,
        plates=(plate,),
        warnings=warnings,
        sources={name: place for name, place in noted.items() if place} | reader.sources,
    )


def _require_sound(found: GcodeScan, name: str, slicer: str) -> None:
    require_commands(found, name)
    if _left_open(found.text) or (slicer and found.cut_line):
        raise Unusable(
            f"{name} is cut short: its end is missing, as after a broken download. "
            "Export or upload it again.",
            code="truncated",
        )
    require_print(found, name)


def require_commands(found: GcodeScan, name: str) -> None:
    """Raises Unusable for text without any command."""
    if not found.has_commands:
        raise Unusable(
            f"{name} holds only comments and no G-code. Export it from the slicer again.",
            code="gcode_only_comments",
        )


def require_print(found: GcodeScan, name: str) -> None:
    """Raises Unusable when no move lays down filament."""
    if not found.extrudes:
        raise Unusable(
            f"{name} prints nothing: no move in it lays down filament. "
            "Slice the model and export it again.",
            code="empty_plate",
        )


def _left_open(text: str) -> bool:
    """A block of the slicer's that begins and never ends."""
    state: dict[str, bool] = {}
    for match in _OPENED.finditer(text):
        state[match[1] or match[3]] = (match[2] or match[4]) in ("begin", "START")
    return any(state.values())


def _warnings(found: GcodeScan, slicer: str, version: str) -> tuple[str, ...]:
    if found.cut_line:
        return ("The last line has no line end; the file may be cut short.",)
    closing = _closing(slicer, version)
    if closing and closing not in found.text:
        return (f"{slicer}'s closing lines are missing; the file may be cut short.",)
    return ()


def _closing(slicer: str, version: str) -> str:
    """A line that this slicer writes after the last move, "" when none is known."""
    if slicer == "Cura":
        return "\n;End of Gcode"
    if slicer != "PrusaSlicer":
        return ""
    major, minor = ([int(part) for part in re.findall(r"\d{1,4}", version)] + [0, 0])[:2]
    return "\n; prusaslicer_config = end" if (major, minor) >= (2, 4) else "\n; filament used ["


def _plate(
    found: GcodeScan, reader: Reader, filaments: tuple[Filament, ...], has_thumbnail: bool
) -> Plate:
    named = _models(reader, found.head)
    names = _distinct([name for item in named.values() for name in item])
    if named:
        reader.sources["models"] = ", ".join(named)
    objects = object_labels.objects(found.head)
    with reader.noting("bed_type"):
        bed_type = values.clean_text(reader.text("curr_bed_type"), 60)
    return Plate(
        index=1,
        seconds=_seconds(found, reader),
        grams=_grams(reader, filaments),
        layers=_layers(found, reader),
        height_mm=_height(found, reader),
        filaments=filaments,
        models=tuple(models.code_of_name(name) for name in names),
        model_sources=tuple(named),
        printer_model=names[0] if len(names) == 1 else "",
        nozzle_mm=_nozzles(found, reader),
        bed_type=bed_type,
        objects=objects,
        can_skip_objects=len(objects) > 1,
        has_thumbnail=has_thumbnail,
        warnings=_model_warnings(names),
    )


def _models(reader: Reader, head: str) -> dict[str, list[str]]:
    """Place -> the printer names it gives, for the places that name one."""
    places = {
        **reader.models(),
        "header": reader.all("target_machine.name", "machine_type"),
        "start_code": [match[1] for match in _MODEL_CHECK.finditer(head)][:8],
    }
    clean = {
        place: [name for raw in names if not says_nothing(name := values.clean_text(raw, 60))]
        for place, names in places.items()
    }
    return {place: names for place, names in clean.items() if names}


def _distinct(names: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for name in names:
        if not any(same_printer(name, other) or is_same_with_mmu(name, other) for other in kept):
            kept.append(name)
    return kept


def _model_warnings(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ("The file does not say which printer it was sliced for.",)
    if len(names) > 1:
        words = " and ".join(names)
        return (f"The file contradicts itself about its printer: it names {words}.",)
    return ()


def _seconds(found: GcodeScan, reader: Reader) -> int | None:
    total = _TOTAL.search(found.head)
    if total is not None and (seconds := comments.duration(total[1])):
        reader.sources["seconds"] = "total estimated time"
        return seconds
    seconds = reader.seconds(("estimated printing time (normal mode)", "build time"))
    if seconds is not None:
        return seconds
    told = reader.number("seconds", ("time", "print.time", "print time"), 1, 1e8)
    if told is not None and told != _PLACEHOLDER_S:
        return round(told)
    reader.sources.pop("seconds", None)
    elapsed = [float(match[1]) for match in _ELAPSED.finditer(found.tail or found.head)]
    if not elapsed:
        return None
    reader.sources["seconds"] = "time_elapsed"
    return round(max(elapsed)) or None


def _grams(reader: Reader, filaments: Sequence[Filament]) -> float | None:
    total = reader.number("grams", ("total filament used [g]",), 0.01, 1e6)
    if total is None:
        total = round(sum(filament.grams or 0.0 for filament in filaments), 2)
        if total:
            reader.sources["grams"] = "sum of the filaments"
    return total or None


def _layers(found: GcodeScan, reader: Reader) -> int | None:
    keys = ("total layer number", "total layers count", "layer_count")
    told = reader.number("layers", keys, 1, 10_000_000)
    if told is None and found.layers:
        reader.sources["layers"] = "layer marks"
    return int(told) if told is not None else found.layers or None


def _height(found: GcodeScan, reader: Reader) -> float | None:
    keys = ("max_z_height", "max_layer_z", "maxz")
    told = reader.number("height_mm", keys, 0.01, MAX_HEIGHT_MM)
    if told is None and found.top_mm is not None:
        reader.sources["height_mm"] = "layer marks"
    return told if told is not None else found.top_mm


def _nozzles(found: GcodeScan, reader: Reader) -> tuple[float, ...]:
    """Each diameter once: five MMU filaments share one nozzle."""
    keys = ("nozzle_diameter", "extruder_train.0.nozzle.diameter", "extruderdiameter")
    for key in keys:
        told = values.numbers(reader.text(key), 0.05, 5.0)
        if told:
            reader.sources["nozzle_mm"] = reader.place(key)
            return tuple(dict.fromkeys(told))
    told = _ideamaker_nozzles(reader.text("dimension"))
    if told:
        reader.sources["nozzle_mm"] = reader.place("dimension")
        return told
    check = _NOZZLE_CHECK.search(found.head)
    told = values.numbers(check[1], 0.05, 5.0) if check else ()
    if told:
        reader.sources["nozzle_mm"] = "start_code"
    return told


def _ideamaker_nozzles(dimension: str) -> tuple[float, ...]:
    """Of "305.000 305.000 605.000 0.400 0.400": width, depth, height, then each nozzle."""
    return tuple(dict.fromkeys(values.numbers(dimension.split()[3:], 0.05, 5.0)))
