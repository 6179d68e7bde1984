"""Presets that people bring: what of their exports is kept, and hostile ones."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import FarmError, Unusable
from slicer.engines.orca import settings as orca_settings
from slicer.profiles.orca.reader import OrcaPresets
from slicer.profiles.presets import PresetKind
from tests.slicer.engines.orca_bundles import FILAMENT, MACHINE, PROCESS, named, names
from tests.slicer.engines.orca_samples import P1S, START, Json, chosen, presets, write_vendor


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """A zip of JSON files, or one preset."""

    def write(content: Json | Mapping[str, Any], name: str = "export.orca_printer") -> Path:
        path = tmp_path / name
        if name.endswith(".json"):
            path.write_text(json.dumps(content))
            return path
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, item in content.items():
                raw = item if isinstance(item, bytes) else json.dumps(item).encode()
                archive.writestr(member, raw)
        return path

    return write


def user_export() -> Json:
    """As "Export Preset Bundle" writes it: a machine with what was made for it."""
    return {
        "bundle_structure.json": {"bundle_type": "printer config bundle", "version": "1"},
        "printer/My P1S.json": {
            "from": "User", "inherits": P1S, "name": "My P1S", "printable_height": "200",
            "printer_settings_id": "My P1S", "version": "2.3.2.0", "print_host": "192.168.1.9",
            "printhost_apikey": "secret", "post_process": ["/usr/bin/rm"],
        },
        "process/Fine.json": {
            "from": "User", "inherits": "0.20mm Standard @BBL X1C", "name": "Fine",
            "layer_height": "0.12", "print_settings_id": "Fine",
        },
        "filament/Shop PLA.json": {
            "from": "User", "inherits": "Bambu PLA Basic @BBL P1S", "name": "Shop PLA",
            "filament_settings_id": ["Shop PLA"], "nozzle_temperature": "211",
            "filament_density": 1.24,
        },
    }  # fmt: skip


def test_an_export_finds_its_parents_in_an_installed_slicer(
    tmp_path: Path, save: Callable[..., Path]
) -> None:
    program = tmp_path / "opt" / "orca-slicer"
    write_vendor(program.parent / "resources" / "profiles")
    bundle = OrcaPresets(programs=(program,)).read(save(user_export()), "shop.orca_printer")
    machine = named(bundle, "My P1S")
    assert (machine.model, machine.nozzle_mm) == ("Bambu Lab P1S", 0.4)
    assert machine.settings["printable_height"] == "200"
    assert machine.settings["machine_start_gcode"] == START
    assert named(bundle, "Fine").settings["layer_height"] == "0.12"
    assert names(bundle, MACHINE) == ["My P1S"]  # what it builds on is not offered


def test_a_users_machine_takes_what_its_parent_takes(
    tmp_path: Path, save: Callable[..., Path]
) -> None:
    program = tmp_path / "opt" / "orca-slicer"
    write_vendor(program.parent / "resources" / "profiles")
    bundle = OrcaPresets(programs=(program,)).read(save(user_export()), "shop.orca_printer")
    assert names(bundle, PROCESS, "My P1S") == ["Fine"]
    assert names(bundle, FILAMENT, "My P1S") == ["Shop PLA"]
    orca_settings.check(chosen(bundle, "My P1S", "Fine", ("Shop PLA",)))


def test_hosts_keys_and_scripts_are_not_kept(tmp_path: Path, save: Callable[..., Path]) -> None:
    program = tmp_path / "opt" / "orca-slicer"
    write_vendor(program.parent / "resources" / "profiles")
    bundle = OrcaPresets(programs=(program,)).read(save(user_export()), "shop.orca_printer")
    kept = json.dumps([dict(preset.settings) for preset in bundle.presets])
    assert "192.168.1.9" not in kept and "secret" not in kept and "/usr/bin/rm" not in kept
    (warning,) = bundle.warnings
    assert warning.startswith("Of My P1S the farm does not keep post_process, print_host")
    assert "secret" not in warning


def test_an_export_with_its_parents_stands_alone(save: Callable[..., Path]) -> None:
    files = {**user_export(), **presets()}
    bundle = OrcaPresets().read(save(files, "all.zip"), "all.zip")
    assert named(bundle, "Shop PLA").settings["nozzle_temperature"] == ["211"]
    assert named(bundle, "Shop PLA").settings["filament_density"] == ["1.24"]
    assert named(bundle, "Shop PLA").settings["filament_diameter"] == ["1.75"]


def test_a_missing_parent_is_named(save: Callable[..., Path]) -> None:
    with pytest.raises(Unusable) as caught:
        OrcaPresets().read(save(user_export()), "shop.orca_printer")
    assert caught.value.error_code == "preset_parent_missing"
    assert "My P1S builds on Bambu Lab P1S 0.4 nozzle" in caught.value.message
    assert "Install the slicer" in caught.value.message


def test_what_lacks_its_parent_does_not_cost_the_rest(save: Callable[..., Path]) -> None:
    files = {**user_export(), "filament/Whole.json": {
        "type": "filament", "name": "Whole", "filament_type": ["PETG"]}}  # fmt: skip
    bundle = OrcaPresets().read(save(files), "shop.orca_printer")
    assert [preset.name for preset in bundle.presets] == ["Whole"]
    assert any("builds on Bambu Lab P1S 0.4 nozzle" in text for text in bundle.warnings)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"type": "machine", "name": "A", "printer_model": "X"}, MACHINE),
        ({"name": "A", "layer_height": "0.2"}, PROCESS),
        ({"filament_settings_id": ["A"], "name": "A"}, FILAMENT),
    ],
)
def test_a_single_preset(save: Callable[..., Path], content: Json, kind: PresetKind) -> None:
    """Users' exports do not say what they are; their keys do."""
    bundle = OrcaPresets().read(save(content, "a.json"), "a.json")
    assert [(preset.kind, preset.name) for preset in bundle.presets] == [(kind, "A")]


