"""What OrcaSlicer and Bambu Studio are asked, and what they are never asked."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import TooLarge, Unusable
from slicer.engines.orca import adapter as orca
from slicer.engines.orca import settings as orca_settings
from slicer.engines.orca import version as orca_version
from slicer.profiles.presets import Choice, Family, Preset, PresetKind
from tests.slicer.engines.orca_samples import FAKE, MINI, P1S, Rig, chosen, project_3mf

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake is a script with a shebang")

Change = Callable[[Choice], Choice]


def flags(argv: tuple[str, ...]) -> list[str]:
    return [token for token in argv if token.startswith("--")]


def value(argv: tuple[str, ...], flag: str) -> str:
    return argv[argv.index(flag) + 1]


def test_a_loose_model_is_arranged_and_sliced_to_a_bare_name(rig: Rig) -> None:
    order = rig.order(bed_type="Textured PEI Plate")
    asked = rig.engine.prepare(order)
    assert asked.argv[0] == str(rig.program)
    assert asked.argv[-1] == str(order.folder / "model.stl")
    assert value(asked.argv, "--export-3mf") == "result.3mf"
    assert value(asked.argv, "--arrange") == "1"
    assert value(asked.argv, "--slice") == "1"
    assert value(asked.argv, "--curr-bed-type") == "Textured PEI Plate"
    assert value(asked.argv, "--outputdir") == str(order.folder / "out")
    assert asked.output == order.folder / "out" / "result.3mf"
    assert "--" not in asked.argv


@pytest.mark.parametrize("switch", ["--allow-newer-file", "--min-save"])
def test_no_switch_is_followed_by_a_value(rig: Rig, switch: str) -> None:
    argv = rig.engine.prepare(rig.order()).argv
    assert argv[argv.index(switch) + 1].startswith("--")


def test_every_option_is_one_the_slicer_has(rig: Rig) -> None:
    argv = rig.engine.prepare(rig.order(bed_type="Cool Plate")).argv
    told = subprocess.run([FAKE, "--help"], capture_output=True, text=True, check=True).stdout
    known = {line.strip() for line in told.splitlines()} | {"--curr-bed-type"}
    assert set(flags(argv)) <= known


def test_a_project_keeps_its_places_and_tells_its_plate(rig: Rig) -> None:
    order = rig.order(kind="3mf", plate=2, project={"plates": 3})
    argv = rig.engine.prepare(order).argv
    assert value(argv, "--slice") == "2"
    assert "--arrange" not in argv


def test_a_3mf_of_models_alone_is_arranged(rig: Rig) -> None:
    argv = rig.engine.prepare(rig.order(kind="3mf", project={"bare": True})).argv
    assert value(argv, "--arrange") == "1"


def test_one_filament_stands_for_all_of_a_project(rig: Rig) -> None:
    project = {"settings": {"filament_colour": ["#FFFFFF", "#000000", "#FF0000"]}}
    order = rig.order(kind="3mf", project=project)
    paths = value(rig.engine.prepare(order).argv, "--load-filaments").split(";")
    assert paths == [str(order.folder / "filament_1.json")] * 3


def test_a_machines_usual_build_plate_is_asked_for(rig: Rig) -> None:
    """The command line would take the Cool Plate, and its temperatures."""
    choice = chosen(rig.bundle)
    settings = {**choice.machine.settings, "default_bed_type": "Textured PEI Plate"}
    choice = replace(choice, machine=replace(choice.machine, settings=settings))
    order = rig.order(choice=choice)
    assert value(rig.engine.prepare(order).argv, "--curr-bed-type") == "Textured PEI Plate"
    assert "default_bed_type" not in json.loads((order.folder / "machine.json").read_text())


def test_settings_files_stand_alone(rig: Rig) -> None:
    """A user's preset without what it inherits from fits no process there (code -17)."""
    choice = chosen(rig.bundle)
    settings = {**choice.machine.settings, "from": "User", "post_process": ["/bin/sh x"]}
    choice = replace(choice, machine=replace(choice.machine, settings=settings))
    order = rig.order(choice=choice)
    rig.engine.prepare(order)
    machine, process, filament = (
        json.loads((order.folder / f"{name}.json").read_text())
        for name in ("machine", "process", "filament_1")
    )
    assert (machine["type"], machine["name"], machine["from"]) == ("machine", P1S, "system")
    assert machine["inherits"] == "" and "post_process" not in machine
    assert process["compatible_printers"] == filament["compatible_printers"] == [P1S]
    assert filament["filament_density"] == ["1.26"]


def _without(key: str, part: str = "machine") -> Change:
    def change(choice: Choice) -> Choice:
        preset: Preset = getattr(choice, part)
        settings = {name: item for name, item in preset.settings.items() if name != key}
        return replace(choice, **{part: replace(preset, settings=settings)})  # type: ignore[arg-type]

    return change


