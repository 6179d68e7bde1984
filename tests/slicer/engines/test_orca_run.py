"""Slicing with OrcaSlicer and Bambu Studio, driven as the farm drives them, against a stand-in.

Neither can be had on a test machine; fake_orca.py behaves as print-files 1.4 says of them.
"""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from slicer.bounds.runner import scan_file
from slicer.engines.orca import adapter as orca
from slicer.inspection import inspect_file, thumbnail
from slicer.printfile import PrintFile
from slicer.threemf.archive import SafeArchive
from tests.slicer.conftest import make_png
from tests.slicer.engines.orca_samples import MINI, Rig, chosen

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake is a script with a shebang")


def read(folder: Path) -> PrintFile:
    return inspect_file(folder / "out" / "result.3mf", "result.3mf")


def test_bambu_studio_slices_a_cube_for_the_p1s(rig: Rig) -> None:
    order = rig.order(bed_type="Textured PEI Plate")
    verdict, _ = rig.run(order)
    assert verdict.ok, verdict
    file = read(order.folder)
    (plate,) = file.plates
    assert (file.kind, file.slicer, file.slicer_version) == (
        "gcode.3mf", "BambuStudio", "02.05.00.66",
    )  # fmt: skip
    assert plate.models == ("C12",) and len(plate.model_sources) == 3
    assert (plate.printer_model, plate.nozzle_mm) == ("Bambu Lab P1S", (0.4,))
    assert plate.bed_type == "Textured PEI Plate"
    (filament,) = plate.filaments
    assert (filament.type, filament.filament_id, filament.name) == (
        "PLA", "GFA00", "Bambu PLA Basic",
    )  # fmt: skip
    assert (plate.layers, plate.height_mm) == (50, 10.0) and plate.grams and plate.seconds


def test_the_cube_lies_in_the_middle_of_the_bed(rig: Rig) -> None:
    order = rig.order()
    rig.run(order)
    (bounds,) = scan_file(order.folder / "out" / "result.3mf")
    assert bounds.complete and bounds.model is not None and bounds.layers == 50
    assert bounds.model.x0 == pytest.approx(118, abs=0.5)
    assert bounds.model.y1 == pytest.approx(138, abs=0.5)
    assert bounds.nozzle_c == ((0, 220.0),)


def test_orca_slicer_names_its_printer_in_the_settings_only(tmp_path: Path) -> None:
    rig = Rig(tmp_path, orca.ORCA)
    order = rig.order()
    verdict, _ = rig.run(order)
    assert verdict.ok, verdict
    file = read(order.folder)
    assert (file.slicer, file.slicer_version) == ("OrcaSlicer", "2.3.2")
    assert file.plates[0].models == ("C12",)
    assert file.plates[0].model_sources == ("project_settings", "gcode")


@pytest.mark.parametrize("listed", [None, ("Bambu Lab P1S 0.4 nozzle", "Shop P1S")])
def test_a_persons_own_machine_takes_the_process(rig: Rig, listed: tuple[str, ...] | None) -> None:
    """The slicer wants the machine's very name in the process, and takes no list for none."""
    choice = chosen(rig.bundle)
    settings = {**choice.process.settings, "compatible_printers": list(listed or ())[:1]}
    choice = replace(
        choice,
        machine=replace(choice.machine, name="Shop P1S"),
        process=replace(choice.process, settings=settings, machines=listed),
        filaments=tuple(replace(item, machines=None) for item in choice.filaments),
    )
    verdict, _ = rig.run(rig.order(choice=choice))
    assert verdict.ok, verdict


def test_a_project_for_another_printer_is_made_for_the_chosen_one(rig: Rig) -> None:
    choice = chosen(rig.bundle, MINI, "0.20mm Standard @BBL A1M", ("Generic PETG",))
    order = rig.order(kind="3mf", plate=2, project={"plates": 2}, choice=choice)
    verdict, _ = rig.run(order)
    assert verdict.ok, verdict
    (plate,) = read(order.folder).plates
    assert (plate.index, plate.models) == (2, ("N1",))
    assert [item.type for item in plate.filaments] == ["PETG"]


def test_a_projects_filaments_keep_their_slots(rig: Rig) -> None:
    """The first cube is of the project's second filament, the plate's only one."""
    choice = chosen(rig.bundle, filaments=("Bambu PLA Basic @BBL P1S", "Generic PETG"))
    config = (
        '<config><object id="1"><metadata key="extruder" value="2"/></object>'
        '<plate><model_instance><metadata key="object_id" value="1"/></model_instance></plate>'
        "</config>"
    )
    project = {
        "settings": {"filament_colour": ["#FFFFFF", "#161616"]},
        "config": config,
    }
    order = rig.order(kind="3mf", choice=choice, project=project)
    verdict, _ = rig.run(order)
    assert verdict.ok, verdict
    file = read(order.folder)
    (filament,) = file.plates[0].filaments
    assert (filament.index, filament.type, filament.filament_id) == (2, "PETG", "GFG99")
    assert file.filament_count == 2 and filament.color == "161616"


