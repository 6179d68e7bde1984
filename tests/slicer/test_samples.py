"""Real files of real slicers, against values read by hand from their own text.

The files are not part of the project (they keep their owners' licences); where the folder is absent
these tests are skipped. The expected values were looked up with unzip, grep and a hex viewer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.errors import FarmError
from slicer import png, previews
from slicer.bgcode.binary_file import text_chunks
from slicer.bounds.scan import scan
from slicer.inspection import inspect_file, recognise, thumbnail
from slicer.kinds import Kind

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="real sample files are not here")

BAMBU = {
    "plates": "gcode",
    "slicer": "slice_info",
    "filament_count": "project_settings",
    "seconds": "slice_info",
    "grams": "slice_info",
    "layers": "gcode",
    "height_mm": "gcode",
    "filaments": "slice_info",
    "models": "slice_info, project_settings, gcode",
    "nozzle_mm": "slice_info",
    "bed_type": "plate_json",
    "objects": "slice_info",
    "first_layer": "plate_json",
    "thumbnail": "png",
}
TEXT = {
    "slicer": "header",
    "filament_count": "filaments",
    "models": "settings, start_code",
    "seconds": "estimated printing time (normal mode)",
    "grams": "total filament used [g]",
    "layers": "layer marks",
    "nozzle_mm": "nozzle_diameter",
}
BINARY = {
    "slicer": "file_metadata: producer",
    "filament_count": "filaments",
    "models": "printer_metadata, slicer_metadata, start_code",
    "seconds": "print_metadata: estimated printing time (normal mode)",
    "grams": "print_metadata: total filament used [g]",
    "layers": "layer marks",
    "height_mm": "printer_metadata: max_layer_z",
    "nozzle_mm": "printer_metadata: nozzle_diameter",
    "objects": "labels",
}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a file really holds. Filaments: slot, type, colour, name, grams, metres."""

    kind: str
    slicer: tuple[str, str]
    seconds: int
    grams: float
    nozzle: tuple[float, ...]
    models: tuple[str, ...]
    layers: int
    height: float
    filaments: list[tuple[int, str, str, str, float, float]]
    slots: int
    bed: str = ""
    objects: list[str] = field(default_factory=list)  # the unnamed ones by their number
    pictures: tuple[tuple[int, int], tuple[int, int]] | None  # PNG: best, and the one for lists
    other_picture: tuple[int, int] | None = None  # QOI or JPG, where there is no PNG
    sources: dict[str, str]


SLICED = {
    "bambox_decoy_base.gcode.3mf": Sample(
        kind="gcode.3mf", slicer=("BambuStudio", "02.05.00.66"), seconds=1958, grams=10.18,
        nozzle=(0.4,), models=("C12",), layers=88, height=17.6,
        filaments=[(3, "PETG-CF", "2850E0", "Generic PETG-CF", 10.18, 3.39)], slots=5,
        bed="Textured PEI Plate", objects=["decoy_shell.step", "decoy_base.step"],
        pictures=((512, 512), (128, 128)), sources=BAMBU,
    ),
    "bambox_reference.gcode.3mf": Sample(
        kind="gcode.3mf", slicer=("BambuStudio", "02.05.00.66"), seconds=7745, grams=32.12,
        nozzle=(0.4,), models=("C12",), layers=100, height=20.0,
        filaments=[
            (1, "PLA", "FFFFFF", "Generic PLA", 23.43, 7.85),
            (4, "PLA", "161616", "Generic PLA", 8.7, 2.92),
        ],
        slots=5, bed="Textured PEI Plate", objects=["Object 89", "Object 111"],
        pictures=((512, 512), (128, 128)), sources=BAMBU,
    ),
    "fdmm_bambu.gcode.3mf": Sample(
        kind="gcode.3mf", slicer=("BambuStudio", "02.04.00.70"), seconds=1095, grams=2.83,
        nozzle=(0.4,), models=("N1",), layers=90, height=18.0,
        filaments=[(1, "PLA", "00AE42", "Bambu PLA Basic", 2.83, 0.93)], slots=1,
        bed="Textured PEI Plate", objects=["Cube"],
        pictures=((512, 512), (128, 128)), sources=BAMBU,
    ),
    "prusa_mini_cube_ps2.8.1.gcode": Sample(
        kind="gcode", slicer=("PrusaSlicer", "2.8.1"), seconds=221, grams=0.75,
        nozzle=(0.4,), models=("MK4S",), layers=31, height=6.2,
        filaments=[(1, "PLA", "FF8000", "Prusament PLA", 0.75, 0.252)], slots=1,
        objects=["Shape-Box"], pictures=None, other_picture=(313, 173),
        sources=TEXT | {
            "thumbnail": "comments",
            "height_mm": "max_layer_z",
            "objects": "labels",
            "filaments": "filament_type, filament_colour, filament_settings_id, "
            "filament used [g], filament used [mm]",
        },
    ),
    "prusa_mmu2s_m73.gcode": Sample(
        kind="gcode", slicer=("PrusaSlicer", "2.5.0"), seconds=632, grams=1.49,
        nozzle=(0.4,), models=("MK3SMMU2S",), layers=31, height=6.2,
        filaments=[
            (1, "PLA", "FF8000", "Generic PLA", 1.2, 0.401),
            (3, "PLA", "3EC0FF", "Generic PLA", 0.29, 0.099),
        ],
        slots=5, pictures=((160, 120), (160, 120)),
        sources=TEXT | {
            "height_mm": "layer marks",
            "thumbnail": "comments",
            "filaments": "filament_type, extruder_colour, filament_settings_id, "
            "filament used [g], filament used [mm]",
        },
    ),
    "prusa_mini_cube_ps2.8.1.bgcode": Sample(
        kind="bgcode", slicer=("PrusaSlicer", "2.8.1"), seconds=221, grams=0.75,
        nozzle=(0.4,), models=("MK4S",), layers=31, height=6.2,
        filaments=[(1, "PLA", "FF8000", "Prusament PLA", 0.75, 0.252)], slots=1,
        objects=["Shape-Box"], pictures=None, other_picture=(313, 173),
        sources=BINARY | {
            "thumbnail": "preview blocks",
            "filaments": "printer_metadata: filament_type, slicer_metadata: filament_colour, "
            "slicer_metadata: filament_settings_id, print_metadata: filament used [g], "
            "print_metadata: filament used [mm]",
        },
    ),
    "fdmm_shapebox_mk4is.bgcode": Sample(
        kind="bgcode", slicer=("PrusaSlicer", "2.9.4"), seconds=1198, grams=6.17,
        nozzle=(0.4,), models=("MK4ISMMU3",), layers=125, height=25.0,
        filaments=[(1, "PLA", "FF8000", "Generic PLA", 6.17, 2.068)], slots=5,
        objects=["Shape-Box"], pictures=((380, 285), (380, 285)),
        sources=BINARY | {
            "thumbnail": "preview blocks",
            "filaments": "printer_metadata: filament_type, printer_metadata: extruder_colour, "
            "slicer_metadata: filament_settings_id, print_metadata: filament used [g], "
            "print_metadata: filament used [mm]",
        },
    ),
}  # fmt: skip

