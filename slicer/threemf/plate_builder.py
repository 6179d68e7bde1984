"""Puts one plate together from the places that describe it, and notes where they disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from slicer import models, values
from slicer.printfile import Filament, Plate
from slicer.threemf import settings
from slicer.threemf.plate_head import GcodeHead
from slicer.threemf.settings import ProjectSettings
from slicer.threemf.slice_info import SlicedPlate


def build_plate(
    index: int,
    sliced: SlicedPlate | None,
    project: ProjectSettings,
    head: GcodeHead,
    plate_json: Mapping[str, Any],
    *,
    has_thumbnail: bool,
    warnings: Sequence[str] = (),
) -> Plate:
    """The plate ``index``. ``sliced`` is its part of slice_info, None when that is missing."""
    named = _named_models(sliced, project, head)
    codes = _distinct(list(named.values()))
    filaments = _filaments(sliced, project, head)
    grams = sliced.grams if sliced and sliced.grams else None
    return Plate(
        index=index,
        seconds=(sliced.seconds if sliced else None) or head.seconds,
        grams=grams or round(sum(head.grams), 2) or None,
        layers=head.layers,
        height_mm=head.height_mm,
        filaments=filaments,
        models=codes,
        model_sources=tuple(named),
        printer_model=project.printer_model or head.printer_model or _in_words(codes),
        nozzle_mm=(sliced.nozzle_mm if sliced else ()) or project.nozzle_mm or head.nozzle_mm,
        bed_type=settings.bed_type(plate_json) or project.bed_type or head.bed_type,
        objects=sliced.objects if sliced else (),
        can_skip_objects=bool(sliced and sliced.can_skip_objects and len(sliced.objects) > 1),
        first_layer=settings.first_layer(plate_json),
        has_thumbnail=has_thumbnail,
        warnings=(
            *warnings,
            *(sliced.warnings if sliced else ()),
            *_model_warnings(codes, named),
            *_nozzle_warnings(sliced, project, head),
        ),
    )


def sources_of(
    sliced: SlicedPlate | None,
    project: ProjectSettings,
    head: GcodeHead,
    plate_json: Mapping[str, Any],
    plate: Plate,
) -> dict[str, str]:
    """Field of the plate -> the part of the file it came from, as build_plate chooses."""
    told = {
        "seconds": _chosen(slice_info=sliced and sliced.seconds, gcode=head.seconds),
        "grams": _chosen(slice_info=sliced and sliced.grams, gcode=sum(head.grams)),
        "layers": _chosen(gcode=head.layers),
        "height_mm": _chosen(gcode=head.height_mm),
        "filaments": _chosen(slice_info=sliced and sliced.filaments, gcode=head.used_slots),
        "models": ", ".join(plate.model_sources),
        "nozzle_mm": _chosen(
            slice_info=sliced and sliced.nozzle_mm,
            project_settings=project.nozzle_mm,
            gcode=head.nozzle_mm,
        ),
        "bed_type": _chosen(
            plate_json=settings.bed_type(plate_json),
            project_settings=project.bed_type,
            gcode=head.bed_type,
        ),
        "objects": _chosen(slice_info=plate.objects),
        "first_layer": _chosen(plate_json=plate.first_layer),
        "thumbnail": _chosen(png=plate.has_thumbnail),
    }
    return {field: place for field, place in told.items() if place}


def _chosen(**places: object) -> str:
    """The first place that has a value."""
    return next((place for place, value in places.items() if value), "")


def _named_models(
    sliced: SlicedPlate | None, project: ProjectSettings, head: GcodeHead
) -> dict[str, str]:
    """Place -> printer_model_id, for the places that name one (print-files 0.4).

    G-code that another slicer made names its printer elsewhere, so all of it is asked.
    """
    places = {
        "slice_info": models.normalise(sliced.model_id) if sliced else "",
        "project_settings": models.code_of_name(project.printer_model),
        "gcode": models.code_of_name(head.printer_model),
    }
    inside = {
        "gcode_end": models.code_of_name(head.last_printer_model),
        "start_code": models.code_of_name(head.checked_model),
    }
    places |= {place: code for place, code in inside.items() if code != places["gcode"]}
    return {place: code for place, code in places.items() if code}


def _distinct(codes: Sequence[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for code in codes:
        if not any(models.same_model(code, other) for other in kept):
            kept.append(code)
    return tuple(kept)


def _in_words(codes: Sequence[str]) -> str:
    return models.describe(codes[0]) if len(codes) == 1 else ""


def _model_warnings(codes: tuple[str, ...], named: Mapping[str, str]) -> list[str]:
    if not codes:
        return ["The file does not say which printer it was sliced for."]
    if len(codes) > 1:
        words = " and ".join(models.describe(code) for code in codes)
        return [f"The file contradicts itself about its printer: it names {words}."]
    if "slice_info" not in named:
        return ["The slicing summary names no printer; it was taken from the settings."]
    return []


def _nozzle_warnings(
    sliced: SlicedPlate | None, project: ProjectSettings, head: GcodeHead
) -> list[str]:
    places = (sliced.nozzle_mm if sliced else (), project.nozzle_mm, head.nozzle_mm)
    if len({place for place in places if place}) > 1:
        return ["The file contradicts itself about its nozzle diameter."]
    return []


def _filaments(
    sliced: SlicedPlate | None, project: ProjectSettings, head: GcodeHead
) -> tuple[Filament, ...]:
    found = sliced.filaments if sliced else ()
    if not found:
        found = tuple(_from_head(at, slot, head) for at, slot in enumerate(head.used_slots))
    return tuple(_named(filament, project) for filament in found)


def _from_head(at: int, slot: int, head: GcodeHead) -> Filament:
    def one(items: Sequence[str], index: int) -> str:
        return items[index] if index < len(items) else ""

    return Filament(
        index=slot,
        type=one(head.filament_types, slot - 1),
        color=values.color(one(head.filament_colors, slot - 1)),
        grams=head.grams[at] if at < len(head.grams) else None,
        meters=head.meters[at] if at < len(head.meters) else None,
    )


def _named(filament: Filament, project: ProjectSettings) -> Filament:
    slot = filament.index - 1
    name = project.filament_names[slot] if slot < len(project.filament_names) else ""
    code = filament.filament_id
    if not code and slot < len(project.filament_ids):
        code = project.filament_ids[slot]
    kind = filament.type
    if not kind and slot < len(project.filament_types):
        kind = project.filament_types[slot]
    hrc = int(project.nozzle_hrc[slot]) if slot < len(project.nozzle_hrc) else None
    return replace(filament, name=name, filament_id=code, type=kind, nozzle_hrc=hrc)
