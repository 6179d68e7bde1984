"""The real CuraEngine with Cura's own definitions: real prints, and its lies of print-files 1.3."""

from __future__ import annotations

import random
import re
import struct
from pathlib import Path

import pytest

from core.errors import Unusable
from slicer.bounds.result import PlateBounds
from slicer.bounds.runner import scan_file
from slicer.engines.cura.adapter import CuraEngine
from slicer.engines.cura.settings import resolve
from slicer.inspection import inspect_file
from slicer.mesh.check import inspect_model
from slicer.profiles.cura.reader import CuraReader
from slicer.profiles.cura.resources import EXTRUDER, PRINTER
from slicer.profiles.presets import PresetKind
from slicer.slicing.checks import check_result
from tests.slicer.engines import cura_bench, cura_tree, meshes
from tests.slicer.engines.cura_bench import PROGRAM, RESOURCES, ender3, maker, slice_model
from tests.slicer.engines.test_cura_engine import definition
from tests.slicer.engines.test_cura_profiles import profile

pytestmark = pytest.mark.skipif(PROGRAM is None or RESOURCES is None, reason=cura_bench.MISSING)

BED_MM = 235.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "slicing"
    made.mkdir()
    return made


@pytest.fixture
def cube(folder: Path) -> Path:
    return meshes.write_stl(folder / "model.stl", meshes.box(20, 20, 20))


def bounds_of(path: Path) -> PlateBounds:
    (found,) = scan_file(path)
    assert found.complete
    return found


def test_it_tells_its_version() -> None:
    found = CuraEngine().version(Path(PROGRAM or ""))
    assert (found.engine, found.problem) == ("cura", "")
    assert re.fullmatch(r"\d+\.\d+\.\d+", found.version)


def test_a_cube_becomes_a_print_file_for_the_ender_3(folder: Path, cube: Path) -> None:
    choice = ender3()
    sliced = slice_model(folder, cube, choice)
    assert (sliced.verdict.ok, sliced.ended.code) == (True, 0)
    file, warnings = check_result(sliced.output, choice, "CuraEngine")
    assert warnings == ()
    (plate,) = file.plates
    assert (file.slicer, plate.printer_model, plate.nozzle_mm) == (
        "Cura",
        "Creality Ender-3",
        (0.4,),
    )
    assert (plate.layers, plate.height_mm) == (100, 20.0)
    assert [one.type for one in plate.filaments] == ["PLA"]
    assert plate.grams is not None and 3 < plate.grams < 8
    model = bounds_of(sliced.output).model
    assert model is not None and model.x0 > 0 and model.x1 < BED_MM and model.z1 == 20.0
    assert (model.x0 + model.x1) / 2 == pytest.approx(BED_MM / 2, abs=0.1)


def test_its_header_is_as_true_as_its_moves(folder: Path, cube: Path) -> None:
    sliced = slice_model(folder, cube, ender3())
    text = sliced.output.read_text()
    seconds = inspect_file(sliced.output, "cube.gcode").plates[0].seconds
    assert seconds == int(float(text.rpartition(";TIME_ELAPSED:")[2].split()[0]))
    assert f"Print time (s): {seconds}" in sliced.ended.tail
    head = text.partition(";LAYER_COUNT")[0]
    assert "6666" not in head and "2.14748e+06" not in head
    told = re.search(r";Filament used: ([\d.]+)m", head)
    pushed = sum(length for _, length in bounds_of(sliced.output).filament_mm)
    assert told is not None
    assert float(told[1]) * 1000 == pytest.approx(pushed, abs=40)  # without 30 mm of priming


def test_progress_rises_to_the_end(folder: Path, cube: Path) -> None:
    steps = slice_model(folder, cube, ender3()).steps
    percents = [step.percent for step in steps if step.percent is not None]
    assert percents == sorted(percents)
    assert percents[-1] == 99
    assert "Writing G-code" in {step.text for step in steps}


def test_a_complex_model_becomes_a_print_file(folder: Path) -> None:
    choice = ender3()
    model = meshes.write_stl(folder / "model.stl", meshes.torus_knot(400, 40))
    size = inspect_model(model, "stl", "knot.stl").size_mm
    sliced = slice_model(folder, model, choice)
    assert sliced.verdict.ok
    file, _ = check_result(sliced.output, choice, "CuraEngine")
    (plate,) = file.plates
    assert size is not None and plate.height_mm == pytest.approx(size[2], abs=0.2)
    assert plate.layers == pytest.approx(size[2] / 0.2, abs=1)
    assert plate.seconds is not None and plate.seconds > 1000


