"""deploy/cura_definitions.sh: whole or not at all, also when it runs twice at once.

The packages come from a stand-in for apt-get, which packs them with the real dpkg-deb.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.slicer.engines import cura_tree

SCRIPT = Path(__file__).resolve().parents[3] / "deploy" / "cura_definitions.sh"
INSIDE = Path("usr/share/cura/resources")

pytestmark = pytest.mark.skipif(
    shutil.which("dpkg-deb") is None or (Path("/") / INSIDE / "definitions").exists(),
    reason="needs dpkg-deb, and a machine without Cura itself",
)
APT = """#!/bin/sh
echo "$@" >> "{log}"
[ "$1" = update ] && exit 0
cp "{packages}"/*.deb . 2>/dev/null
"""


@pytest.fixture
def farm(tmp_path: Path) -> Path:
    """A folder with the script, and a PATH whose apt-get downloads from ``packages``."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(SCRIPT, tmp_path / "deploy")
    (tmp_path / "packages").mkdir()
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    apt = bin_folder / "apt-get"
    apt.write_text(APT.format(log=tmp_path / "asked", packages=tmp_path / "packages"))
    apt.chmod(0o755)
    return tmp_path


def pack(farm: Path) -> None:
    """Two packages as Debian splits them: materials apart from all the rest."""
    tree = farm / "tree"
    cura_tree.build(tree)
    for name, folders in (
        ("cura", ("definitions", "extruders", "quality", "variants", "meshes")),
        ("fdm-materials", ("materials",)),
    ):
        root = farm / name
        (root / "DEBIAN").mkdir(parents=True)
        (root / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n"
        )
        for folder in folders:
            if (tree / folder).exists():
                shutil.copytree(tree / folder, root / INSIDE / folder)
        (root / INSIDE / "large.bin").write_bytes(b"not wanted")
        subprocess.run(
            ["dpkg-deb", "--build", str(root), str(farm / "packages" / f"{name}.deb")],
            check=True,
            capture_output=True,
        )


def start(farm: Path, path: str | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["bash", str(farm / "deploy" / "cura_definitions.sh")],
        env={**os.environ, "PATH": path or f"{farm / 'bin'}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(farm: Path, path: str | None = None) -> tuple[int, str]:
    child = start(farm, path)
    text, _ = child.communicate(timeout=60)
    return child.returncode, text


def test_it_takes_only_what_is_needed(farm: Path) -> None:
    pack(farm)
    assert run(farm)[0] == 0
    found = farm / ".slicers" / "cura" / INSIDE
    assert (found / "definitions" / "fdmprinter.def.json").is_file()
    assert (found / "materials" / "generic_pla.xml.fdm_material").is_file()
    assert not (found / "large.bin").exists()
    assert [path.name for path in (farm / ".slicers").iterdir()] == ["cura"]


def test_a_second_run_asks_nobody(farm: Path) -> None:
    pack(farm)
    run(farm)
    asked = (farm / "asked").read_text()
    assert run(farm) == (0, "")
    assert (farm / "asked").read_text() == asked


def test_four_at_once_leave_one_whole_result(farm: Path) -> None:
    pack(farm)
    children = [start(farm) for _ in range(4)]
    outputs = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0, 0], outputs
    assert [path.name for path in (farm / ".slicers").iterdir()] == ["cura"]
    inside = farm / ".slicers" / "cura"
    assert [path.name for path in inside.iterdir()] == ["usr"]


def test_a_failed_download_leaves_nothing_and_says_what_to_do(farm: Path) -> None:
    code, text = run(farm)  # nothing was packed, so apt-get fails
    assert code == 1
    assert "apt-get update" in text
    assert list((farm / ".slicers").iterdir()) == []


def test_elsewhere_it_says_what_to_install(farm: Path) -> None:
    few = farm / "few"
    few.mkdir()
    for name in ("bash", "dirname", "mktemp", "mkdir", "rm", "mv", "id"):
        (few / name).symlink_to(shutil.which(name) or "")
    code, text = run(farm, str(few))
    assert code == 0
    assert "slicer.cura_definitions" in text
