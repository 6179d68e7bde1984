"""Slicing with OrcaSlicer and Bambu Studio, driven as the farm drives them, against a stand-in.

Neither can be had on a test machine; fake_orca.py behaves as print-files 1.4 says of them.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slicer.bounds.runner import scan_file
from slicer.engines.base import Ended
from slicer.engines.orca import adapter as orca
from slicer.engines.orca import codes as orca_codes
from slicer.engines.orca import result as orca_result
from slicer.inspection import inspect_file, thumbnail
from slicer.printfile import PrintFile
from slicer.threemf.archive import SafeArchive
from tests.slicer.conftest import make_png
from tests.slicer.engines.orca_samples import FAKE, MINI, Rig, box_stl, chosen

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake is a script with a shebang")


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def read(folder: Path) -> PrintFile:
    return inspect_file(folder / "out" / "result.3mf", "result.3mf")


# -- what comes out ------------------------------------------------------------------------------


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


# -- how far it is -------------------------------------------------------------------------------


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


# -- how it fails --------------------------------------------------------------------------------

CODES = [
    *range(-25, 0),
    *range(-68, -49),
    *range(-105, -99),
]


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sentence_of_its_own(rig: Rig, code: int) -> None:
    """The fake leaves with the code; what the farm makes of it is the table's."""
    failure = orca_codes.failure(code, "Bambu Studio")
    others = [orca_codes.failure(other, "Bambu Studio") for other in CODES if other != code]
    assert failure.text not in [other.text for other in others]
    assert failure.code not in [other.code for other in others] and failure.code != "slicer_code"
    order = rig.order(version="02.05.00.66")
    verdict = rig.engine.judge(order, Ended(code=256 + code, tail=""))
    assert (verdict.ok, verdict.code, verdict.text) == (False, failure.code, failure.text)
    assert verdict.blame in ("model", "settings", "engine")


