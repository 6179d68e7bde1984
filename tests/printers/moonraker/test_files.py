"""Files on the server: there and back, and nothing half left behind."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import (
    NotFound,
    Unusable,
    UploadCancelled,
    UploadFailed,
)
from printers.moonraker.adapter import MoonrakerPrinter
from tests.printers.moonraker.server import FakeMoonraker


def put(
    printer: MoonrakerPrinter, source: Path, name: str, cancel: threading.Event | None = None
) -> int:
    return printer.upload(source, name, lambda *_: None, cancel or threading.Event())


def test_a_file_there_and_back(
    server: FakeMoonraker, rowan: MoonrakerPrinter, gcode: Path, tmp_path: Path
) -> None:
    name = "Größe äöü #1 100%-0042.gcode"
    seen: list[tuple[int, int]] = []
    size = rowan.upload(gcode, name, lambda *sent: seen.append(sent), threading.Event())
    assert size == 200_000 == rowan.remote_size(name)
    assert seen[-1] == (200_000, 200_000)
    assert set(server.files) == {f"farm/{name}"}
    (folder,) = rowan.list_files("/")
    assert (folder.path, folder.folder) == ("/farm", True)
    (entry,) = rowan.list_files("/farm")
    assert (entry.path, entry.size_bytes) == (f"/farm/{name}", 200_000)
    assert entry.modified == "2026-11-21 15:47"
    rowan.download(entry.path, tmp_path / "back.gcode")
    assert (tmp_path / "back.gcode").read_bytes() == gcode.read_bytes()
    rowan.delete_remote(name)
    assert rowan.remote_size(name) is None


def test_what_is_not_there(rowan: MoonrakerPrinter, tmp_path: Path) -> None:
    assert rowan.remote_size("nope.gcode") is None
    assert rowan.thumbnail("nope.gcode") is None
    for act in (
        lambda: rowan.delete_remote("nope.gcode"),
        lambda: rowan.download("/nope.gcode", tmp_path / "x"),
        lambda: rowan.list_files("/nope"),
    ):
        with pytest.raises(NotFound, match="nope"):
            act()
    assert list(tmp_path.glob("x*")) == []


@pytest.mark.parametrize(("status", "words"), [(403, "is being printed"), (422, "damaged")])
def test_a_refused_upload(
    server: FakeMoonraker, rowan: MoonrakerPrinter, gcode: Path, status: int, words: str
) -> None:
    server.upload_status = status
    with pytest.raises(UploadFailed, match=words):
        put(rowan, gcode, "cube-0042.gcode")


def test_the_listing_has_the_last_word_on_an_upload(
    server: FakeMoonraker, rowan: MoonrakerPrinter, gcode: Path
) -> None:
    server.stored_size = 17
    with pytest.raises(UploadFailed, match="17 bytes"):
        put(rowan, gcode, "cube-0042.gcode")
    assert server.files == {}


def test_a_cancelled_upload_leaves_nothing(
    server: FakeMoonraker, rowan: MoonrakerPrinter, gcode: Path
) -> None:
    cancel = threading.Event()
    with pytest.raises(UploadCancelled):
        rowan.upload(gcode, "cube-0042.gcode", lambda *_: cancel.set(), cancel)
    assert server.files == {}


def test_the_largest_thumbnail_is_fetched(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    pictures = [
        {"width": 32, "height": 32, "size": 1, "relative_path": ".thumbs/a-32x32.png"},
        {"width": 220, "height": 124, "size": 1, "relative_path": ".thumbs/a-220x124.png"},
    ]
    server.metadata["farm/a.gcode"] = {"thumbnails": pictures}
    server.files["farm/.thumbs/a-220x124.png"] = b"PNG"
    assert rowan.thumbnail("a.gcode") == b"PNG"


@pytest.mark.parametrize("climbing", ["/../../../access/api_key", "a/../../..", "..", "/./x"])
def test_no_path_climbs_out_of_the_files(
    rowan: MoonrakerPrinter, tmp_path: Path, climbing: str
) -> None:
    """Moonraker's own key lies next door."""
    for ask in (
        lambda: rowan.list_files(climbing),
        lambda: rowan.download(climbing, tmp_path / "x"),
        lambda: rowan.delete_remote(climbing),
        lambda: rowan.remote_size(climbing),
        lambda: rowan.thumbnail(climbing),
    ):
        with pytest.raises(Unusable, match="file on a printer"):
            ask()


def test_a_cancel_before_the_first_byte_names_the_printer(
    rowan: MoonrakerPrinter, gcode: Path
) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(UploadCancelled, match="Rowan"):
        rowan.upload(gcode, "x-1.gcode", lambda sent, total: None, cancel)
