"""Files on their way to the server, and files on it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import FarmError, NotFound, UploadCancelled, UploadFailed
from printers.commands import RemoteFile
from tests.contract.seat import ID, REST, Seat

BIG_BYTES = 60_000_000
SLOW_BYTES_PER_S = 400_000
NAMES = ("Grüße aus Köln, 2. Versuch", "naïve part #1 (50% übrig) + more")


def _file(folder: Path, size: int, head: bytes = b"") -> Path:
    line = b"; filler of an upload test, it says nothing and means nothing ....\n"
    path = folder / "source.gcode"
    path.write_bytes((head + line * (size // len(line) + 1))[:size])
    return path


@pytest.mark.parametrize("stem", NAMES)
def test_names_with_spaces_and_umlauts(seat: Seat, tmp_path: Path, stem: str) -> None:
    seat.in_state(*REST)
    name = stem + seat.rig.suffix
    source = seat.rig.write(seat.rig.print_file(3.0), tmp_path)
    if set(name) & set(seat.rig.refused_characters):
        with pytest.raises(UploadFailed, match="Alder"):
            seat.upload(source, name)
        assert seat.rig.stored() == []
        return
    assert seat.upload(source, name) == source.stat().st_size
    assert seat.adapter.remote_size(name) == source.stat().st_size
    seat.adapter.delete_remote(name)
    assert seat.adapter.remote_size(name) is None
    with pytest.raises(NotFound):
        seat.adapter.delete_remote(name)


def test_60_mb_with_progress(seat: Seat, tmp_path: Path) -> None:
    seat.in_state(*REST)
    source = _file(tmp_path, BIG_BYTES, b"G28\n")
    seen: list[int] = []

    def progress(sent: int, total: int) -> None:
        assert total == BIG_BYTES
        seen.append(sent)

    name = "big" + seat.rig.suffix
    assert seat.upload(source, name, progress) == BIG_BYTES
    assert seen == sorted(seen) and seen[-1] == BIG_BYTES
    assert len(seen) >= 20, "no progress to speak of"
    assert seat.adapter.remote_size(name) == BIG_BYTES
    assert not seat.is_stale, "it went silent during the upload"
    seat.adapter.delete_remote(name)


def test_a_cancelled_upload_leaves_nothing(seat: Seat, tmp_path: Path) -> None:
    seat.in_state(*REST)
    source = _file(tmp_path, 6_000_000, b"G28\n")
    cancel = threading.Event()
    seat.rig.upload_limit(SLOW_BYTES_PER_S)

    def progress(sent: int, total: int) -> None:
        if 0 < sent < total:
            cancel.set()

    with pytest.raises(UploadCancelled) as caught:
        seat.upload(source, "half" + seat.rig.suffix, progress, cancel)
    seat.rig.upload_limit(0)
    assert "Alder" in caught.value.message
    seat.rig.until(lambda: not seat.rig.stored(), f"left behind: {seat.rig.stored()}")
    seat.in_state(*REST)


def test_a_full_disk_is_a_sentence_and_leaves_nothing(seat: Seat, tmp_path: Path) -> None:
    seat.in_state(*REST)
    source = _file(tmp_path, 3_000_000, b"G28\n")
    seat.rig.disk_full(True)
    try:
        with pytest.raises(UploadFailed) as caught:
            seat.upload(source, "full" + seat.rig.suffix)
    finally:
        seat.rig.disk_full(False)
    assert "Alder" in caught.value.message and len(caught.value.message) > 30
    seat.rig.until(lambda: not seat.rig.stored(), "something was left behind")
    seat.in_state(*REST)


def test_a_connection_lost_in_an_upload_is_a_sentence(seat: Seat, tmp_path: Path) -> None:
    seat.in_state(*REST)
    source = _file(tmp_path, 6_000_000, b"G28\n")
    seat.rig.upload_limit(SLOW_BYTES_PER_S)
    killed = threading.Event()

    def progress(sent: int, total: int) -> None:
        if sent > 200_000 and not killed.is_set():
            killed.set()
            threading.Thread(target=lambda: seat.rig.wire(refuse=True)).start()

    with pytest.raises(FarmError) as caught:
        seat.upload(source, "lost" + seat.rig.suffix, progress)
    assert "Alder" in caught.value.message
    seat.rig.upload_limit(0)
    seat.rig.wire()
    seat.in_state(*REST, seconds=45.0)


def test_files_are_listed_fetched_and_deleted(seat: Seat, tmp_path: Path) -> None:
    seat.in_state(*REST)
    name = "Ablage Nr 7" + seat.rig.suffix
    source = seat.rig.write(seat.rig.print_file(3.0), tmp_path)
    seat.upload(source, name)
    entry = next(e for e in _all_files(seat) if e.name.startswith("Ablage"))
    assert entry.size_bytes in (None, source.stat().st_size)
    target = tmp_path / "fetched"
    seat.adapter.download(entry.path, target)
    assert target.read_bytes() == source.read_bytes()
    seat.adapter.delete_remote(entry.path)
    assert entry.path not in [e.path for e in _all_files(seat)]
    missing = tmp_path / "missing"
    with pytest.raises(NotFound):
        seat.adapter.download(entry.path, missing)
    assert not missing.exists()


def _all_files(seat: Seat, folder: str = "/") -> list[RemoteFile]:
    found: list[RemoteFile] = []
    for entry in seat.fleet.list_files(ID, folder):
        found += _all_files(seat, entry.path) if entry.folder else [entry]
    return found