@pytest.mark.parametrize(
    ("knobs", "code", "blame", "part"),
    [
        ({"exit": -51, "error_string": "Too small line width"}, "settings_invalid", "settings",
         "It says: Too small line width"),
        ({"exit": -100}, "slicing_failed", "model", "could not slice"),
        ({"outside": True}, "gcode_outside", "model", "leave the bed"),
        ({"exit": -99}, "slicer_code", "engine", "code -99"),
        ({"crash": "SIGSEGV"}, "engine_crashed", "engine", "crashed"),
        ({"crash": "SIGABRT"}, "engine_crashed", "engine", "crashed"),
        ({"defaults": True}, "defaults_sliced", "settings", "names no printer"),
        ({"lose_output": True}, "no_output", "engine", "wrote no file"),
        ({"garbled": True}, "output_damaged", "engine", "damaged"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told(
    rig: Rig, knobs: dict[str, Any], code: str, blame: str, part: str
) -> None:
    rig.knobs(**knobs)
    verdict, _ = rig.run(rig.order())
    assert (verdict.ok, verdict.code, verdict.blame) == (False, code, blame)
    assert part in verdict.text


@pytest.mark.parametrize(
    ("size", "code"),
    [((300, 20, 10), "over_the_edge"), ((20, 20, 400), "over_the_edge")],
)
def test_a_model_larger_than_the_machine(
    rig: Rig, size: tuple[float, float, float], code: str
) -> None:
    verdict, ended = rig.run(rig.order(box_stl(*size)))
    assert ended.code == 256 - 52
    assert (verdict.code, verdict.blame) == (code, "model")


def test_a_broken_model_is_the_models_fault(rig: Rig) -> None:
    verdict, ended = rig.run(rig.order(b"\x00" * 300))
    assert ended.code == 256 - 6
    assert (verdict.code, verdict.blame) == ("model_unreadable", "model")


def test_a_slicer_out_of_memory_says_so(rig: Rig) -> None:
    """It aborts then, as in a crash; another slicer would not do better."""
    tail = "terminate called after throwing an instance of 'std::bad_alloc'"
    verdict = rig.engine.judge(rig.order(), Ended(code=-6, tail=tail))
    assert (verdict.code, verdict.blame) == ("out_of_memory", "model")


def test_a_hanging_slicer_is_ended_when_somebody_cancels(rig: Rig) -> None:
    rig.knobs(hang=True)
    verdict, ended = rig.run(rig.order(), on_step=lambda cancel: cancel.set())
    assert ended.limit == "cancelled"
    assert (verdict.ok, verdict.code, verdict.blame) == (False, "cancelled", "")


@pytest.mark.parametrize(("limit", "blame"), [("time", "model"), ("output", "model")])
def test_the_farms_limits_are_told(rig: Rig, limit: str, blame: str) -> None:
    order = rig.order(version="1")
    verdict = rig.engine.judge(order, Ended(code=-9, tail="", limit=limit))
    assert not verdict.ok and verdict.blame == blame and "crashed" not in verdict.text


def test_a_project_instead_of_a_sliced_file_is_a_failure(rig: Rig) -> None:
    order = rig.order()
    asked = rig.engine.prepare(order)
    argv = [token for token in asked.argv if token != "--min-save"]
    done = subprocess.run(argv, cwd=order.folder, capture_output=True, check=False)
    assert done.returncode == 0
    verdict = rig.engine.judge(order, Ended(code=0, tail=""))
    assert (verdict.ok, verdict.code) == (False, "output_not_sliced")


def test_success_that_its_own_report_denies_is_none(rig: Rig) -> None:
    order = rig.order()
    rig.run(order)
    report = order.folder / "out" / "result.json"
    report.write_text(json.dumps({"return_code": -104, "error_string": "outside"}))
    verdict = rig.engine.judge(order, Ended(code=0, tail=""))
    assert verdict.code == "gcode_outside"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"return_code": "x", "sliced_plates": 3}'])
def test_a_broken_report_harms_nobody(rig: Rig, content: str) -> None:
    order = rig.order()
    rig.run(order)
    (order.folder / "out" / "result.json").write_text(content)
    assert rig.engine.judge(order, Ended(code=0, tail="")).ok


def rewritten(order_folder: Path, member: str, old: bytes, new: bytes) -> None:
    """Change one member of the sliced file, as a slicer with other presets would."""
    path = order_folder / "out" / "result.3mf"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[member]
    parts[member] = parts[member].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("member", "old", "new", "part"),
    [
        ("Metadata/project_settings.config", b"Bambu Lab P1S", b"Bambu Lab A1",
         "for Bambu Lab A1"),
        ("Metadata/project_settings.config", b'"256x256"', b'"200x200"', ""),
        ("Metadata/project_settings.config", b'"1.26"', b'"0"', "filament weighs nothing"),
        ("Metadata/project_settings.config", b'"machine_start_gcode"', b'"other"', "start code"),
        ("Metadata/slice_info.config", b'key="weight" value="0.81"', b'key="weight" value="0.00"',
         "print weighs nothing"),
        ("Metadata/plate_1.gcode", b"\nG28\n", b"\nG29\n", "not homed"),
    ],
)  # fmt: skip
def test_each_mark_of_a_slice_with_defaults(
    rig: Rig, member: str, old: bytes, new: bytes, part: str
) -> None:
    order = rig.order()
    rig.run(order)
    rewritten(order.folder, member, old, new)
    verdict = rig.engine.judge(order, Ended(code=0, tail=""))
    if not part:  # one corner alone does not make the bed smaller
        assert verdict.ok
        return
    assert (verdict.code, verdict.blame) == ("defaults_sliced", "settings")
    assert part in verdict.text


def test_a_start_code_that_homes_by_a_macro_is_fine(rig: Rig) -> None:
    choice = chosen(rig.bundle)
    settings = {**choice.machine.settings, "machine_start_gcode": "PRINT_START BED=60"}
    choice = replace(choice, machine=replace(choice.machine, settings=settings))
    verdict, _ = rig.run(rig.order(choice=choice))
    assert verdict.ok, verdict


# -- the preview ---------------------------------------------------------------------------------


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


# -- the stand-in itself -------------------------------------------------------------------------


def fake(folder: Path, *arguments: str) -> tuple[int, str, int]:
    done = subprocess.run(
        [FAKE, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    code = json.loads((folder / "result.json").read_text())["return_code"]
    return done.returncode, done.stderr, code


def test_the_fake_is_strict_about_switches(tmp_path: Path) -> None:
    (tmp_path / "x.stl").write_bytes(box_stl(1, 1, 1))
    done = fake(tmp_path, "--slice", "1", "--allow-newer-file", "1", "x.stl")
    assert done == (253, "No such file: 1\n", -3)
    assert fake(tmp_path, "--wrong", "x.stl") == (254, "Invalid option --wrong\n", -2)
    assert fake(tmp_path, "--curr_bed_type", "x")[0] == 254
    assert fake(tmp_path, "--slice", "1", "--", "--help")[1] == "No such file: --help\n"


def test_the_fake_resolves_nothing(tmp_path: Path) -> None:
    """Raw vendor presets are laid over defaults in silence, and the farm must catch it."""
    (tmp_path / "x.stl").write_bytes(box_stl(10, 10, 10))
    raw = {"type": "machine", "name": "M", "from": "system", "inherits": "common"}
    (tmp_path / "m.json").write_text(json.dumps(raw))
    assert fake(tmp_path, "--load-settings", "m.json", "--slice", "0", "x.stl")[0] == 0
    gcode = (tmp_path / "plate_1.gcode").read_text()
    assert "; total filament weight [g] : 0.00" in gcode and "; filament_density: 0" in gcode
    two = fake(tmp_path, "--load-settings", "m.json;m.json", "--slice", "0", "x.stl")
    assert two[0] == 251 and "duplicate machine config" in two[1]


def test_the_fake_dies_of_a_plain_value_where_a_list_belongs(tmp_path: Path) -> None:
    (tmp_path / "x.stl").write_bytes(box_stl(10, 10, 10))
    raw = {"type": "filament", "name": "F", "from": "system", "filament_density": "1.2"}
    (tmp_path / "f.json").write_text(json.dumps(raw))
    done = subprocess.run(
        [FAKE, "--load-filaments", "f.json", "--slice", "0", "x.stl"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == -6
    assert orca_codes.crashed(done.returncode)


@pytest.mark.parametrize(("plate", "version", "code"), [("1", "99.1", -24), ("3", "1.0", -2)])
def test_the_fake_looks_at_projects(
    rig: Rig, plate: str, version: str, code: int, tmp_path: Path
) -> None:
    order = rig.order(kind="3mf", project={"settings": {"version": version}})
    assert fake(tmp_path, "--slice", plate, str(order.model))[2] == code


def test_the_fake_refuses_scripts(rig: Rig, tmp_path: Path) -> None:
    order = rig.order(kind="3mf", project={"settings": {"post_process": ["x"]}})
    assert fake(tmp_path, "--slice", "1", str(order.model))[2] == -19
    unchecked = ["--allow-newer-file", "--normative-check=0"]
    assert fake(tmp_path, "--slice", "1", *unchecked, str(order.model))[2] == 0


def test_report_is_found_in_the_working_folder_too(tmp_path: Path) -> None:
    assert orca_result.read_report(tmp_path).code is None
    (tmp_path / "result.json").write_text('{"return_code": -2, "error_string": "bad"}')
    assert orca_result.read_report(tmp_path).code == -2
