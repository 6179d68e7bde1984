"""The real PrusaSlicer: what it makes is printable, and what it says is never just believed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from slicer.bounds.runner import scan_file
from slicer.engines import runner
from slicer.engines.base import Invocation
from slicer.engines.prusa.adapter import PrusaSlicer
from slicer.inspection import inspect_file
from slicer.profiles.presets import PresetKind
from slicer.profiles.prusa.reader import PrusaPresets
from tests.slicer.engines import meshes, prusa_bench
from tests.slicer.engines.prusa_bench import PROGRAM, mk3s, order, run, slice_model
from tests.slicer.engines.step_files import step_box

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="prusa-slicer is not installed (make test installs it)"
)

MACHINE_HEIGHT = 210.0
BED = (250.0, 210.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "slicing"
    made.mkdir()
    return made


@pytest.fixture
def cube(folder: Path) -> Path:
    return meshes.write_stl(folder / "model.stl", meshes.box(20, 20, 20))


def test_it_tells_its_version() -> None:
    found = PrusaSlicer().version(Path(PROGRAM or ""))
    assert (found.engine, found.problem) == ("prusa", "")
    assert found.version.startswith("2.")


def test_a_cube_becomes_a_print_file_for_the_mk3s(folder: Path, cube: Path) -> None:
    sliced = slice_model(folder, cube, mk3s())
    assert (sliced.verdict.ok, sliced.ended.code) == (True, 0)
    file = inspect_file(sliced.output, "cube.gcode")
    (plate,) = file.plates
    assert (file.slicer, plate.models, plate.nozzle_mm) == ("PrusaSlicer", ("MK3S",), (0.4,))
    assert (plate.layers, plate.height_mm) == (100, 20.0)
    assert plate.grams is not None and 2 < plate.grams < 6
    assert plate.seconds is not None and 900 < plate.seconds < 4000
    assert [(f.type, f.name) for f in plate.filaments] == [("PLA", "Prusament PLA")]
    (bounds,) = scan_file(sliced.output)
    assert bounds.model is not None and bounds.complete
    assert bounds.model.x0 > 0 and bounds.model.x1 < BED[0]
    assert bounds.model.z1 == 20.0


def test_progress_is_told_forwards_and_in_words(folder: Path, cube: Path) -> None:
    steps = slice_model(folder, cube, mk3s()).steps
    percents = [step.percent for step in steps if step.percent is not None]
    assert percents == sorted(percents)
    assert percents[-1] <= 99
    assert [step.text for step in steps][-1] == "Exporting G-code"


def test_an_order_leaves_only_our_files_in_its_folder(folder: Path, cube: Path) -> None:
    slice_model(folder, cube, mk3s())
    assert sorted(path.name for path in folder.rglob("*")) == [
        "config.ini", "model.stl", "out.gcode",
    ]  # fmt: skip


def test_a_model_of_80000_triangles_with_supports(folder: Path) -> None:
    model = meshes.write_stl(folder / "model.stl", meshes.torus_knot())
    choice = mk3s(support_material="1", support_material_auto="1", brim_width="4")
    sliced = slice_model(folder, model, choice)
    assert sliced.verdict.ok, sliced.ended.tail[-500:]
    (plate,) = inspect_file(sliced.output, "knot.gcode").plates
    assert plate.models == ("MK3S",)
    assert plate.layers is not None and plate.layers > 60
    assert plate.grams is not None and plate.grams > 2
    assert b";TYPE:Support material" in sliced.output.read_bytes()
    (bounds,) = scan_file(sliced.output)
    assert bounds.complete and bounds.model is not None
    assert bounds.model.y0 > 0 and bounds.model.y1 < BED[1]


def test_two_filaments_for_a_multi_material_printer(folder: Path, cube: Path) -> None:
    choice = mk3s(
        machine="Original Prusa i3 MK3S & MK3S+ MMU2S",
        filaments=("Prusament PLA @MMU2", "Prusament PETG @MMU2"),
        infill_extruder="2",
    )
    sliced = slice_model(folder, cube, choice)
    assert sliced.verdict.ok, sliced.ended.tail[-500:]
    (plate,) = inspect_file(sliced.output, "two.gcode").plates
    assert [f.type for f in plate.filaments] == ["PLA", "PETG"]
    assert plate.models == ("MK3SMMU2S",)


@pytest.mark.parametrize("kind", ["3mf", "amf", "obj", "step"])
def test_other_kinds_of_models(folder: Path, kind: str) -> None:
    model = folder / f"model.{kind}"
    faces = meshes.box(20, 20, 20)
    if kind == "3mf":
        meshes.write_3mf(model, {})
    elif kind == "amf":
        model.write_text(meshes.amf_xml(faces))
    elif kind == "step":
        model.write_text(step_box(20, 20, 20))
    else:
        points, triangles = meshes.indexed(faces)
        vertices = "".join(f"v {x} {y} {z}\n" for x, y, z in points)
        sides = "".join(f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in triangles)
        model.write_text(vertices + sides)
    sliced = slice_model(folder, model, mk3s())
    assert sliced.verdict.ok, sliced.ended.tail[-500:]
    assert inspect_file(sliced.output, "model.gcode").plates[0].layers == 100


def test_an_exported_config_slices_as_the_presets_it_was_made_of(folder: Path, cube: Path) -> None:
    """PrusaSlicer itself writes the export: what people bring is split into the right three."""
    asked = order(folder, cube, mk3s())
    PrusaSlicer().prepare(asked)
    saved = folder / "saved.ini"
    saving = (str(PROGRAM), "--load", str(folder / "config.ini"), "--save", str(saved))
    run(PrusaSlicer(), asked, Invocation(argv=(*saving, str(cube)), output=saved))
    bundle = PrusaPresets().read(saved, "saved.ini")
    (machine,) = bundle.of(PresetKind.MACHINE)
    (process,) = bundle.of(PresetKind.PROCESS)
    exported = replace(
        mk3s(), machine=machine, process=process, filaments=bundle.of(PresetKind.FILAMENT)
    )
    first = slice_model(folder, cube, mk3s()).output.read_text().splitlines()
    second = slice_model(folder, cube, exported).output.read_text().splitlines()
    assert first[1:] == second[1:]  # the first line holds the time


def test_cancelled_in_the_middle_it_leaves_no_print_file(folder: Path) -> None:
    model = meshes.write_stl(folder / "model.stl", meshes.torus_knot())
    engine, cancel = PrusaSlicer(), threading.Event()
    invocation = engine.prepare(order(folder, model, mk3s(support_material="1")))
    ended = runner.run(
        invocation,
        folder,
        timeout_s=120,
        memory_mb=4096,
        output_mb=512,
        on_step=lambda _: cancel.set(),
        progress=engine.progress,
        cancel=cancel,
    )
    assert (ended.limit, ended.code) == ("cancelled", -15)
    assert not invocation.output.exists()


# -- lies of exit code 0: the farm's look at every move finds them


def test_it_slices_what_is_too_tall_without_a_word(folder: Path) -> None:
    model = meshes.write_stl(folder / "model.stl", meshes.box(20, 20, 500))
    sliced = slice_model(folder, model, mk3s())
    assert (sliced.ended.code, sliced.verdict.ok) == (0, True)
    (bounds,) = scan_file(sliced.output)
    assert bounds.model is not None and bounds.model.z1 > MACHINE_HEIGHT


def test_it_slices_what_hangs_off_the_bed_without_a_word(folder: Path, cube: Path) -> None:
    off = ("--dont-arrange", "--center", "245,200")
    sliced = slice_model(folder, cube, mk3s(), arguments=off)
    assert (sliced.ended.code, sliced.verdict.ok) == (0, True)
    (bounds,) = scan_file(sliced.output)
    assert bounds.model is not None and bounds.model.x1 > BED[0]


def test_a_wrong_value_is_refused_instead_of_replaced(folder: Path, cube: Path) -> None:
    """Without --config-compatibility disable it would slice with another pattern, exit 0."""
    sliced = slice_model(folder, cube, mk3s(fill_pattern="hexfoo"))
    assert (sliced.verdict.code, sliced.verdict.blame) == ("setting_unknown", "settings")
    assert "fill_pattern: hexfoo" in sliced.verdict.text
    lax = prusa_bench.order(folder, cube, mk3s(fill_pattern="hexfoo"))
    invocation = PrusaSlicer().prepare(lax)
    argv = tuple("enable" if word == "disable" else word for word in invocation.argv)
    assert run(PrusaSlicer(), lax, replace(invocation, argv=argv)).ended.code == 0


# -- failures


def zeros(path: Path) -> None:
    path.write_bytes(b"")


def noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 80)


def cut_short(path: Path) -> None:
    meshes.write_stl(path, meshes.box(20, 20, 20))
    path.write_bytes(path.read_bytes()[:400])


def no_triangles(path: Path) -> None:
    path.write_bytes(bytes(84))


def sized(x: float, y: float, z: float) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        meshes.write_stl(path, meshes.box(x, y, z))

    return write


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (zeros, "model_unreadable"),
        (noise, "model_unreadable"),
        (cut_short, "model_unreadable"),
        (no_triangles, "model_unreadable"),
        (sized(0.2, 0.2, 0.2), "print_empty"),
        (sized(400, 400, 20), "model_too_large"),  # SIGABRT, exit 134
    ],
    ids=["zeros", "noise", "cut short", "no triangles", "tiny", "large"],
)
def test_a_bad_model_is_the_models_fault(
    folder: Path, write: Callable[[Path], None], code: str
) -> None:
    """So that nobody tries it again with another slicer."""
    model = folder / "model.stl"
    write(model)
    sliced = slice_model(folder, model, mk3s())
    assert (sliced.verdict.ok, sliced.verdict.code) == (False, code)
    assert sliced.verdict.blame == "model"
    assert str(folder) not in sliced.verdict.text
    assert "trace" not in sliced.verdict.text


def test_a_model_that_touches_the_bed_nowhere(folder: Path) -> None:
    """Two layers of thin air below a plate: a needle too thin to print holds it up."""
    needle = [
        tuple((x * 0.05, y * 0.05, z * 5.0) for x, y, z in face) for face in meshes.box(1, 1, 1)
    ]
    plate = [tuple((x, y, z + 5.0) for x, y, z in face) for face in meshes.box(20, 20, 5)]
    model = meshes.write_stl(folder / "model.stl", [*needle, *plate])
    sliced = slice_model(folder, model, mk3s())
    assert (sliced.verdict.code, sliced.verdict.blame) == ("first_layer_empty", "model")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"layer_height": "0"}, "settings_unusable"),
        ({"layer_height": "3"}, "settings_unusable"),
        ({"layer_height": "abc"}, "setting_unknown"),
        ({"extrusion_width": "0.01"}, "settings_unusable"),
    ],
)
def test_bad_settings_are_the_settings_fault(
    folder: Path, cube: Path, changed: dict[str, str], code: str
) -> None:
    verdict = slice_model(folder, cube, mk3s(**changed)).verdict
    assert (verdict.code, verdict.blame) == (code, "settings")


def test_custom_gcode_that_cannot_be_worked_out(folder: Path, cube: Path) -> None:
    choice = mk3s()
    start = {**choice.machine.settings, "start_gcode": "G28 {nonsense"}
    choice = replace(choice, machine=replace(choice.machine, settings=start))
    verdict = slice_model(folder, cube, choice).verdict
    assert (verdict.code, verdict.blame) == ("custom_gcode_unusable", "settings")


def test_too_little_memory_is_not_called_a_success(folder: Path) -> None:
    model = meshes.write_stl(folder / "model.stl", meshes.torus_knot())
    verdict = slice_model(folder, model, mk3s(support_material="1"), memory_mb=200).verdict
    assert not verdict.ok
    assert verdict.text


def test_every_machine_of_the_vendor_slices(folder: Path) -> None:
    """One process and filament each: nothing in the flattened presets is refused."""
    bundle = prusa_bench.prusa_research()
    machines = [m for m in bundle.of(PresetKind.MACHINE) if m.nozzle_mm == 0.4]
    assert len(machines) > 10
    for machine in machines[::3]:
        model = meshes.write_stl(folder / "model.stl", meshes.box(10, 10, 5))
        choice = mk3s()
        choice = replace(
            choice,
            machine=machine,
            process=bundle.of(PresetKind.PROCESS, machine.name)[0],
            filaments=bundle.of(PresetKind.FILAMENT, machine.name)[:1],
        )
        sliced = slice_model(folder, model, choice)
        assert sliced.verdict.ok, (machine.name, sliced.ended.tail[-300:])
        (plate,) = inspect_file(sliced.output, "x.gcode").plates
        assert plate.printer_model == machine.settings["printer_model"]
