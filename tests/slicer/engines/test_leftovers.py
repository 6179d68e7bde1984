"""A slicer that leaves its process group, and folders deeper than Python can walk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slicer.engines import leftovers
from tests.slicer.engines.runs import Runs
from tests.slicer.engines.test_runner import assert_gone

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="dir_fd")
DAEMON = """
import os, subprocess, sys
child = subprocess.Popen(
    ["sleep", "600"], start_new_session=True,
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
)
print(child.pid)
"""


@linux
def test_what_left_the_slicers_group_ends_with_it(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    ended = runs.python(DAEMON)
    assert ended.code == 0
    assert_gone(int(runs.lines[0]))


@linux
def test_others_with_a_folder_of_like_name_stay(tmp_path: Path) -> None:
    child = subprocess.Popen(
        ["/bin/sleep", "600"], env={"HOME": f"{tmp_path}-other"}, start_new_session=True
    )
    try:
        leftovers.end_processes(tmp_path)
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


@POSIX
def test_a_folder_of_any_depth_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    (folder / "file").touch()
    above = os.open(folder, os.O_RDONLY)
    for _ in range(3_000):
        os.mkdir("d", dir_fd=above)
        os.mkdir("e", dir_fd=above)
        inner = os.open("d", os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = inner
    os.close(above)
    leftovers.remove(folder)
    assert not folder.exists()


@POSIX
def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    folder = tmp_path / "slicing"
    folder.mkdir()
    (folder / "link").symlink_to(kept)
    leftovers.remove(folder)
    assert not folder.exists()
    assert (kept / "file").exists()