def test_one_filament_for_all_is_told(rig: Rig) -> None:
    project = {"settings": {"filament_colour": ["#FFFFFF", "#161616", "#FF0000"]}}
    verdict, _ = rig.run(rig.order(kind="3mf", project=project))
    assert verdict.ok
    assert verdict.warnings == (
        "All 3 filaments of the project were sliced as Bambu PLA Basic @BBL P1S.",
    )


def test_an_obj_is_sliced_too(rig: Rig) -> None:
    corners = [(x, y, z) for x in (0, 15) for y in (0, 15) for z in (0, 5)]
    text = "".join(f"v {x} {y} {z}\n" for x, y, z in corners) + "f 1 2 3\n"
    order = rig.order(text.encode(), kind="obj")
    verdict, _ = rig.run(order)
    assert verdict.ok and read(order.folder).plates[0].height_mm == 5.0


def test_a_project_of_a_newer_slicer_is_tried(rig: Rig) -> None:
    verdict, _ = rig.run(rig.order(kind="3mf", project={"settings": {"version": "99.01.00.00"}}))
    assert verdict.ok, verdict


def test_progress_comes_through_the_pipe(rig: Rig) -> None:
    order = rig.order()
    rig.run(order)
    assert [step.percent for step in rig.steps] == [2, 15, 60, 72, 100]
    assert rig.steps[1].text == "Generating perimeters"
    assert stat.S_ISFIFO((order.folder / "progress").stat().st_mode)


def test_a_line_that_was_cut_does_not_hide_the_next(rig: Rig) -> None:
    """Lines end after 511 bytes, and the line feed with them."""
    rig.run(rig.order())
    warnings = [step.warning for step in rig.steps if step.warning]
    assert warnings == ["It seems object Cube has floating regions."]


@pytest.mark.parametrize(
    ("line", "percent", "text", "warning"),
    [
        ("[x] default_status_callback: percent=40, message=Slicing, message_type=0",
         40, "Slicing", ""),
        ("default_status_callback: percent=40, warning_step=-1, message=Slicing, message_type=0",
         40, "Slicing", ""),
        ("default_status_callback: percent=41, message=Unsupported, message_type=2",
         41, "", "Unsupported"),
        ("default_status_callback: percent=-1, warning_step=3, message=Thin, message_type=1",
         None, "", "Thin"),
        ('{"message":"a","plate_percent":7}', 7, "a", ""),
        ('{"message":"a","plate_percent":true,"total_percent":900}', 100, "a", ""),
    ],
)  # fmt: skip
def test_lines_that_tell_progress(line: str, percent: int | None, text: str, warning: str) -> None:
    step = orca.ORCA.progress(line)
    assert step is not None
    assert (step.percent, step.text, step.warning) == (percent, text, warning)


@pytest.mark.parametrize(
    "line", ["", "[info] percent=3", '{"plate_percent": 3', '{"plate_percent"', '["plate_percent"]']
)
def test_lines_that_tell_nothing(line: str) -> None:
    assert orca.ORCA.progress(line) is None


def test_without_a_pipe_the_log_tells(rig: Rig) -> None:
    order = rig.order()
    argv = list(rig.engine.prepare(order).argv)
    at = argv.index("--pipe")
    del argv[at : at + 2]
    argv[argv.index("--debug") + 1] = "4"
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    steps = [step for line in said.splitlines() if (step := rig.engine.progress(line))]
    assert [step.percent for step in steps] == [15, 60]


@pytest.mark.parametrize("drawn", ["", "broken"])
def test_a_missing_or_broken_preview_is_replaced(rig: Rig, drawn: str) -> None:
    rig.knobs(thumbnail=drawn)
    order = rig.order()
    (order.folder / "picture.png").write_bytes(make_png(64, 64))
    rig.run(order)
    path = order.folder / "out" / "result.3mf"
    (plate,) = inspect_file(path, "x").plates
    assert plate.has_thumbnail and "no preview" not in " ".join(plate.warnings)
    assert thumbnail(path, "x", 1) == make_png(64, 64)
    with SafeArchive(path, "x") as archive:  # every rule for archives still holds
        assert len(archive.names) == len(set(archive.names))


def test_the_slicers_own_preview_stays(rig: Rig) -> None:
    rig.knobs(thumbnail="good")
    order = rig.order()
    (order.folder / "picture.png").write_bytes(make_png(64, 64))
    rig.run(order)
    assert thumbnail(order.folder / "out" / "result.3mf", "x", 1) != make_png(64, 64)


@pytest.mark.parametrize("picture", [None, b"GIF89a", make_png()[:-8]])
def test_without_a_sound_picture_the_file_stays(rig: Rig, picture: bytes | None) -> None:
    order = rig.order()
    if picture is not None:
        (order.folder / "picture.png").write_bytes(picture)
    verdict, _ = rig.run(order)
    assert verdict.ok and not read(order.folder).plates[0].has_thumbnail
