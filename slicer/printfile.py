"""What a print file says, as frozen data. Everything it does not say is None or empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Box = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in mm on the bed"""

PRINT_KINDS = ("gcode.3mf", "gcode", "bgcode")
MODEL_KINDS = ("stl", "obj", "step", "amf", "3mf")
"""What a slicer makes a print file of; "3mf" is a project or models alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filament:
    """One filament that a plate uses."""

    index: int  # project slot, 1-based: ams_mapping[index - 1] is its tray
    type: str  # "PLA", "PETG-CF", "" = unknown
    color: str = ""  # "RRGGBB", upper case, "" = unknown
    name: str = ""  # "Bambu PLA Basic", the slicer's preset without its printer
    grams: float | None = None  # used by this plate
    meters: float | None = None
    filament_id: str = ""  # "GFA00"
    nozzle: str = ""  # "left" or "right" on plates for two nozzles
    nozzle_hrc: int | None = None  # Rockwell C that its nozzle must have, as the slicer says


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateObject:
    """One object that a person can skip while it prints."""

    id: int  # identify_id, what SkipObjects sends
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """One printable plate; its G-code is really in the file."""

    index: int  # 1…64, the number that StartPrint sends
    name: str = ""
    seconds: int | None = None  # whole job with preparation, as the slicer estimates it
    grams: float | None = None
    layers: int | None = None
    height_mm: float | None = None  # highest layer
    filaments: tuple[Filament, ...] = ()  # used ones, by index
    models: tuple[str, ...] = ()
    """printer_model_ids the file names ("C12"). One: its places agree. Several: they disagree.
    None: unknown. A make without such ids stands by its own model name."""
    model_sources: tuple[str, ...] = ()
    """Of: slice_info, project_settings, gcode, and where the G-code names yet another printer
    gcode_end, start_code; in plain G-code: settings, header, start_code;
    in binary G-code: print_metadata, printer_metadata, slicer_metadata, start_code."""
    printer_model: str = ""  # "Bambu Lab P1S"
    nozzle_mm: tuple[float, ...] = ()  # per extruder; of two the left one first
    bed_type: str = ""  # "Textured PEI Plate"
    objects: tuple[PlateObject, ...] = ()
    can_skip_objects: bool = False  # objects are labelled in the G-code
    first_layer: Box | None = None  # footprint of the first layer (not of the whole print)
    has_thumbnail: bool = False
    warnings: tuple[str, ...] = ()  # sentences for the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is known of a model that has not been sliced."""

    size_mm: tuple[float, float, float] | None = None  # its box along X, Y and Z
    triangles: int | None = None
    made_for: str = ""  # of a project: "Bambu Lab X1 Carbon"
    plates: int = 1  # of a project


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintFile:
    """A file of the library that was read and found sound: to print, or a model to slice."""

    kind: str
    """Of PRINT_KINDS: "gcode.3mf" (Bambu's sliced archive), "gcode" (plain), "bgcode" (Prusa's
    binary). Of MODEL_KINDS: a model, which has a ``shape`` and no plates."""
    slicer: str = ""  # "BambuStudio", "OrcaSlicer", "PrusaSlicer", "Cura", …
    slicer_version: str = ""
    filament_count: int = 0
    """Filaments of the project, used or not: the length of ams_mapping (bambu-lan A8.2)."""
    plates: tuple[Plate, ...] = ()
    warnings: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)  # where each field came from
    shape: Shape | None = None

    @property
    def is_model(self) -> bool:
        """It must be sliced before it can be printed."""
        return self.kind in MODEL_KINDS

    @property
    def takes_mapping(self) -> bool:
        """Whether a start names a tray for each filament; plain G-code has its tools inside."""
        return self.kind == "gcode.3mf"

    def plate(self, index: int) -> Plate | None:
        """The plate of that number, None when the file has no such plate."""
        return next((plate for plate in self.plates if plate.index == index), None)


def file_from_dict(data: Mapping[str, Any]) -> PrintFile:
    """The PrintFile that was written as JSON. Raises KeyError, TypeError or ValueError."""
    return PrintFile(
        **{
            **data,
            "plates": tuple(_plate_from_dict(plate) for plate in data["plates"]),
            "warnings": tuple(data["warnings"]),
            "sources": dict(data["sources"]),
            "shape": _shape_from_dict(data.get("shape")),
        }
    )


def _shape_from_dict(data: Mapping[str, Any] | None) -> Shape | None:
    if data is None:
        return None
    size = data["size_mm"]
    return Shape(**{**data, "size_mm": None if size is None else (size[0], size[1], size[2])})


def _plate_from_dict(data: Mapping[str, Any]) -> Plate:
    box = data["first_layer"]
    if box is not None and len(box) != 4:
        raise ValueError("a footprint has four numbers")
    return Plate(
        **{
            **data,
            "filaments": tuple(Filament(**filament) for filament in data["filaments"]),
            "models": tuple(data["models"]),
            "model_sources": tuple(data["model_sources"]),
            "nozzle_mm": tuple(data["nozzle_mm"]),
            "objects": tuple(PlateObject(**item) for item in data["objects"]),
            "first_layer": None if box is None else (box[0], box[1], box[2], box[3]),
            "warnings": tuple(data["warnings"]),
        }
    )