def test_a_model_from_anywhere_is_put_in_the_middle_of_the_bed(folder: Path) -> None:
    far = [tuple((x + 900, y - 70, z - 12) for x, y, z in face) for face in meshes.box(20, 30, 10)]
    model = meshes.write_stl(folder / "model.stl", far)
    choice = ender3(process="Low Quality")
    sliced = slice_model(folder, model, choice)
    box = bounds_of(sliced.output).model
    assert box is not None
    assert (box.x0 + box.x1) / 2 == pytest.approx(BED_MM / 2, abs=0.1)
    assert (box.y0 + box.y1) / 2 == pytest.approx(BED_MM / 2, abs=0.1)
    assert (box.z0, box.z1) == pytest.approx((0.2, 10), abs=0.3)


def test_a_persons_profile_is_sliced_with(folder: Path, cube: Path) -> None:
    parts = {
        "all": "layer_height = 0.16\nadhesion_type = none",
        "first": "line_width = =machine_nozzle_size * 1.2\ninfill_sparse_density = 0",
    }
    head = "type = quality_changes\nquality_type = standard"
    texts = {
        name: cura_tree.instance(
            "Mine", "creality_base", head + ("\nposition = 0" if name == "first" else ""), values
        )
        for name, values in parts.items()
    }
    path = folder / "upload"
    path.write_bytes(profile(texts))
    bundle = CuraReader().read(path, "Mine.curaprofile")
    assert bundle.warnings == ()
    choice = cura_tree.pick(bundle, cura_bench.ENDER3, "Mine", ("Generic PETG",))
    sliced = slice_model(folder, cube, choice)
    (plate,) = inspect_file(sliced.output, "cube.gcode").plates
    assert plate.layers == 125
    assert definition(folder, "extruder_0")["line_width"] == "0.48"
    assert b";TYPE:FILL" not in sliced.output.read_bytes()
    assert b";TYPE:SKIRT" not in sliced.output.read_bytes()
    assert bounds_of(sliced.output).nozzle_c == ((0, 240.0),)


def test_two_filaments_on_a_machine_with_two_extruders(folder: Path, cube: Path) -> None:
    """A model alone is printed by the first; the bed is as hot as the hotter one needs."""
    choice = cura_tree.pick(
        maker("Ultimaker B.V."), "Ultimaker 3 AA 0.4", "Normal", ("Generic PLA", "Generic ABS")
    )
    sliced = slice_model(folder, cube, choice)
    assert sliced.verdict.ok
    (plate,) = inspect_file(sliced.output, "cube.gcode").plates
    assert [one.type for one in plate.filaments] == ["PLA"]
    assert bounds_of(sliced.output).tools == (0,)


@pytest.mark.parametrize(
    ("filament", "nozzle_c", "bed_c"),
    [("Generic PLA", 200, 50), ("Generic PETG", 240, 70), ("Generic ABS", 240, 80)],
)
def test_it_heats_for_the_chosen_filament(
    folder: Path, cube: Path, filament: str, nozzle_c: int, bed_c: int
) -> None:
    """As Cura's materials say for the Ender 3."""
    sliced = slice_model(folder, cube, ender3(filament))
    bounds = bounds_of(sliced.output)
    assert bounds.nozzle_c == ((0, nozzle_c),)
    assert bounds.bed_c == bed_c
    commands = re.findall(r"^M1(?:04|09) S([\d.]+)", sliced.output.read_text(), re.M)
    assert {float(text) for text in commands} == {nozzle_c, 0}


def test_formulas_are_evaluated_for_the_chosen_quality(folder: Path, cube: Path) -> None:
    """The engine alone would take fdmprinter's 0.1 mm layers, 210 °C and 0.35 mm lines."""
    assert RESOURCES is not None
    choice = ender3(process="Low Quality")
    found = resolve(choice, RESOURCES.declared(PRINTER), RESOURCES.declared(EXTRUDER))
    assert found.machine["layer_height"] == 0.28
    assert found.extruders[0]["line_width"] == 0.4
    assert found.extruders[0]["wall_line_count"] == 2  # wall_thickness is line_width * 2
    assert found.extruders[0]["speed_wall"] == 25.0
    text = slice_model(folder, cube, choice).output.read_text()
    assert ";Layer height: 0.28" in text
    assert "G1 X0 Y235 ;Present print" in text  # the end code's {machine_depth}
    assert "{" not in text


@pytest.mark.parametrize(
    ("vendor", "machine", "process", "filament", "model"),
    [
        ("Creality3D", "Creality CR-10 0.8mm Nozzle", "Draft", "Generic PETG", "Creality CR-10"),
        ("Prusa3D", "Prusa i3 Mk3/Mk3s", "Normal", "Generic PLA", "Prusa i3 Mk3/Mk3s"),
        ("Ultimaker B.V.", "Ultimaker 3 AA 0.4", "Normal", "Generic PLA", "Ultimaker 3"),
    ],
)  # fmt: skip
def test_other_machines_slice_too(
    folder: Path, cube: Path, vendor: str, machine: str, process: str, filament: str, model: str
) -> None:
    choice = cura_tree.pick(maker(vendor), machine, process, (filament,))
    sliced = slice_model(folder, cube, choice)
    assert sliced.verdict.ok
    (plate,) = inspect_file(sliced.output, "cube.gcode").plates
    assert plate.printer_model == model
    assert plate.nozzle_mm == (choice.machine.nozzle_mm,)
    assert plate.seconds is not None and plate.seconds > 300


