"""Metadata/project_settings.config and plate_N.json: printer, filaments, footprint (2.1, 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from slicer import values
from slicer.printfile import Box

_BED_NAMES = {
    "cool_plate": "Cool Plate",
    "eng_plate": "Engineering Plate",
    "hot_plate": "High Temp Plate",
    "textured_plate": "Textured PEI Plate",
    "supertack_plate": "Supertack Plate",
}


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    printer_model: str
    nozzle_mm: tuple[float, ...]
    bed_type: str
    filament_types: tuple[str, ...]
    filament_colors: tuple[str, ...]
    filament_names: tuple[str, ...]
    filament_ids: tuple[str, ...]
    version: str
    nozzle_hrc: tuple[float, ...] = ()  # per filament: required_nozzle_HRC, 0 = any nozzle

    @property
    def filament_count(self) -> int:
        """Project filaments. Types may be padded beyond the slots, colours are one per slot."""
        return len(self.filament_colors) or len(self.filament_types)


EMPTY = ProjectSettings("", (), "", (), (), (), (), "")


def parse(data: Mapping[str, Any]) -> ProjectSettings:
    """Tolerant: a value of the wrong kind counts as missing."""
    names = values.texts(data.get("filament_settings_id"))
    return ProjectSettings(
        printer_model=values.clean_text(data.get("printer_model")),
        nozzle_mm=values.numbers(data.get("nozzle_diameter"), 0.05, 5.0),
        bed_type=values.clean_text(data.get("curr_bed_type"), 60),
        filament_types=values.texts(data.get("filament_type")),
        filament_colors=values.texts(data.get("filament_colour")),
        filament_names=tuple(name.split(" @")[0] for name in names),
        filament_ids=values.texts(data.get("filament_ids")),
        version=values.clean_text(data.get("version"), 40),
        nozzle_hrc=values.numbers(data.get("required_nozzle_HRC"), 0.0, 100.0),
    )


def plate_names(root: Element) -> dict[int, str]:
    """Names that a person gave to plates, from model_settings.config; unnamed ones are left out."""
    names: dict[int, str] = {}
    for element in root.iterfind("plate"):
        data = {item.get("key", ""): item.get("value", "") for item in element.iterfind("metadata")}
        index = values.whole(data.get("plater_id"), 1, 999)
        name = values.clean_text(data.get("plater_name"))
        if index is not None and name:
            names.setdefault(index, name)
    return names


def bed_type(plate: Mapping[str, Any]) -> str:
    """The bed plate of a plate_N.json in the slicer's words, "" when it does not say."""
    word = values.clean_text(plate.get("bed_type"), 60)
    return _BED_NAMES.get(word, word.replace("_", " ").capitalize())


def first_layer(plate: Mapping[str, Any]) -> Box | None:
    """bbox_all of a plate_N.json: the first layer's footprint in mm."""
    raw = plate.get("bbox_all")
    if not isinstance(raw, list) or len(raw) != 4:
        return None
    found = [values.number(item, -10_000, 10_000) for item in raw]
    box = [round(item, 2) for item in found if item is not None]
    if len(box) != 4 or box[0] >= box[2] or box[1] >= box[3]:
        return None
    return (box[0], box[1], box[2], box[3])
