"""The recipe of durable files, call by call, and the machine's own file system."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from core.fs import (
    DISK,
    REPLACE_TRIES,
    REPLACE_WAIT_S,
    TEMPORARY,
    FileSystem,
    Patience,
    Reserve,
    keep_aside,
    replace_durably,
    write_new,
)


class Log(FileSystem):
    """The machine's, with a record of the calls that make a file durable."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def fsync(self, descriptor: int) -> None:
        self.calls.append("fsync")
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self.calls.append(f"replace {target.name}")
        super().replace(source, target)

    def fsync_dir(self, folder: Path) -> None:
        self.calls.append("fsync_dir")
        super().fsync_dir(folder)


class Held(FileSystem):
    """Windows while a virus scanner reads the target: so many replaces are refused."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def replace(self, source: Path, target: Path) -> None:
        if self.refusals:
            self.refusals -= 1
            raise PermissionError(errno.EACCES, "Access is denied")
        super().replace(source, target)


def test_the_recipe_to_the_letter(tmp_path: Path) -> None:
    path, fs = tmp_path / "a.json", Log()
    replace_durably(fs, path, b"one")
    assert fs.calls == ["fsync", "replace a.json", "fsync_dir"]
    fs.calls.clear()
    replace_durably(fs, path, b"two", backup=True)
    assert fs.calls == ["fsync", "replace a.json.bak", "replace a.json", "fsync_dir"]
    assert (path.read_bytes(), (tmp_path / "a.json.bak").read_bytes()) == (b"two", b"one")
    assert sorted(DISK.names(tmp_path)) == ["a.json", "a.json.bak"]
    assert path.stat().st_mode & 0o777 == 0o600, "for its owner only"


def test_a_backup_that_is_the_same_file_already_leaves_no_litter(tmp_path: Path) -> None:
    """A crash between the two replaces leaves one file under both names."""
    path = tmp_path / "a.json"
    path.write_bytes(b"one")
    os.link(path, tmp_path / "a.json.bak")
    replace_durably(DISK, path, b"two", backup=True)
    assert sorted(DISK.names(tmp_path)) == ["a.json", "a.json.bak"]
    assert (tmp_path / "a.json.bak").read_bytes() == b"one"


def test_a_held_target_is_tried_again_and_again(tmp_path: Path) -> None:
    path, waits = tmp_path / "a.json", []
    patience = Patience(REPLACE_TRIES, waits.append)
    replace_durably(Held(REPLACE_TRIES - 1), path, b"one", patience=patience)
    assert path.read_bytes() == b"one"
    assert waits == [REPLACE_WAIT_S] * (REPLACE_TRIES - 1)
    assert sum(waits) <= 2.0


def test_but_not_for_ever_and_the_old_file_stays(tmp_path: Path) -> None:
    path, waits = tmp_path / "a.json", []
    path.write_bytes(b"old")
    patience = Patience(REPLACE_TRIES, waits.append)
    with pytest.raises(PermissionError):
        replace_durably(Held(REPLACE_TRIES), path, b"one", patience=patience)
    assert path.read_bytes() == b"old" and len(waits) == REPLACE_TRIES - 1
    assert not [name for name in DISK.names(tmp_path) if name.endswith(TEMPORARY)]


def test_other_errors_are_not_tried_again(tmp_path: Path) -> None:
    class Broken(FileSystem):
        def replace(self, source: Path, target: Path) -> None:
            raise OSError(errno.EIO, "Input/output error")

    waits: list[float] = []
    with pytest.raises(OSError, match="Input/output"):
        replace_durably(Broken(), tmp_path / "a", b"1", patience=Patience(10, waits.append))
    assert waits == []


def test_where_there_are_no_links_a_copy_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "a"
    path.write_bytes(b"one")
    replace_durably(DISK, path, b"two", backup=True)
    assert (tmp_path / "a.bak").read_bytes() == b"one"


def test_what_is_kept_aside_has_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    names = [keep_aside(DISK, path, "corrupt-5").name for _ in range(3)]
    assert names == ["a.corrupt-5", "a.corrupt-5-1", "a.corrupt-5-2"]
    replace_durably(DISK, path, b"2")
    assert {(tmp_path / name).read_bytes() for name in names} == {b"1"}
    assert keep_aside(DISK, path, "x", called="b").name == "b.x"


def test_a_new_file_is_never_an_old_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    with pytest.raises(FileExistsError):
        write_new(DISK, tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_the_reserve_is_real_space(tmp_path: Path) -> None:
    path = tmp_path / "reserve"
    reserve = Reserve(DISK, path, 100_000)
    assert not reserve.release(), "nothing is held yet"
    assert reserve.take() and reserve.take()
    assert path.stat().st_blocks * 512 >= 100_000, "no hole that costs nothing"
    assert Reserve(DISK, path, 100_000).take(), "it is still there at the next start"
    assert reserve.release() and not path.exists() and not reserve.release()


def test_no_reserve_on_a_full_disk(tmp_path: Path) -> None:
    class Full(FileSystem):
        def write(self, descriptor: int, content: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    reserve = Reserve(Full(), tmp_path / "reserve", 100)
    assert not reserve.take() and not reserve.held
    assert DISK.names(tmp_path) == frozenset()