def test_every_machine_of_a_vendor_can_be_prepared(folder: Path, cube: Path) -> None:
    """No start code with a placeholder left, no nozzle without a width."""
    assert RESOURCES is not None
    bundle = maker("Creality3D")
    printer, extruder = RESOURCES.declared(PRINTER), RESOURCES.declared(EXTRUDER)
    machines = bundle.of(PresetKind.MACHINE)
    assert len(machines) > 50
    for machine in machines:
        process = bundle.of(PresetKind.PROCESS, machine.name)[0].name
        choice = cura_tree.pick(bundle, machine.name, process)
        found = resolve(choice, printer, extruder)
        assert found.extruders[0]["line_width"] == machine.nozzle_mm
        assert 0.05 < found.machine["layer_height"] <= (machine.nozzle_mm or 0)


# The lies: exit code 0, whatever it was given


def test_a_truncated_model_is_sliced_without_a_word_and_caught_before(folder: Path) -> None:
    whole = meshes.write_stl(folder / "whole.stl", meshes.torus_knot(100, 20)).read_bytes()
    model = folder / "model.stl"
    model.write_bytes(whole[: len(whole) // 3])
    assert slice_model(folder, model, ender3()).ended.code == 0
    with pytest.raises(Unusable) as refused:
        inspect_model(model, "stl", "part.stl")
    assert refused.value.error_code in ("model_unreadable", "model_empty")


RANDOM = random.Random(6).randbytes(20_000)
OPEN = [face for number, face in enumerate(meshes.box(20, 20, 20)) if number not in (0, 1, 2, 3)]


@pytest.mark.parametrize(
    "content",
    [
        bytes(84),
        RANDOM,
        bytes(80) + struct.pack("<I", 4_000_000_000) + bytes(600),
    ],
    ids=["empty mesh", "random bytes", "4·10⁹ faces"],
)
def test_what_is_no_model_is_caught_before_and_after(folder: Path, content: bytes) -> None:
    model = folder / "model.stl"
    model.write_bytes(content)
    sliced = slice_model(folder, model, ender3())
    assert sliced.ended.code == 0
    assert (sliced.verdict.code, sliced.verdict.blame) == ("print_empty", "model")
    with pytest.raises(Unusable):
        inspect_model(model, "stl", "part.stl")


@pytest.mark.parametrize("faces", [meshes.box(0.2, 0.2, 0.2), OPEN], ids=["tiny", "open"])
def test_a_model_without_a_printable_inside_is_caught_after(
    folder: Path, faces: list[meshes.Triangle]
) -> None:
    model = meshes.write_stl(folder / "model.stl", faces)
    sliced = slice_model(folder, model, ender3())
    assert sliced.ended.code == 0
    assert (sliced.verdict.ok, sliced.verdict.code) == (False, "print_empty")
    assert not sliced.output.read_bytes().count(b"TIME:0")  # nothing was made to look true


@pytest.mark.parametrize(
    ("size", "code"),
    [((400.0, 400.0, 1.0), "off_bed"), ((20.0, 20.0, 300.0), "too_tall")],
)
def test_what_does_not_fit_the_machine_is_caught_after(
    folder: Path, size: tuple[float, float, float], code: str
) -> None:
    """print-files 1.3: 400 mm on the Ender 3 goes from X −90 to 325, 500 mm up prints for days."""
    choice = ender3(process="Low Quality")
    model = meshes.write_stl(folder / "model.stl", meshes.box(*size))
    sliced = slice_model(folder, model, choice)
    assert (sliced.ended.code, sliced.verdict.ok) == (0, True)
    with pytest.raises(Unusable) as refused:
        check_result(sliced.output, choice, "CuraEngine")
    assert refused.value.error_code == code


@pytest.mark.parametrize(
    "content",
    [b"", b"solid", b"a text that is no model", None],
    ids=["0 bytes", "short", "text", "missing"],
)
def test_what_it_cannot_read_it_says(folder: Path, content: bytes | None) -> None:
    model = folder / "model.stl"
    if content is not None:
        model.write_bytes(content)
    sliced = slice_model(folder, model, ender3())
    assert sliced.ended.code == 1
    assert (sliced.verdict.code, sliced.verdict.blame) == ("model_unreadable", "model")


def test_too_little_memory_is_said_so(folder: Path) -> None:
    model = meshes.write_stl(folder / "model.stl", meshes.torus_knot(800, 100))
    sliced = slice_model(folder, model, ender3(), memory_mb=64)
    assert not sliced.verdict.ok
    assert sliced.verdict.code in ("slicing_memory", "engine_crashed", "slicing_failed")
