"""How slicing with OrcaSlicer and Bambu Studio fails, and what is said of it."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slicer.engines.base import Ended
from slicer.engines.orca import codes as orca_codes
from slicer.engines.orca import result as orca_result
from tests.slicer.engines.orca_samples import Rig, box_stl, chosen

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake is a script with a shebang")
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


def test_report_is_found_in_the_working_folder_too(tmp_path: Path) -> None:
    assert orca_result.read_report(tmp_path).code is None
    (tmp_path / "result.json").write_text('{"return_code": -2, "error_string": "bad"}')
    assert orca_result.read_report(tmp_path).code == -2
