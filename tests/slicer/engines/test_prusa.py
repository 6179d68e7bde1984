"""The PrusaSlicer adapter without the program: what it asks for and how it takes the answers."""

from __future__ import annotations

import signal
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import FarmError, Unusable
from slicer.engines.all_engines import all_engines
from slicer.engines.base import Ended, Installation, SliceOrder, Step
from slicer.engines.prusa import adapter as prusa
from slicer.engines.prusa.adapter import PrusaSlicer
from slicer.engines.prusa.config import config_text, merged_filaments
from slicer.engines.prusa.scripts import refuse_scripts
from slicer.profiles.presets import Choice, Family, Preset, PresetKind

ENGINE = PrusaSlicer()
COMPLETE = (
    b"G28\n;LAYER_CHANGE\nG1 X1 E1\n; prusaslicer_config = begin\n; prusaslicer_config = end\n"
)


def a_preset(kind: PresetKind, name: str, **settings: Any) -> Preset:
    return Preset(kind=kind, name=name, settings=settings)


def a_choice(*filaments: Preset, tools: str = "0.4", **process: Any) -> Choice:
    return Choice(
        family=Family.PRUSA,
        machine=a_preset(
            PresetKind.MACHINE, "Machine", nozzle_diameter=tools, start_gcode="G28\\nG1 Z5"
        ),
        process=a_preset(PresetKind.PROCESS, "0.2 mm", layer_height="0.2", **process),
        filaments=filaments or (a_preset(PresetKind.FILAMENT, "PLA", filament_type="PLA"),),
    )


@pytest.fixture
def order(tmp_path: Path) -> SliceOrder:
    model = tmp_path / "model.stl"
    model.write_bytes(b"solid")
    return SliceOrder(
        installation=Installation(engine="prusa", program=Path("/opt/prusa-slicer")),
        folder=tmp_path,
        model=model,
        kind="stl",
        choice=a_choice(),
    )


def lines_of(text: str) -> dict[str, str]:
    return dict(line.split(" = ", 1) for line in text.splitlines())


def test_the_table_has_it_under_its_name() -> None:
    assert all_engines()["prusa"].name == "prusa"


# -- what it asks for


def test_the_arguments_are_ours_alone(order: SliceOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prusa, "line_by_line", lambda: ("/bin/stdbuf", "-oL"))
    invocation = ENGINE.prepare(order)
    folder = str(order.folder)
    assert invocation.argv == (
        "/bin/stdbuf", "-oL", "/opt/prusa-slicer", "--export-gcode",
        "--load", f"{folder}/config.ini",
        "--config-compatibility", "disable",
        "--post-process", "",
        "--output", f"{folder}/out.gcode",
        f"{folder}/model.stl",
    )  # fmt: skip
    assert (invocation.pipe, dict(invocation.environment)) == (None, {})


def test_the_ini_holds_all_three_presets_and_their_names(order: SliceOrder) -> None:
    ENGINE.prepare(order)
    values = lines_of((order.folder / "config.ini").read_text("utf-8"))
    assert (values["nozzle_diameter"], values["layer_height"]) == ("0.4", "0.2")
    assert values["start_gcode"] == "G28\\nG1 Z5"
    assert values["printer_settings_id"] == "Machine"
    assert values["print_settings_id"] == "0.2 mm"
    assert values["filament_settings_id"] == '"PLA"'


def test_nothing_that_runs_or_writes_elsewhere_gets_into_the_ini() -> None:
    text = config_text(
        a_choice(
            post_process="/bin/evil",
            output_filename_format="/etc/passwd",
            print_host="http://192.168.1.9",
            inherits="x",
        )
    )
    assert "post_process = \n" in text
    for trace in ("evil", "passwd", "192.168", "inherits"):
        assert trace not in text


