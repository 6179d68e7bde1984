from __future__ import annotations

import hashlib
import io
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.clock import ManualClock
from core.errors import Blocked, DiskFull, FarmError, NotFound, StorageError, TooLarge, Unusable
from slicer.library import FileLibrary, StoredFile, display_name
from slicer.thumbnails import ThumbnailCache

LIMIT = 10_000_000


@pytest.fixture
def sample(parts: Any, pack: Any) -> bytes:
    return bytes(pack(parts()))


def _library(folder: Path, clock: ManualClock | None = None, limit: int = LIMIT) -> FileLibrary:
    return FileLibrary(folder, clock or ManualClock(), limit)


def _add(library: FileLibrary, content: bytes, name: str = "Cube.gcode.3mf") -> StoredFile:
    return library.add(io.BytesIO(content), name)


def test_keeps_what_it_inspected(tmp_path: Path, sample: bytes) -> None:
    library = _library(tmp_path / "files")
    stored = _add(library, sample)
    assert stored.size_bytes == len(sample)
    assert stored.sha256 == hashlib.sha256(sample).hexdigest()
    assert stored.md5 == hashlib.md5(sample).hexdigest().upper()
    assert stored.file.plates[0].models == ("C12",)
    assert library.path(stored.id).read_bytes() == sample
    assert library.get(stored.id) is stored


def test_survives_a_restart(tmp_path: Path, sample: bytes) -> None:
    stored = _add(_library(tmp_path), sample, "Würfel — ½.gcode.3mf")
    again = _library(tmp_path)
    assert again.list() == [stored]
    assert again.thumbnail(stored.id, 1).startswith(b"\x89PNG")


def test_same_content_is_one_entry(tmp_path: Path, sample: bytes) -> None:
    library = _library(tmp_path)
    first, new = library.add_or_find(io.BytesIO(sample), "a.gcode.3mf")
    second, again = library.add_or_find(io.BytesIO(sample), "b.gcode.3mf")
    assert (new, again) == (True, False) and second is first
    assert len(list(tmp_path.iterdir())) == 2


