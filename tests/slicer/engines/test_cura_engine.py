"""CuraEngine's adapter without CuraEngine: what it asks, what it understands, what it believes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import Unusable
from slicer.engines.base import Ended, Installation, SliceOrder
from slicer.engines.cura.adapter import OUTPUT, CuraEngine
from slicer.profiles.cura.reader import CuraReader
from slicer.profiles.presets import Family
from tests.slicer.engines import cura_tree
from tests.slicer.engines.test_cura_gcode import BEFORE, BODY, LOG


@pytest.fixture
def order(tmp_path: Path) -> SliceOrder:
    root = tmp_path / "cura"
    cura_tree.build(root)
    reader = CuraReader([str(root)])
    bundle = reader.load(reader.vendors(root / "CuraEngine")[0])
    folder = tmp_path / "work"
    folder.mkdir()
    return SliceOrder(
        installation=Installation(engine="cura", program=Path("/opt/CuraEngine")),
        folder=folder,
        model=folder / "model.stl",
        kind="stl",
        choice=cura_tree.pick(bundle, "Maker One 0.4 mm", "Fine"),
    )


@pytest.fixture
def engine(tmp_path: Path) -> CuraEngine:
    return CuraEngine([str(tmp_path / "cura")], ManualClock())


def definition(folder: Path, name: str) -> dict[str, str]:
    data = json.loads((folder / f"{name}.def.json").read_text())
    return {key: about["default_value"] for key, about in data["settings"].items()}


def test_the_command_names_only_the_farms_own_files(engine: CuraEngine, order: SliceOrder) -> None:
    asked = engine.prepare(order)
    folder = str(order.folder)
    assert asked.argv == (
        "/opt/CuraEngine", "slice", "-v", "-p",
        "-j", f"{folder}/machine.def.json",
        "-o", f"{folder}/{OUTPUT}",
        "-e0", "-l", f"{folder}/model.stl",
    )  # fmt: skip
    assert asked.environment == {"CURA_ENGINE_SEARCH_PATH": folder}
    assert asked.output == order.folder / OUTPUT


def test_definitions_hold_plain_values(engine: CuraEngine, order: SliceOrder) -> None:
    engine.prepare(order)
    machine, extruder = definition(order.folder, "machine"), definition(order.folder, "extruder_0")
    assert machine["layer_height"] == "0.2"
    # an extruder's own word wins in the engine, so it has to be said there as well
    assert (machine["center_object"], extruder["center_object"]) == ("true", "true")
    assert machine["machine_start_gcode"] == "M104 S205\nG28"
    # the start code heats the nozzle itself, so the engine heats only the bed
    assert (machine["material_print_temp_prepend"], machine["material_bed_temp_prepend"]) == (
        "false",
        "true",
    )
    assert extruder["material_print_temperature"] == "205"
    assert extruder["material_diameter"] == "1.75"


def test_a_start_code_that_cannot_be_filled_is_refused(
    engine: CuraEngine, order: SliceOrder
) -> None:
    machine = order.choice.machine
    code = {"machine_start_gcode": {"default_value": "M104 S{temperature_of_old}"}}
    settings = {**machine.settings, "settings": {**machine.settings["settings"], **code}}
    choice = replace(order.choice, machine=replace(machine, settings=settings))
    with pytest.raises(Unusable) as refused:
        engine.prepare(replace(order, choice=choice))
    assert refused.value.error_code == "gcode_placeholder"
    assert "{temperature_of_old}" in refused.value.message


def test_a_start_code_whose_formula_fails_is_refused(engine: CuraEngine, order: SliceOrder) -> None:
    """Another machine's code would take its place."""
    machine = order.choice.machine
    code = {"machine_start_gcode": {"value": "'G28' if never_declared else 'G29'"}}
    settings = {**machine.settings, "settings": {**machine.settings["settings"], **code}}
    choice = replace(order.choice, machine=replace(machine, settings=settings))
    with pytest.raises(Unusable) as refused:
        engine.prepare(replace(order, choice=choice))
    assert refused.value.error_code == "gcode_formula"


@pytest.mark.parametrize("kind", ["3mf", "obj", "step", "amf"])
def test_only_stl_is_sliced(engine: CuraEngine, order: SliceOrder, kind: str) -> None:
    assert kind not in engine.model_kinds
    with pytest.raises(Unusable, match=kind.upper()) as refused:
        engine.prepare(replace(order, kind=kind))
    assert refused.value.error_code == "engine_cannot"