def _with(part: str, **settings: Any) -> Change:
    def change(choice: Choice) -> Choice:
        preset: Preset = getattr(choice, part)
        changed = replace(preset, settings={**preset.settings, **settings})
        return replace(choice, **{part: changed})  # type: ignore[arg-type]

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: replace(c, family=Family.PRUSA), "presets_family"),
        (lambda c: replace(c, filaments=()), "presets_family"),
        (lambda c: replace(c, process=c.machine), "preset_kind"),
        (lambda c: replace(c, filaments=(c.process,)), "preset_kind"),
        (_without("printable_area"), "preset_incomplete"),
        (_without("layer_height", "process"), "preset_incomplete"),
        (_with("machine", machine_start_gcode=" "), "preset_incomplete"),
        (_with("process", inherits="fdm_process_common"), "preset_inherits"),
        (
            lambda c: replace(c, process=replace(c.process, machines=(MINI,))),
            "preset_for_other_machine",
        ),
    ],
)
def test_presets_that_cannot_be_asked_for(rig: Rig, change: Change, code: str) -> None:
    with pytest.raises(Unusable) as caught:
        orca_settings.check(change(chosen(rig.bundle)))
    assert caught.value.error_code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bed_type": "--help"}, "bed_type_unknown"),
        ({"kind": "3mf", "project": {"plates": 2}}, "plate_not_chosen"),
        ({"kind": "3mf", "plate": 3, "project": {"plates": 2}}, "no_such_plate"),
        (
            {"kind": "3mf", "project": {"settings": {"post_process": ["/tmp/evil"]}}},
            "project_scripts",
        ),
        ({"kind": "3mf", "project": {"members": {"../../x": b"1"}}}, "entry_name_parent"),
        ({"kind": "3mf", "project": {"members": {"/etc/x": b"1"}}}, "entry_name_absolute"),
        (
            {
                "kind": "3mf",
                "project": {"members": {"Metadata/Slic3r_PE.config": b"; post_process = sh\n"},
                            "bare": True},
            },
            "project_scripts",
        ),
    ],
)  # fmt: skip
def test_orders_that_are_refused(rig: Rig, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Unusable) as caught:
        rig.engine.prepare(rig.order(**changes))
    assert caught.value.error_code == code


def test_a_zip_bomb_is_refused_before_the_slicer_opens_it(rig: Rig) -> None:
    order = rig.order(kind="3mf")
    with zipfile.ZipFile(order.model, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("3D/3dmodel.model", bytes(50_000_000))
    with pytest.raises(TooLarge) as caught:
        rig.engine.prepare(order)
    assert caught.value.error_code == "compression_ratio"


def test_two_filaments_do_not_stand_for_three(rig: Rig) -> None:
    choice = chosen(rig.bundle, filaments=("Bambu PLA Basic @BBL P1S", "Generic PETG"))
    project = {"settings": {"filament_colour": ["#FFFFFF", "#000000", "#FF0000"]}}
    with pytest.raises(Unusable) as caught:
        rig.engine.prepare(rig.order(kind="3mf", choice=choice, project=project))
    assert caught.value.error_code == "filaments_missing"


def test_a_folder_whose_name_would_split_the_list_is_refused(rig: Rig) -> None:
    order = rig.order()
    folder = order.folder / "a;b"
    folder.mkdir()
    with pytest.raises(Unusable) as caught:
        rig.engine.prepare(replace(order, folder=folder))
    assert caught.value.error_code == "folder_name"


def test_amf_is_not_for_these_slicers(rig: Rig) -> None:
    with pytest.raises(Unusable) as caught:
        rig.engine.prepare(replace(rig.order(), kind="amf"))
    assert caught.value.error_code == "model_kind"


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ("2.3.2", True),
        ("2.3.10", True),
        ("2.4.0-dev", True),
        ("2.3.2-beta2", False),
        ("2.3.1", False),
        ("1.9", False),
        ("", False),
    ],
)
def test_an_orca_before_the_repair_slices_no_3mf(
    tmp_path: Path, version: str, *, safe: bool
) -> None:
    assert orca_version.is_safe_for_projects(version) is safe
    rig = Rig(tmp_path, orca.ORCA)
    assert rig.engine.prepare(rig.order(version=version)).argv
    order = rig.order(kind="3mf", version=version)
    if safe:
        assert rig.engine.prepare(order).argv
        return
    with pytest.raises(Unusable) as caught:
        rig.engine.prepare(order)
    assert caught.value.error_code == "slicer_outdated"


def test_the_programs_tell_their_versions(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    assert rig.engine.version(rig.program).version == "02.05.00.66"
    other = orca.ORCA.version(rig.program)
    assert other.version == "" and "BambuStudio, not OrcaSlicer" in other.problem


@pytest.mark.parametrize(
    ("script", "part"),
    [
        ("exit 0", "does not answer as"),
        ("echo 'x: error while loading shared libraries: libGLEW.so.2.2: no' >&2; exit 127",
         "needs the library libGLEW.so.2.2"),
        ("echo 'dlopen(): error loading libfuse.so.2' >&2; exit 127", "no FUSE"),
    ],
)  # fmt: skip
def test_a_program_that_cannot_run_says_why(tmp_path: Path, script: str, part: str) -> None:
    program = tmp_path / "orca-slicer"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    found = orca.ORCA.version(program)
    assert found.version == "" and part in found.problem


def test_a_missing_program_is_a_problem_too(tmp_path: Path) -> None:
    assert orca.ORCA.version(tmp_path / "none").problem


def test_a_name_a_person_gave_is_never_asked(rig: Rig, tmp_path: Path) -> None:
    """Presets' names go into the files, not onto the command line."""
    choice = chosen(rig.bundle)
    evil = replace(choice.filaments[0], name="--export-stls /etc;x")
    assert evil.kind is PresetKind.FILAMENT
    argv = rig.engine.prepare(rig.order(choice=replace(choice, filaments=(evil,)))).argv
    assert not any("export-stls" in token for token in argv)


def test_the_sample_project_is_one(tmp_path: Path) -> None:
    project_3mf(tmp_path / "x.3mf", plates=2)
    with zipfile.ZipFile(tmp_path / "x.3mf") as archive:
        assert "Metadata/project_settings.config" in archive.namelist()
