"""Presets out of installations of OrcaSlicer and Bambu Studio."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from core.errors import Unusable
from slicer.engines.orca import settings as orca_settings
from slicer.profiles.orca.reader import OrcaPresets
from slicer.profiles.presets import Family, Vendor
from tests.slicer.engines.orca_bundles import FILAMENT, MACHINE, PROCESS, load, named, names
from tests.slicer.engines.orca_samples import MINI, P1S, START, chosen, presets, write_vendor


def test_a_machine_inherits_through_its_chain(tmp_path: Path) -> None:
    bundle = load(tmp_path)
    machine = named(bundle, P1S)
    assert bundle.warnings == ()
    assert (machine.kind, machine.model, machine.nozzle_mm) == (MACHINE, "Bambu Lab P1S", 0.4)
    assert machine.settings["gcode_flavor"] == "marlin"  # grandparent
    assert machine.settings["bed_exclude_area"][2] == "18x28"  # parent
    assert machine.settings["printable_height"] == "250"  # its own over the grandparent's
    assert machine.settings["machine_start_gcode"] == START  # included over inherited
    assert machine.settings["inherits"] == "" and "include" not in machine.settings


def test_bases_and_pieces_are_not_offered(tmp_path: Path) -> None:
    bundle = load(tmp_path)
    assert names(bundle, MACHINE) == [MINI, P1S]
    assert names(bundle, FILAMENT) == ["Bambu PLA Basic @BBL P1S", "Generic PETG"]


def test_what_fits_a_machine(tmp_path: Path) -> None:
    bundle = load(tmp_path)
    assert names(bundle, PROCESS, P1S) == ["0.20mm Standard @BBL X1C"]
    assert names(bundle, FILAMENT, MINI) == ["Generic PETG"]  # an empty list means any
    assert named(bundle, "Generic PETG").machines is None
    orca_settings.check(chosen(bundle))


def test_a_filament_is_vectors_throughout(tmp_path: Path) -> None:
    """The slicer dies of a plain value there."""
    filament = named(load(tmp_path), "Bambu PLA Basic @BBL P1S")
    assert filament.settings["filament_density"] == ["1.26"]
    assert filament.material == "PLA" and filament.settings["filament_id"] == "GFA00"


def test_the_models_usual_build_plate_comes_along(tmp_path: Path) -> None:
    index = write_vendor(tmp_path)
    model = {"type": "machine_model", "name": "Bambu Lab P1S",
             "default_bed_type": "Textured PEI Plate"}  # fmt: skip
    (tmp_path / "BBL" / "machine" / "Bambu Lab P1S.json").write_text(json.dumps(model))
    data = json.loads(index.read_text())
    place = {"name": "Bambu Lab P1S", "sub_path": "machine/Bambu Lab P1S.json"}
    index.write_text(json.dumps({**data, "machine_model_list": [place, {"sub_path": "gone.json"}]}))
    bundle = OrcaPresets().load(Vendor(family=Family.ORCA, name="BBL", path=index))
    assert orca_settings.bed_type(chosen(bundle)) == "Textured PEI Plate"
    assert "default_bed_type" not in named(bundle, MINI).settings


@pytest.mark.parametrize(
    ("program", "profiles"),
    [
        ("orca-slicer", "resources/profiles"),
        ("bin/orca-slicer", "resources/profiles"),  # an unpacked AppImage
        ("usr/bin/orca-slicer", "usr/share/OrcaSlicer/profiles"),
        ("Contents/MacOS/OrcaSlicer", "Contents/Resources/profiles"),
        ("OrcaSlicer.AppImage", "squashfs-root/resources/profiles"),
    ],
)
def test_vendors_are_found_where_installations_have_them(
    tmp_path: Path, program: str, profiles: str
) -> None:
    write_vendor(tmp_path / profiles)
    write_vendor(tmp_path / profiles, {}, "Empty")  # an index without presets has no folder
    (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / program).touch()
    (vendor,) = OrcaPresets().vendors(tmp_path / program)
    assert (vendor.name, vendor.family) == ("BBL", Family.ORCA)
    assert names(OrcaPresets().load(vendor), MACHINE) == [MINI, P1S]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links want rights there")
def test_a_program_in_path_is_followed_to_where_it_lies(tmp_path: Path) -> None:
    write_vendor(tmp_path / "opt" / "resources" / "profiles")
    program = tmp_path / "opt" / "bin" / "orca-slicer"
    program.parent.mkdir()
    program.touch()
    link = tmp_path / "path" / "orca-slicer"
    link.parent.mkdir()
    link.symlink_to(program)
    assert len(OrcaPresets().vendors(link)) == 1


def test_no_profiles_are_no_vendors(tmp_path: Path) -> None:
    assert OrcaPresets().vendors(tmp_path / "bin" / "orca-slicer") == ()


def test_a_vendor_builds_on_the_filament_library(tmp_path: Path) -> None:
    shared = {"filament/fdm_filament_pla.json": presets()["filament/fdm_filament_common.json"]
              | {"name": "fdm_filament_pla", "nozzle_temperature": ["220"]}}  # fmt: skip
    write_vendor(tmp_path, shared, "OrcaFilamentLibrary")
    own = {"filament/Voron PLA.json": {"type": "filament", "name": "Voron PLA",
           "from": "system", "inherits": "fdm_filament_pla", "filament_type": ["PLA"]}}  # fmt: skip
    index = write_vendor(tmp_path, own, "Voron")
    bundle = OrcaPresets().load(Vendor(family=Family.ORCA, name="Voron", path=index))
    assert named(bundle, "Voron PLA").settings["hot_plate_temp"] == ["55"]


def test_one_broken_file_of_a_vendor_costs_only_itself(tmp_path: Path) -> None:
    index = write_vendor(tmp_path)
    (tmp_path / "BBL" / "filament" / "Generic PETG.json").write_text("{")
    bundle = OrcaPresets().load(Vendor(family=Family.ORCA, name="BBL", path=index))
    assert names(bundle, FILAMENT) == ["Bambu PLA Basic @BBL P1S"]
    assert "Generic PETG.json of BBL was left out" in bundle.warnings[0]


@pytest.mark.parametrize(
    "place", ["../secret.json", "/etc/secret.json", "machine/../../secret.json", "x\\y.json", 7]
)
def test_an_index_leads_nowhere_else(tmp_path: Path, place: object) -> None:
    secret = {"type": "machine", "name": "Secret", "printer_model": "x"}
    (tmp_path / "secret.json").write_text(json.dumps(secret))
    folder = tmp_path / "profiles"
    index = write_vendor(folder)
    (folder / "secret.json").write_text(json.dumps(secret))
    listed = [{"name": "Secret", "sub_path": place}]
    index.write_text(json.dumps({"name": "BBL", "machine_list": listed}))
    bundle = OrcaPresets().load(Vendor(family=Family.ORCA, name="BBL", path=index))
    assert bundle.presets == ()


@pytest.mark.parametrize("content", ["[]", "{", '{"machine_list": 7}'])
def test_a_broken_index(tmp_path: Path, content: str) -> None:
    index = write_vendor(tmp_path)
    index.write_text(content)
    vendor = Vendor(family=Family.ORCA, name="BBL", path=index)
    if "7" in content:
        assert OrcaPresets().load(vendor).presets == ()
        return
    with pytest.raises(Unusable):
        OrcaPresets().load(vendor)


@pytest.mark.parametrize(
    ("condition", "machines"),
    [
        ('printer_model=="Bambu Lab P1S"', (P1S,)),
        ('printer_model=="Bambu Lab P1S" and nozzle_diameter[0]==0.6', ()),
        ("nozzle_diameter[0]==0.4", (P1S, MINI)),
        ("printer_model=~/.*A1.*/", (MINI,)),
        ("printer_model=~/(a+)+$/", None),
        ('printer_model=="X" or num_extruders>1', None),
        ('!printer_model=="X"', None),
    ],
)
def test_a_rule_says_which_machines(
    tmp_path: Path, condition: str, machines: tuple[str, ...] | None
) -> None:
    files = presets()
    files["filament/Generic PETG.json"]["compatible_printers_condition"] = condition
    bundle = load(tmp_path, files)
    found = named(bundle, "Generic PETG").machines
    assert (None if found is None else set(found)) == (None if machines is None else set(machines))
    assert bool(bundle.warnings) is (machines is None)
