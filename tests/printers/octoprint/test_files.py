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
from tests.printers.octoprint.server import FakeOctoPrint
from tests.printers.octoprint.steps import Make, ready, upload


def test_files_with_any_name_come_and_go(server: FakeOctoPrint, make: Make, tmp_path: Path) -> None:
    printer = make(server.url)
    ready(printer)
    name = "/Größe ü #1 100%/Ä b+c 2.gcode"
    content = b"G1 X1\n" * 20_000
    assert upload(printer, tmp_path / "x", name, content) == len(content)
    (entry,) = printer.list_files("/Größe ü #1 100%")
    assert (entry.path, entry.size_bytes, entry.folder) == (name, len(content), False)
    printer.download(name, tmp_path / "back.gcode")
    assert (tmp_path / "back.gcode").read_bytes() == content
    printer.delete_remote(name)
    assert printer.remote_size(name) is None
    for act in (
        lambda: printer.delete_remote(name),
        lambda: printer.download(name, tmp_path / "no"),
        lambda: printer.list_files("/nowhere"),
    ):
        with pytest.raises(NotFound):
            act()
    assert not (tmp_path / "no").exists()


def test_a_cancelled_upload_leaves_nothing(
    server: FakeOctoPrint, make: Make, tmp_path: Path
) -> None:
    printer = make(server.url)
    ready(printer)
    (tmp_path / "x").write_bytes(b"G" * 3_000_000)
    cancel = threading.Event()

    def progress(sent: int, total: int) -> None:
        assert total == 3_000_000
        if sent > 500_000:
            cancel.set()

    with pytest.raises(UploadCancelled):
        printer.upload(tmp_path / "x", "big-1.gcode", progress, cancel)
    assert printer.remote_size("big-1.gcode") is None


def test_a_cancel_after_the_last_byte_still_counts(
    server: FakeOctoPrint, make: Make, tmp_path: Path
) -> None:
    printer = make(server.url)
    ready(printer)
    (tmp_path / "x").write_bytes(b"G28\n")
    cancel = threading.Event()
    with pytest.raises(UploadCancelled):
        printer.upload(tmp_path / "x", "a-1.gcode", lambda sent, total: cancel.set(), cancel)
    assert printer.remote_size("a-1.gcode") is None


def test_an_upload_that_arrives_changed_is_refused_and_removed(
    server: FakeOctoPrint, make: Make, tmp_path: Path
) -> None:
    printer = make(server.url)
    ready(printer)
    entry = {"type": "machinecode", "path": "farm/a-1.gcode", "size": 3}
    server.answers["GET", "/api/files/local/farm/a-1.gcode"] = (200, entry)
    with pytest.raises(UploadFailed, match="3 bytes"):
        upload(printer, tmp_path / "x", "a-1.gcode")
    assert "farm/a-1.gcode" not in server.files


def test_an_upload_stored_under_another_name_is_refused_and_removed(
    server: FakeOctoPrint, make: Make, tmp_path: Path
) -> None:
    printer = make(server.url)
    ready(printer)
    with pytest.raises(UploadFailed, match="rename the file"):
        upload(printer, tmp_path / "x", "a&b-1.gcode")
    assert server.files == {}


@pytest.mark.parametrize(
    ("status", "error"),
    [(415, "Could not upload file, invalid type"), (409, "currently being printed"), (507, "full")],
)
def test_a_refused_upload_says_why(
    server: FakeOctoPrint, make: Make, tmp_path: Path, status: int, error: str
) -> None:
    printer = make(server.url)
    ready(printer)
    server.answers["POST", "/api/files/local"] = (status, {"error": error})
    with pytest.raises(UploadFailed, match=error):
        upload(printer, tmp_path / "x", "a-1.gcode")


def test_an_upload_whose_answer_got_lost_is_looked_up(
    server: FakeOctoPrint, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printers.octoprint.files._STALL_S", 0.3)
    printer = make(server.url)
    ready(printer)
    server.hang.add(("POST", "/api/files/local"))
    with pytest.raises(UploadFailed, match="broke during the upload"):
        upload(printer, tmp_path / "x", "a-1.gcode")
    server.files["farm/a-1.gcode"] = b"G28\n"
    assert upload(printer, tmp_path / "x", "a-1.gcode") == 4


@pytest.mark.parametrize("climbing", ["/../../settings", "a/../../../settings", "..", "/./x"])
def test_no_path_climbs_out_of_the_files(
    server: FakeOctoPrint, make: Make, tmp_path: Path, climbing: str
) -> None:
    """The server's settings hold its keys; they must not come out as a file."""
    printer = make(server.url)
    ready(printer)
    for ask in (
        lambda: printer.list_files(climbing),
        lambda: printer.download(climbing, tmp_path / "x"),
        lambda: printer.delete_remote(climbing),
        lambda: printer.remote_size(climbing),
    ):
        with pytest.raises(Unusable, match="file on a printer"):
            ask()