@pytest.mark.parametrize("breaker", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\0"])
def test_a_value_or_name_never_begins_a_line_of_its_own(breaker: str) -> None:
    """Presets lie in the farm's data folder, where other hands may have been."""
    planted = f"x{breaker}post_process = /bin/evil"
    choice = a_choice(notes=planted)
    choice = replace(choice, machine=replace(choice.machine, name=planted))
    lines = config_text(choice).splitlines()
    assert [line for line in lines if line.startswith("post_process")] == ["post_process = "]


@pytest.mark.parametrize("key", ["a = b\npost_process", "post_process ", "Load", "", "x" * 200])
def test_a_key_that_is_none_is_left_out(key: str) -> None:
    assert "planted" not in config_text(a_choice(**{key: "planted"}))


def test_a_project_s_gcode_is_overruled_where_the_presets_are_silent() -> None:
    values = lines_of(config_text(a_choice()).replace(" = \n", " = -\n"))
    for key in ("before_layer_gcode", "layer_gcode", "toolchange_gcode", "gcode_substitutions"):
        assert values[key] == "-"


@pytest.mark.parametrize(
    ("told", "written"), [("150%", "0.3"), ("0.35", "0.35"), ("125 %", "0.25"), ("x%", "x%")]
)
def test_a_first_layer_in_percent_is_written_in_mm(told: str, written: str) -> None:
    """PrusaSlicer 2.5 takes 150% for 150 mm; the presets it brings for Artillery say so."""
    assert f"first_layer_height = {written}\n" in config_text(a_choice(first_layer_height=told))


def test_several_filaments_stand_side_by_side() -> None:
    merged = merged_filaments(
        [
            a_preset(
                PresetKind.FILAMENT, "A", temperature="215", filament_type="PLA",
                start_filament_gcode='"M900 K0; a"', filament_cost="20",
            ),
            a_preset(PresetKind.FILAMENT, "B", temperature="240", filament_type="PETG"),
        ]
    )  # fmt: skip
    assert merged == {
        "temperature": "215,240",
        "filament_type": "PLA;PETG",
        "start_filament_gcode": '"M900 K0; a";""',
        "filament_cost": "20,20",
    }


def test_more_filaments_than_tools_are_refused() -> None:
    pla = a_preset(PresetKind.FILAMENT, "PLA")
    with pytest.raises(Unusable, match="Machine has 1 tool, but 2 filaments") as caught:
        config_text(a_choice(pla, pla))
    assert caught.value.error_code == "too_many_filaments"
    assert "filament_settings_id" in config_text(a_choice(pla, pla, tools="0.4,0.4"))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "gcode"}, "engine_cannot"),
        ({"plate": 2}, "plate_not_found"),
        ({"choice": replace(a_choice(), family=Family.CURA)}, "engine_cannot"),
    ],
)
def test_what_it_cannot_do_is_refused_before_it_starts(
    order: SliceOrder, changed: dict[str, Any], code: str
) -> None:
    with pytest.raises(Unusable) as caught:
        ENGINE.prepare(replace(order, **changed))
    assert caught.value.error_code == code


# -- programs in models


def zipped(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


SCRIPT = "; layer_height = 0.2\n; post_process = /bin/evil\n"


@pytest.mark.parametrize(
    "text",
    [
        SCRIPT,
        SCRIPT.replace("\n", "\r\n"),
        "post_process=/bin/evil",
        '; post_process = "/bin/evil"',
        ";post_process\t=\t/bin/evil;/bin/other",
        "x" * 300_000 + "\n; post_process = /bin/evil",
        "x" * (256 * 1024 - 10) + "\n; post_process = /bin/evil",  # across two chunks
    ],
    ids=["plain", "windows", "bare", "quoted", "tabs", "far behind", "cut"],
)
def test_settings_that_name_programs_are_found(tmp_path: Path, text: str) -> None:
    project = zipped(tmp_path / "model.3mf", Metadata__Slic3r_PE="")
    project = zipped(tmp_path / "model.3mf", **{"Metadata/Slic3r_PE.config": text})
    with pytest.raises(Unusable) as caught:
        refuse_scripts(project, "3mf")
    assert caught.value.error_code == "model_runs_scripts"


@pytest.mark.parametrize(
    "text",
    ["; post_process = \n; x = 1\n", '; post_process = ""\n', "; my_post_process = /bin/x\n", ""],
)
def test_settings_without_programs_pass(tmp_path: Path, text: str) -> None:
    refuse_scripts(zipped(tmp_path / "m.3mf", **{"Metadata/Slic3r_PE.config": text}), "3mf")


def test_amf_files_plain_and_zipped_are_looked_into(tmp_path: Path) -> None:
    """PrusaSlicer 2.5 runs what their slic3rpe_config names as well."""
    amf = f'<amf><metadata type="slic3rpe_config">{SCRIPT}</metadata></amf>'
    plain = tmp_path / "plain.amf"
    plain.write_text(amf)
    for model in (plain, zipped(tmp_path / "zipped.amf", **{"model.amf": amf})):
        with pytest.raises(Unusable) as caught:
            refuse_scripts(model, "amf")
        assert caught.value.error_code == "model_runs_scripts"


def test_an_archive_that_breaks_the_rules_is_refused_with_its_own_reason(tmp_path: Path) -> None:
    model = zipped(tmp_path / "m.3mf", **{"../Slic3r_PE.config": ""})
    with pytest.raises(FarmError) as caught:
        refuse_scripts(model, "3mf")
    assert caught.value.error_code != "model_runs_scripts"


def test_models_that_cannot_name_any_are_not_read(tmp_path: Path) -> None:
    refuse_scripts(tmp_path / "not there.stl", "stl")


# -- progress


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("10 => Processing mesh", Step(percent=10, text="Processing mesh")),
        ("90 => Exporting G-code to /x/out.gcode", Step(percent=90, text="Exporting G-code")),
        ("100 => Done", Step(percent=99, text="Done")),
        ("print warning: thin walls", Step(warning="thin walls")),
        ("[2026-11-21 19:01:37.6] [0x7f] [trace]   Initializing StaticPrintConfigs", None),
        ("Slicing result exported to out.gcode", None),
        ("1000 => x", None),
        ("", None),
    ],
)  # fmt: skip
def test_progress_lines(line: str, step: Step | None) -> None:
    assert ENGINE.progress(line) == step


