"""Metadata/slice_info.config: what each sliced plate needs (print-files 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from slicer import values
from slicer.printfile import Filament, PlateObject

MAX_FILAMENTS = 64
MAX_OBJECTS = 2_000

_WARNINGS = {
    "bed_temperature_too_high_than_filament": "",  # every Bambu export carries it
    "the_actual_nozzle_hrc_smaller_than_the_required_nozzle_hrc": (
        "The filament wears out a soft nozzle; use a hardened one."
    ),
    "not_support_traditional_timelapse": "The smooth timelapse does not suit this plate.",
    "not_generate_timelapse": "No timelapse can be made of this plate.",
}


@dataclass(frozen=True, slots=True)
class SlicedPlate:
    """One <plate> of slice_info."""

    index: int
    model_id: str
    seconds: int | None
    grams: float | None
    nozzle_mm: tuple[float, ...]
    can_skip_objects: bool
    filaments: tuple[Filament, ...]
    objects: tuple[PlateObject, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SliceInfo:
    slicer: str
    version: str
    plates: dict[int, SlicedPlate]


EMPTY = SliceInfo("", "", {})


def parse(root: Element) -> SliceInfo:
    """Tolerant: what is missing or of the wrong kind is None or empty."""
    header = {
        item.get("key", ""): values.clean_text(item.get("value", ""))
        for item in root.iterfind("header/header_item")
    }
    orca = header.get("OrcaSlicer-Version", "")
    plates: dict[int, SlicedPlate] = {}
    for element in root.iterfind("plate"):
        plate = _plate(element)
        if plate is not None:
            plates.setdefault(plate.index, plate)
    return SliceInfo(
        slicer="OrcaSlicer" if orca else "",
        version=orca or header.get("X-BBL-Client-Version", ""),
        plates=plates,
    )


def _plate(element: Element) -> SlicedPlate | None:
    data = {item.get("key", ""): item.get("value", "") for item in element.iterfind("metadata")}
    index = values.whole(data.get("index"), 1, 999)
    if index is None:
        return None
    nozzles = values.numbers(data.get("nozzle_diameters"), 0.05, 5.0)
    return SlicedPlate(
        index=index,
        model_id=values.clean_text(data.get("printer_model_id"), 64),
        seconds=values.whole(data.get("prediction")) or None,
        grams=values.number(data.get("weight")),
        nozzle_mm=nozzles,
        can_skip_objects=data.get("label_object_enabled") == "true",
        filaments=_filaments(element, data.get("filament_maps", "").split(), len(nozzles) == 2),
        objects=_objects(element),
        warnings=_warnings(element, data),
    )


def _filaments(plate: Element, maps: list[str], two_nozzles: bool) -> tuple[Filament, ...]:
    found: dict[int, Filament] = {}
    for item in plate.findall("filament")[:MAX_FILAMENTS]:
        index = values.whole(item.get("id"), 1, MAX_FILAMENTS)
        if index is None:
            continue
        extruder = maps[index - 1] if two_nozzles and index <= len(maps) else ""
        found[index] = Filament(
            index=index,
            type=values.clean_text(item.get("type"), 40),
            color=values.color(item.get("color")),
            grams=values.number(item.get("used_g")),
            meters=values.number(item.get("used_m")),
            filament_id=values.clean_text(item.get("tray_info_idx"), 40),
            nozzle={"1": "left", "2": "right"}.get(extruder, ""),
        )
    return tuple(found[index] for index in sorted(found))


def _objects(plate: Element) -> tuple[PlateObject, ...]:
    found: dict[int, PlateObject] = {}
    for item in plate.findall("object")[:MAX_OBJECTS]:
        number = values.whole(item.get("identify_id"), 1)
        if number is not None and item.get("skipped") != "true":
            name = values.clean_text(item.get("name"))
            found.setdefault(number, PlateObject(id=number, name=name or f"Object {number}"))
    return tuple(found.values())


def _warnings(plate: Element, data: dict[str, str]) -> tuple[str, ...]:
    texts: list[str] = []
    if data.get("outside") == "true":
        texts.append("The slicer says that a part of this plate lies outside the bed.")
    for item in plate.findall("warning")[:20]:
        message = values.clean_text(item.get("msg"), 120)
        text = _WARNINGS.get(message, f"The slicer warns: {message.replace('_', ' ')}.")
        if message and text and text not in texts:
            texts.append(text)
    return tuple(texts)