def test_a_preset_without_a_name_has_its_files(save: Callable[..., Path]) -> None:
    path = save({"type": "process", "layer_height": "0.2"}, "x.json")
    assert OrcaPresets().read(path, "Draft 0.3.json").presets[0].name == "Draft 0.3"


def chain(length: int) -> Json:
    return {
        f"{n}.json": {"type": "process", "name": f"P{n}", "inherits": f"P{n + 1}" if n else "P1",
                      "layer_height": "0.2"}
        for n in range(length)
    } | {f"{length}.json": {"type": "process", "name": f"P{length}"}}  # fmt: skip


CIRCLE = {
    "a.json": {"type": "process", "name": "A", "inherits": "B"},
    "b.json": {"type": "process", "name": "B", "inherits": "A"},
}


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (CIRCLE, "x.zip", "preset_circle"),
        ({"a.json": {"type": "process", "name": "A", "inherits": "A"}}, "x.zip", "preset_circle"),
        (
            {"a.json": {"type": "process", "name": "A", "include": ["A"]}},
            "x.zip",
            "preset_circle",
        ),
        ({"readme.txt": b"hello"}, "x.zip", "no_presets"),
        ({"bundle_structure.json": {}}, "x.zip", "no_presets"),
        ({"__MACOSX/._a.json": b"\0\5\26"}, "x.zip", "no_presets"),
        ({"../a.json": {"type": "process", "name": "A"}}, "x.zip", "entry_name_parent"),
        ({"C:\\a.json": {"type": "process", "name": "A"}}, "x.zip", "entry_name_backslash"),
        ({"a.json": b"{"}, "x.zip", "preset_json"),
        ({"a.json": b"[" * 5000}, "x.zip", "preset_json"),
        ({"a.json": b"[" * 30_000}, "x.zip", "preset_too_large"),
        ({"a.json": b'{"a": "' + b"x" * 60_000 + b'"}'}, "x.zip", "not_a_preset"),
        ({"a.json": b'{"a": "' + b"x" * 3_000_000 + b'"}'}, "x.zip", "compression_ratio"),
        ({"a.json": [1, 2]}, "x.zip", "not_a_preset"),
        ({"a.json": {"type": "machine_model", "name": "A"}}, "x.zip", "not_a_preset"),
        ({"a.json": {"type": "process", "name": "\u202e"}}, "x.zip", "preset_nameless"),
        ({str(n) + ".json": {"type": "process"} for n in range(501)}, "x.zip", "too_many_presets"),
        ({"hello": "world"}, "x.json", "not_a_preset"),
        ({"type": "project", "name": "x"}, "x.json", "not_a_preset"),
        ({f"k{n}": "" for n in range(4000)}, "x.json", "not_a_preset"),
    ],
)
def test_hostile_exports_have_their_own_reasons(
    save: Callable[..., Path], content: Json, name: str, code: str
) -> None:
    path = save(content, name)
    with pytest.raises(FarmError) as caught:
        OrcaPresets().read(path, name)
    assert caught.value.error_code == code


def test_a_chain_is_followed_only_so_far(save: Callable[..., Path]) -> None:
    assert len(OrcaPresets().read(save(chain(12), "x.zip"), "x.zip").presets) == 13
    bundle = OrcaPresets().read(save(dict(reversed(chain(40).items())), "y.zip"), "y.zip")
    assert len(bundle.presets) == 41  # nearest to the root first: nothing is computed twice
    deep = {key: item for key, item in chain(40).items()}
    found = OrcaPresets().read(save(deep, "z.zip"), "z.zip")
    assert any("inherits through more than 16" in text for text in found.warnings)


def test_inheriting_does_not_pile_up_values(save: Callable[..., Path]) -> None:
    """500 presets of 3,000 keys each, through 16 parents, would take gigabytes."""
    files = {
        f"{n}.json": {"type": "process", "name": f"P{n}", "inherits": f"P{n - 1}" if n else ""}
        | {f"k{n}x{key}": "1" for key in range(2_000)}
        for n in range(3)
    }
    bundle = OrcaPresets().read(save(files, "x.zip"), "x.zip")
    assert [preset.name for preset in bundle.presets] == ["P0"]
    assert "P1 comes to more than 3,000 values" in bundle.warnings[0]


def test_values_that_are_no_settings_are_dropped(save: Callable[..., Path]) -> None:
    content = {"type": "filament", "name": "A", "filament_type": ["PLA"], "x": {"y": 1},
               "z": [["1"]], "soluble": True}  # fmt: skip
    (preset,) = OrcaPresets().read(save(content, "a.json"), "a.json").presets
    assert "x" not in preset.settings and "z" not in preset.settings
    assert preset.settings["soluble"] == ["1"]


def test_a_plain_text_is_no_preset(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"")
    with pytest.raises(Unusable) as caught:
        OrcaPresets().read(path, "x")
    assert caught.value.error_code == "preset_json"


def test_warnings_have_an_end(save: Callable[..., Path]) -> None:
    files = {f"{n}.json": b"{" for n in range(80)} | {
        "a.json": {"type": "process", "name": "A", "layer_height": "0.2"}
    }
    bundle = OrcaPresets().read(save(files, "x.zip"), "x.zip")
    assert len(bundle.warnings) == 51 and bundle.warnings[-1] == "And 30 more of the kind."
