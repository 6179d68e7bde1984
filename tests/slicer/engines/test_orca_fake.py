"""The stand-in for OrcaSlicer and Bambu Studio is as strict as they are."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from slicer.engines.orca import codes as orca_codes
from tests.slicer.engines.orca_samples import FAKE, Rig, box_stl

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake is a script with a shebang")


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