def test_same_content_at_once_is_one_entry(tmp_path: Path, sample: bytes) -> None:
    library = _library(tmp_path)
    gate = threading.Barrier(4)
    found: list[str] = []

    def upload() -> None:
        gate.wait(5)
        found.append(_add(library, sample).id)

    threads = [threading.Thread(target=upload) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 4 and len(set(found)) == 1
    assert len(list(tmp_path.iterdir())) == 2


def test_newest_first(tmp_path: Path, parts: Any, pack: Any) -> None:
    clock = ManualClock()
    library = _library(tmp_path, clock)
    names = ["one", "two", "three"]
    for name in names:
        clock.advance(1)
        _add(library, pack({**parts(), f"Metadata/{name}": b""}), name)
    assert [stored.name for stored in library.list()] == names[::-1]


def test_refused_files_leave_nothing_behind(tmp_path: Path, sample: bytes) -> None:
    library = _library(tmp_path)
    with pytest.raises(Unusable) as empty:
        _add(library, b"")
    with pytest.raises(Unusable) as wrong:
        _add(library, b"ISO-10303-21;", "part.step")
    assert (empty.value.error_code, wrong.value.error_code) == ("empty_file", "model_step")
    with pytest.raises(TooLarge) as large:
        _add(_library(tmp_path, limit=len(sample) - 1), sample)
    assert large.value.error_code == "upload_too_large"
    assert list(tmp_path.iterdir()) == [] and library.list() == []


def test_the_cap_holds_while_streaming(tmp_path: Path) -> None:
    """An endless upload is cut at the limit, not after it."""

    class Endless:
        given = 0

        def read(self, size: int = -1, /) -> bytes:
            self.given += size
            return b"x" * size

    stream = Endless()
    with pytest.raises(TooLarge):
        _library(tmp_path, limit=3_000_000).add(stream, "endless")
    assert stream.given <= 5_000_000 and list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_in_words(
    tmp_path: Path, sample: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = _library(tmp_path)
    monkeypatch.setattr(files, "RESERVE_BYTES", 2**62)
    with pytest.raises(DiskFull):
        _add(library, sample)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_upload_leaves_nothing(tmp_path: Path) -> None:
    class Broken:
        def read(self, size: int = -1, /) -> bytes:
            raise ConnectionResetError("gone")

    with pytest.raises(StorageError):
        _library(tmp_path).add(Broken(), "broken")
    assert list(tmp_path.iterdir()) == []


def test_delete(tmp_path: Path, sample: bytes) -> None:
    library = _library(tmp_path)
    stored = _add(library, sample)
    library.thumbnail(stored.id, 1)
    reasons = {stored.id: "Cube is printing on P1S 1. Delete it when the job has ended."}
    library.protect(lambda file_id: reasons.get(file_id, ""))
    with pytest.raises(Blocked) as blocked:
        library.delete(stored.id)
    assert blocked.value.error_code == "file_in_use" and "P1S 1" in blocked.value.message
    reasons.clear()
    library.delete(stored.id)
    assert list(tmp_path.iterdir()) == []
    for call in (library.get, library.path, library.delete, lambda i: library.thumbnail(i, 1)):
        with pytest.raises(NotFound):
            call(stored.id)


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"version": 1}', b'{"version": 99}', b"\xff"]
)
def test_a_damaged_entry_is_set_aside_and_recovered(
    damage: bytes, tmp_path: Path, sample: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    stored = _add(_library(tmp_path), sample)
    (tmp_path / f"{stored.id}.json").write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        again = _library(tmp_path)
    recovered = again.get(stored.id)
    assert recovered.sha256 == stored.sha256 and recovered.md5 == stored.md5
    assert recovered.file == stored.file and recovered.name.startswith("recovered ")
    assert (tmp_path / f"{stored.id}.json.damaged").read_bytes() == damage
    assert "set the entry" in caplog.text
    assert _library(tmp_path).get(stored.id) == recovered


def test_a_cut_archive_is_set_aside(tmp_path: Path, sample: bytes) -> None:
    stored = _add(_library(tmp_path), sample)
    library = _library(tmp_path)
    library.path(stored.id).write_bytes(sample[:100])
    again = _library(tmp_path)
    assert again.list() == []
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".damaged", ".damaged"]


def test_partial_uploads_are_swept_and_strangers_left(tmp_path: Path, sample: bytes) -> None:
    (tmp_path / ".0123.part").write_bytes(b"half")
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "mine.gcode.3mf").write_bytes(sample)
    assert _library(tmp_path).list() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.gcode.3mf", "notes.json"]


def test_an_unusable_folder_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        _library(tmp_path / "file")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Cube.gcode.3mf", "Cube.gcode.3mf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a b.3mf", "a b.3mf"),
        ("a\x00b\x1b[31m\u202ec", "a b [31m c"),
        ("n" * 500, "n" * 200),
        ("", "unnamed.gcode.3mf"),
        ("/", "unnamed.gcode.3mf"),
        ("\ud800x", "?x"),
    ],
)
def test_display_names(given: str, shown: str) -> None:
    assert display_name(given) == shown


def test_no_preview(tmp_path: Path, sample: bytes) -> None:
    library = _library(tmp_path)
    stored = _add(library, sample)
    with pytest.raises(NotFound) as caught:
        library.thumbnail(stored.id, 2)
    assert caught.value.error_code == "thumbnail_not_found"


def test_the_preview_cache_is_bounded() -> None:
    cache = ThumbnailCache(max_bytes=100)
    for number in range(10):
        cache.put(("f", number, False), b"x" * 40)
    kept = [number for number in range(10) if cache.get(("f", number, False))]
    assert kept == [8, 9]
    cache.put(("f", 9, False), b"y" * 200)
    assert cache.get(("f", 9, False)) is None, "larger than the whole cache"
    cache.put(("g", 1, True), b"z")
    cache.forget("g")
    assert cache.get(("g", 1, True)) is None


def test_a_file_error_is_a_farm_error() -> None:
    assert issubclass(StorageError, FarmError)