PROJECTS: dict[str, tuple[str, str, tuple[str, ...], tuple[float, ...], int]] = {
    "fdmm_bambu-2-plates_project.3mf": ("BambuStudio", "02.04.00.70", ("BL-P001",), (0.4,), 2),
    "lanbu_multiplate_4plates_project.3mf": ("BambuStudio", "02.01.00.59", ("BL-P001",), (0.4,), 4),
    "fdmm_shapebox_prusa_project.3mf": ("PrusaSlicer", "2.9.4", ("MK4ISMMU3",), (0.4,), 1),
}
REFUSED = {
    "fdmm_testfile.gcode": "empty_plate",  # its moves were cut out
    **dict.fromkeys(PROJECTS, "not_sliced"),
}


def test_every_sample_has_its_row() -> None:
    there = {path.name for path in SAMPLES.iterdir() if path.suffix != ".md"}
    assert there == {*SLICED, *REFUSED}


@pytest.mark.parametrize("name", SLICED)
def test_what_a_sliced_file_holds(name: str) -> None:
    wanted = SLICED[name]
    file = inspect_file(SAMPLES / name, name)
    (plate,) = file.plates
    assert recognise(SAMPLES / name, name).kind == Kind(wanted.kind)
    assert (file.kind, (file.slicer, file.slicer_version)) == (wanted.kind, wanted.slicer)
    assert (plate.seconds, plate.grams) == (wanted.seconds, wanted.grams)
    assert (plate.layers, plate.height_mm) == (wanted.layers, wanted.height)
    assert (plate.models, plate.nozzle_mm) == (wanted.models, wanted.nozzle)
    assert (plate.bed_type, [item.name for item in plate.objects]) == (wanted.bed, wanted.objects)
    assert file.filament_count == wanted.slots
    assert [
        (item.index, item.type, item.color, item.name, item.grams, item.meters)
        for item in plate.filaments
    ] == wanted.filaments
    assert file.sources == wanted.sources
    assert not plate.warnings


@pytest.mark.parametrize("name", SLICED)
def test_its_previews(name: str) -> None:
    wanted = SLICED[name].pictures
    found = [thumbnail(SAMPLES / name, name, 1, small=small) for small in (False, True)]
    assert tuple(png.size_of(raw) for raw in found if raw) == (wanted or ())
    assert inspect_file(SAMPLES / name, name).plates[0].has_thumbnail
    if other := SLICED[name].other_picture:
        assert png.size_of(previews.converted(SAMPLES / name) or b"") == other


@pytest.mark.parametrize("name", PROJECTS)
def test_what_a_project_is_for(name: str) -> None:
    found = recognise(SAMPLES / name, name)
    assert found.kind is Kind.PROJECT_3MF and not found.runs_scripts
    assert (
        found.slicer, found.slicer_version, found.models, found.nozzle_mm, found.plates,
    ) == PROJECTS[name]  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_printed(name: str) -> None:
    with pytest.raises(FarmError) as caught:
        inspect_file(SAMPLES / name, name)
    assert caught.value.error_code == REFUSED[name]
    assert caught.value.message.startswith(name)


def test_binary_and_text_of_one_print_agree() -> None:
    """PrusaSlicer wrote both; the scan of their moves must be the same to the micrometre."""
    name = "prusa_mini_cube_ps2.8.1"
    text = scan([(SAMPLES / f"{name}.gcode").read_bytes()])
    binary = scan(text_chunks(SAMPLES / f"{name}.bgcode", name))
    for field_name in ("model", "purge", "travel", "layers", "filament_mm", "nozzle_c", "bed_c"):
        assert getattr(binary, field_name) == getattr(text, field_name)
    files = [inspect_file(SAMPLES / f"{name}.{end}", name) for end in ("gcode", "bgcode")]
    facts: list[Any] = [
        (plate.seconds, plate.grams, plate.layers, plate.height_mm, plate.filaments, plate.objects)
        for file in files
        for plate in file.plates
    ]
    assert facts[0] == facts[1]