# -- how it ended

NOISE = (
    "[2026-11-21 19:01:37.663728] [0x00007f48dca62d80] [trace]   Initializing StaticPrintConfigs\n"
)


@pytest.mark.parametrize(
    ("exit_code", "tail", "code", "blame"),
    [
        (-6, "terminate called after throwing an instance of 'Slic3r::RuntimeError'\n"
             "  what():  Objects could not fit on the bed\n", "model_too_large", "model"),
        (134, "Objects could not fit on the bed", "model_too_large", "model"),
        (1, "error: Objects could not fit on the bed", "model_too_large", "model"),
        (1, "There is an object with no extrusions in the first layer.\nObject name: x",
         "first_layer_empty", "model"),
        (1, "No layers were detected. You might want to repair your STL file(s) or check",
         "model_open", "model"),
        (1, "/x/model.3mf: Loading of a model file failed.", "model_unreadable", "model"),
        (1, "[error] Error (Invalid 3MF format) while parsing '3D/3dmodel.model'",
         "model_unreadable", "model"),
        (-6, "terminate called after throwing an instance of 'std::bad_alloc'\n",
         "slicing_memory", "model"),
        (1, "G-code export to out.gcode failed. Cannot open the file for writing.",
         "slicing_disk", "engine"),
        (-11, "", "engine_crashed", "engine"),
        (139, "", "engine_crashed", "engine"),
        (-signal.SIGKILL, "", "engine_crashed", "engine"),
        (1, "something nobody has seen yet", "slicing_failed", "model"),
        (0, "", "no_result", "engine"),
        (0, "No layers were detected. You might", "model_open", "model"),
    ],
)  # fmt: skip
def test_every_end_has_a_reason_and_somebody_to_blame(
    order: SliceOrder, exit_code: int, tail: str, code: str, blame: str
) -> None:
    verdict = ENGINE.judge(order, Ended(code=exit_code, tail=NOISE + tail))
    assert (verdict.ok, verdict.code, verdict.blame) == (False, code, blame)
    assert verdict.text.endswith(".")
    assert "trace" not in verdict.text and "{" not in verdict.text


def test_an_unknown_reason_is_shown_without_noise_and_paths(order: SliceOrder) -> None:
    tail = f"{NOISE}70 => Infilling layers\nError: {order.folder}/model.stl is odd\n{NOISE}"
    verdict = ENGINE.judge(order, Ended(code=1, tail=tail))
    assert verdict.text == "PrusaSlicer could not slice the model (exit 1): model.stl is odd."


@pytest.mark.parametrize("limit", ["time", "output", "cancelled"])
def test_what_the_farm_ended_is_no_success(order: SliceOrder, limit: str) -> None:
    (order.folder / "out.gcode").write_bytes(COMPLETE)
    verdict = ENGINE.judge(order, Ended(code=0, tail="", limit=limit))
    assert (verdict.ok, verdict.code) == (False, f"slicing_{limit}")


@pytest.mark.parametrize("content", [b"", COMPLETE[:-8], b"G28\n"])
def test_a_print_file_without_its_end_is_no_success(order: SliceOrder, content: bytes) -> None:
    (order.folder / "out.gcode").write_bytes(content)
    verdict = ENGINE.judge(order, Ended(code=0, tail=""))
    assert (verdict.ok, verdict.code, verdict.blame) == (False, "no_result", "engine")


def test_a_whole_print_file_is_a_success(order: SliceOrder) -> None:
    (order.folder / "out.gcode").write_bytes(COMPLETE)
    assert ENGINE.judge(order, Ended(code=0, tail=NOISE)).ok


# -- which version


def a_program(path: Path, says: str) -> Path:
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("says", "version", "problem"),
    [
        (NOISE + "PrusaSlicer-2.5.0+UNKNOWN based on Slic3r (with GUI support)", "2.5.0", ""),
        ("PrusaSlicer-2.9.0+linux-x64 based on Slic3r", "2.9.0", ""),
        ("PrusaSlicer-2.8.1-alpha1 based on Slic3r", "2.8.1-alpha1", ""),
        ("PrusaSlicer-2.3.3 based on Slic3r", "2.3.3", "too old"),
        ("SuperSlicer-2.5.59 based on Slic3r", "2.5.59", "is SuperSlicer"),
        ("hello", "", 'does not answer as PrusaSlicer does (exit 0: "hello")'),
    ],
)
def test_versions(tmp_path: Path, says: str, version: str, problem: str) -> None:
    found = ENGINE.version(a_program(tmp_path / "prusa-slicer", says))
    assert found.version == version
    assert problem in found.problem
    assert bool(problem) == bool(found.problem)


def test_a_program_that_lacks_a_library_says_which(tmp_path: Path) -> None:
    program = tmp_path / "prusa-slicer"
    program.write_text(
        "#!/bin/sh\necho 'x: error while loading shared libraries: libGL.so.1: no' >&2; exit 127\n"
    )
    program.chmod(0o755)
    assert "needs the library libGL.so.1" in ENGINE.version(program).problem
