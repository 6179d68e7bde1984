"""Cura's machines, qualities and materials become presets that belong together."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.errors import FarmError, Unusable
from slicer.profiles.cura import materials as cura_materials
from slicer.profiles.cura import resources as cura_resources
from slicer.profiles.cura.reader import CuraReader
from slicer.profiles.presets import Bundle, PresetKind
from tests.slicer.engines import cura_tree

CHANGES = "type = quality_changes\nquality_type = fine"


def profile(parts: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def changes(values: str, more: str = "", definition: str = "maker_one") -> str:
    return cura_tree.instance("My fine one", definition, CHANGES + more, values)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "cura"
    cura_tree.build(root)
    return root


def read(tree: Path, content: bytes) -> Bundle:
    path = tree.parent / "upload"
    path.write_bytes(content)
    return CuraReader([str(tree)]).read(path, "Mine.curaprofile")


def test_vendors_are_the_makers_of_visible_machines(tree: Path) -> None:
    reader = CuraReader([str(tree)])
    assert [vendor.name for vendor in reader.vendors(tree / "CuraEngine")] == ["Maker"]


def test_a_machine_has_one_preset_per_nozzle(tree: Path) -> None:
    reader = CuraReader([str(tree)])
    bundle = reader.load(reader.vendors(tree / "CuraEngine")[0])
    machines = bundle.of(PresetKind.MACHINE)
    assert [(one.name, one.model, one.nozzle_mm) for one in machines] == [
        ("Maker One 0.4 mm", "Maker One", 0.4),
        ("Maker One 0.6 mm", "Maker One", 0.6),
    ]
    settings = machines[0].settings
    assert (settings["machine_width"], settings["machine_depth"]) == (235.0, 220.0)
    assert settings["machine_height"] == 100.0
    assert settings["machine_center_is_zero"] is False
    assert bundle.warnings == ()


def test_qualities_and_materials_are_those_of_the_machine(tree: Path) -> None:
    reader = CuraReader([str(tree)])
    bundle = reader.load(reader.vendors(tree / "CuraEngine")[0])
    process = [one.name for one in bundle.of(PresetKind.PROCESS, "Maker One 0.4 mm")]
    assert process == ["Fine 0.2 mm @maker_one 0.4 mm"]
    filaments = bundle.of(PresetKind.FILAMENT, "Maker One 0.4 mm")
    # ABS is excluded by the machine, the thick PLA does not go through its extruder
    assert [(one.name, one.material) for one in filaments] == [
        ("Generic PETG", "PETG"),
        ("Generic PLA", "PLA"),
    ]


def test_a_machine_without_qualities_takes_those_for_all(tree: Path) -> None:
    base = {**cura_tree.BASE, "metadata": {**cura_tree.BASE["metadata"]}}
    base["metadata"]["has_machine_quality"] = False
    cura_tree.write_definition(tree, "maker_base", base)
    reader = CuraReader([str(tree)])
    bundle = reader.load(reader.vendors(tree / "CuraEngine")[0])
    found = [one.name for one in bundle.of(PresetKind.PROCESS, "Maker One 0.6 mm")]
    assert found == ["Usual 0.3 mm @fdmprinter 0.6 mm"]


def test_a_machine_that_cannot_be_read_costs_only_itself(tree: Path) -> None:
    lost = {**cura_tree.MACHINE, "name": "Maker Two", "metadata": {
        "visible": True, "machine_extruder_trains": {"0": "never_shipped"},
    }}  # fmt: skip
    cura_tree.write_definition(tree, "maker_two", lost)
    (tree / "definitions" / "maker_three.def.json").write_text("{")
    (tree / "materials" / "odd.xml.fdm_material").write_text("<odd/>")
    reader = CuraReader([str(tree)])
    bundle = reader.load(reader.vendors(tree / "CuraEngine")[0])
    assert len(bundle.of(PresetKind.MACHINE)) == 2
    assert "Maker Two was left out" in bundle.warnings[0]
    assert "odd.xml.fdm_material" in bundle.warnings[1]


def test_a_definition_that_inherits_itself_is_refused(tree: Path) -> None:
    cura_tree.write_definition(tree, "maker_base", {**cura_tree.BASE, "inherits": "maker_one"})
    resources = cura_resources.find([str(tree)])
    assert resources is not None
    with pytest.raises(Unusable) as refused:
        resources.definition("maker_one")
    assert refused.value.error_code == "cura_definition"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", "x" * 200, "..\\x"])
def test_a_definitions_name_is_never_a_path(tree: Path, name: str) -> None:
    resources = cura_resources.find([str(tree)])
    assert resources is not None
    with pytest.raises(Unusable):
        resources.definition(name)


def test_definitions_are_found_where_they_are(tmp_path: Path) -> None:
    near = tmp_path / "opt" / "share" / "cura" / "resources"
    cura_tree.build(near)
    program = tmp_path / "opt" / "bin" / "CuraEngine"
    program.parent.mkdir()
    found = cura_resources.find([], program)
    assert found is not None
    assert found.root == near.resolve()
    told = cura_resources.find([str(near / "definitions")])
    assert told is not None
    assert told.root == near.resolve()


def test_a_folder_with_ones_own_printers_adds_them(tree: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    mine = {**cura_tree.MACHINE, "name": "Home made"}
    cura_tree.write_definition(own, "home_made", mine, folder=".")
    reader = CuraReader([str(own), str(tree)])
    bundle = reader.load(reader.vendors(tmp_path / "CuraEngine")[0])
    assert "Home made" in [one.model for one in bundle.of(PresetKind.MACHINE)]


def test_a_profile_comes_with_the_machines_it_is_for(tree: Path) -> None:
    parts = {
        "all": changes("layer_height = 0.12"),
        "first": changes("line_width = =layer_height * 4", "\nposition = 0"),
    }
    bundle = read(tree, profile(parts))
    names = [one.name for one in bundle.of(PresetKind.PROCESS, "Maker One 0.4 mm")]
    assert names == ["My fine one @maker_one 0.4 mm"]
    choice = cura_tree.pick(bundle, "Maker One 0.4 mm", "My fine one")
    assert choice.process.settings["changes"] == {
        "global": {"layer_height": "0.12"},
        "extruders": [{"line_width": "=layer_height * 4"}],
    }
    assert choice.process.settings["global"] == {"layer_height": "0.2"}


def test_what_a_profile_may_not_set_is_left_out_and_said(tree: Path) -> None:
    values = (
        "layer_height = 0.12\nmachine_start_gcode = M997\nnot_yet_known = 1\n"
        "line_width = =__import__('os').system('x')\ncool_fan_speed = =(1"
    )
    bundle = read(tree, profile({"all": changes(values)}))
    choice = cura_tree.pick(bundle, "Maker One 0.4 mm", "My fine one")
    kept = choice.process.settings["changes"]["global"]
    assert "machine_start_gcode" not in kept
    assert "not_yet_known" not in kept
    assert "cool_fan_speed" not in kept
    assert len(bundle.warnings) == 3
    assert any("machine_start_gcode" in text for text in bundle.warnings)


GOOD = changes("layer_height = 0.12")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "zip_prefix"),
        (b"[general]\nversion = 4\n", "zip_prefix"),
        (profile({"all": GOOD})[:-30], "truncated"),
        (profile({"../../all": GOOD}), "entry_name_parent"),
        (profile({"all": b"\xff\xfe\0"}), "bad_profile"),
        (profile({"all": "not an ini at all"}), "bad_profile"),
        (profile({"all": "[values]\nlayer_height = 1\n"}), "bad_profile"),
        (profile({"all": cura_tree.instance("x", "maker_one", "type = user", "")}), "no_profile"),
        (profile({"first": changes("x = 1", "\nposition = 0")}), "profile_incomplete"),
        (profile({f"part{number}": GOOD for number in range(70)}), "profile_parts"),
        (profile({"all": GOOD + "#" + "ab" * 600_000}), "compression_ratio"),
        (
            profile({"all": changes("layer_height = 1", definition="never_heard_of")}),
            "profile_machine_unknown",
        ),
        (
            profile({"all": GOOD.replace("quality_type = fine", "quality_type = odd")}),
            "profile_quality_unknown",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_profile_is_refused_with_its_reason(
    tree: Path, content: bytes, code: str
) -> None:
    with pytest.raises(FarmError) as refused:
        read(tree, content)
    assert refused.value.error_code == code
    assert "Mine.curaprofile" in refused.value.message


def test_a_part_larger_than_any_profile_is_refused(tree: Path) -> None:
    import random

    noise = random.Random(4).randbytes(600_000).hex()  # does not pack well
    with pytest.raises(FarmError) as refused:
        read(tree, profile({"all": f"{GOOD}# {noise}"}))
    assert refused.value.error_code == "profile_too_large"


PLA = cura_tree.material("PLA", 1.75, 200, 60)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<fdmmaterial/>",
        "<a xmlns='http://www.ultimaker.com/material'/>",
        PLA.replace("<fdmmaterial", "<!DOCTYPE x [<!ENTITY a 'b'>]><fdmmaterial", 1),
        PLA.replace("<material>PLA</material>", ""),
        PLA[:-20],
    ],
)
def test_what_is_no_material_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it "):
        cura_materials.parse(text.encode(), "x")


def test_utf16_hides_no_entities() -> None:
    hidden = PLA.replace("<fdmmaterial", "<!DOCTYPE x [<!ENTITY a 'b'>]><fdmmaterial", 1)
    with pytest.raises(ValueError, match="entities"):
        cura_materials.parse(hidden.encode("utf-16"), "x")
