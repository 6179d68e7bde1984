"""What failed in a crowd is asked once more, and nothing that is broken passes by that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BROKEN = "def test_broken():\n    assert False\n"
SHAKY = """
from pathlib import Path

def test_shaky():
    turn = Path("turn")
    first = not turn.exists()
    turn.touch()
    assert not first

def test_sound():
    with Path("sound").open("a") as runs:
        runs.write("x")
"""


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none is needed, and each costs a moment
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder, env=environment | {"PYTHONPATH": str(ROOT)}, text=True,
        capture_output=True, timeout=120,
    )  # fmt: skip


def run(folder: Path, **files: str) -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    assert python(folder, "pytest", "-q").returncode == 1
    return python(folder, "tests.again")


def test_a_shaky_test_passes_and_is_named(tmp_path: Path) -> None:
    again = run(tmp_path, shaky=SHAKY)
    assert again.returncode == 0
    assert again.stdout.endswith("passed alone:\n  test_shaky.py::test_shaky\n")
    assert (tmp_path / "sound").read_text() == "x"  # what had passed did not run again


def test_a_broken_test_stays_red_beside_a_shaky_one(tmp_path: Path) -> None:
    again = run(tmp_path, shaky=SHAKY, broken=BROKEN)
    assert again.returncode == 1
    assert "1 failed, 1 passed" in again.stdout and "SHAKY" not in again.stdout


def test_a_file_that_cannot_be_read_stays_red(tmp_path: Path) -> None:
    (tmp_path / "test_unread.py").write_text("import nothing_of_this_name\n")
    assert python(tmp_path, "pytest", "-q").returncode == 2
    assert python(tmp_path, "tests.again").returncode != 0


def test_many_failures_are_no_coincidence(tmp_path: Path) -> None:
    again = run(
        tmp_path, many=SHAKY + "".join(BROKEN.replace("n()", f"n_{i}()") for i in range(12))
    )
    assert again.returncode == 1 and again.stdout.startswith("13 tests failed")


def test_without_a_failure_there_is_nothing_to_ask(tmp_path: Path) -> None:
    assert python(tmp_path, "tests.again").returncode == 1
