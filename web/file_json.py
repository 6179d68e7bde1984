"""A library file as the panel and other programs get it (api.md, "Bodies")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slicer.mesh.picture import DRAWN_KINDS
from web.panel_parts import thumbnail_url
from web.services import services

if TYPE_CHECKING:
    from slicer.bounds.result import PlateBounds
    from slicer.library import StoredFile
    from slicer.printfile import Plate, Shape

Json = dict[str, Any]


def file_json(stored: StoredFile) -> Json:
    """With what the scan of its moves has found so far."""
    library, file = services().library, stored.file
    scans = [library.bounds(stored.id, plate.index) for plate in file.plates]
    scanned = {"bounds": "scan", "flavour": "scan"} if any(scans) else {}
    return {
        "id": stored.id,
        "name": stored.name,
        "kind": file.kind,
        "use": "slice" if file.is_model else "print",
        "sha256": stored.sha256,
        "size_bytes": stored.size_bytes,
        "added_at": stored.added_at,
        "slicer": file.slicer,
        "slicer_version": file.slicer_version,
        "filament_count": file.filament_count,
        "shape": _shape(file.shape),
        "thumbnail": _thumbnail(stored),
        "warnings": list(file.warnings),
        "sources": {**file.sources, **scanned},
        "plates": [
            _plate(stored, plate, bounds) for plate, bounds in zip(file.plates, scans, strict=True)
        ],
    }


def _plate(stored: StoredFile, plate: Plate, bounds: PlateBounds | None) -> Json:
    return {
        "index": plate.index,
        "name": plate.name,
        "seconds": plate.seconds,
        "grams": plate.grams,
        "layers": plate.layers,
        "height_mm": plate.height_mm,
        "model": plate.printer_model,
        "models": list(plate.models),
        "nozzle_mm": list(plate.nozzle_mm),
        "bed_type": plate.bed_type,
        "filaments": list(plate.filaments),
        "objects": list(plate.objects),
        "thumbnail": thumbnail_url(stored.id, plate.index) if plate.has_thumbnail else None,
        "warnings": list(plate.warnings),
        "bounds": None if bounds is None else bounds.model,
        "bounds_state": _state(bounds),
        "flavour": "" if bounds is None else ", ".join(bounds.flavours),
    }


def _state(bounds: PlateBounds | None) -> str:
    if bounds is None:
        return "reading"
    return "done" if bounds.complete else "incomplete"


def _shape(shape: Shape | None) -> Json | None:
    if shape is None:
        return None
    return {
        "size_mm": None if shape.size_mm is None else list(shape.size_mm),
        "triangles": shape.triangles,
        "made_for": shape.made_for,
        "plates": shape.plates,
    }


def _thumbnail(stored: StoredFile) -> str | None:
    """Of a model its drawing, of a print file the first plate's preview."""
    if stored.file.is_model:
        return thumbnail_url(stored.id, 1) if stored.file.kind in DRAWN_KINDS else None
    shown = next((plate.index for plate in stored.file.plates if plate.has_thumbnail), None)
    return None if shown is None else thumbnail_url(stored.id, shown)