def test_other_slicers_profiles_and_too_many_filaments_are_refused(
    engine: CuraEngine, order: SliceOrder
) -> None:
    with pytest.raises(Unusable):
        engine.prepare(replace(order, choice=replace(order.choice, family=Family.PRUSA)))
    doubled = replace(order.choice, filaments=order.choice.filaments * 2)
    with pytest.raises(Unusable) as refused:
        engine.prepare(replace(order, choice=doubled))
    assert refused.value.error_code == "too_many_filaments"


@pytest.mark.parametrize(
    ("line", "percent", "text"),
    [
        ("Progress:slice:1:1 \t0.018500%", 1, "Reading the model"),
        ("Progress:inset+skin:50:198 \t0.301%", 30, "Laying out walls and skin"),
        ("Progress:export:198:198 \t0.999648%", 99, "Writing G-code"),
        ("Progress:process:1:1 \t1.000000%", 99, ""),
    ],
)
def test_progress_is_a_fraction(engine: CuraEngine, line: str, percent: int, text: str) -> None:
    step = engine.progress(line)
    assert step is not None
    assert (step.percent, step.text) == (percent, text)


@pytest.mark.parametrize("line", ["", "Layer count: 0", "Progress: export accomplished in 0.5s"])
def test_other_lines_are_no_progress(engine: CuraEngine, line: str) -> None:
    assert engine.progress(line) is None


@pytest.mark.parametrize(
    ("ended", "code", "blame"),
    [
        (Ended(code=1, tail="[ERROR] Failed to load model: m"), "model_unreadable", "model"),
        (Ended(code=1, tail="[ERROR] Couldn't open JSON file"), "cura_definition", "engine"),
        (
            Ended(code=2, tail="[ERROR] Trying to retrieve setting with no value given: 'x'"),
            "settings_unusable",
            "settings",
        ),
        (Ended(code=-6, tail="what():  std::bad_alloc"), "slicing_memory", "model"),
        (Ended(code=-11, tail=""), "engine_crashed", "engine"),
        (Ended(code=139, tail=""), "engine_crashed", "engine"),
        (Ended(code=3, tail="[ERROR] Something new."), "slicing_failed", "model"),
        (Ended(code=-15, tail="", limit="time"), "slicing_time", "model"),
        (Ended(code=0, tail=LOG), "no_result", "engine"),
    ],
)
def test_failures_say_whose_they_are(
    engine: CuraEngine, order: SliceOrder, ended: Ended, code: str, blame: str
) -> None:
    verdict = engine.judge(order, ended)
    assert (verdict.ok, verdict.code, verdict.blame) == (False, code, blame)
    assert verdict.text.endswith(".")


@pytest.mark.parametrize(
    ("content", "log", "code"),
    [
        (BEFORE + BODY, LOG, ""),
        (BEFORE + BODY, LOG.replace(";TIME:2596", ";TIME:0"), "print_empty"),
        (BEFORE + b";LAYER_COUNT:0\n;End of Gcode\n", LOG, "print_empty"),
        (BEFORE + BODY, "nothing said", "no_summary"),
        (BEFORE + BODY[:-10], LOG, "no_result"),
        (b"", LOG, "no_result"),
    ],
)
def test_an_exit_code_of_0_proves_nothing(
    engine: CuraEngine, order: SliceOrder, content: bytes, log: str, code: str
) -> None:
    (order.folder / OUTPUT).write_bytes(content)
    verdict = engine.judge(order, Ended(code=0, tail=log))
    assert (verdict.ok, verdict.code) == (not code, code)


def test_the_finished_file_says_what_the_gates_ask(engine: CuraEngine, order: SliceOrder) -> None:
    (order.folder / OUTPUT).write_bytes(BEFORE + BODY)
    engine.finish(order, Ended(code=0, tail=f"{LOG}Filament (mm^3): 4554\n"))
    head = (order.folder / OUTPUT).read_text().partition(";Generated")[0]
    assert ";TARGET_MACHINE.NAME:Maker One\n" in head
    assert ";EXTRUDER_TRAIN.0.NOZZLE.DIAMETER:0.4\n" in head
    assert "; filament_type = PLA\n" in head
    assert "; filament used [mm] = 1893.3\n" in head  # 4554 mm³ of 1.75 mm
    assert "; filament used [g] = 5.65\n" in head  # at 1.24 g/cm³
    assert "6666" not in head
    assert "M117 00:43 1.89\n" in (order.folder / OUTPUT).read_text()


def test_a_program_that_is_no_curaengine_says_what_to_install(tmp_path: Path) -> None:
    stranger = tmp_path / "CuraEngine"
    stranger.write_text("#!/bin/sh\necho hello\n")
    stranger.chmod(0o755)
    found = CuraEngine().version(stranger)
    assert found.version == ""
    assert "does not answer as CuraEngine does" in found.problem
    assert CuraEngine().version(tmp_path / "nowhere").problem
