"""Files on the printer: proven, and nothing half left behind."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import (
    NotFound,
    UploadCancelled,
    UploadFailed,
)
from tests.printers.prusalink.server import FakePrusaLink
from tests.printers.prusalink.steps import Make, put
from tests.waiting import wait_for


@pytest.mark.parametrize("flavour", ["pi", "firmware"])
def test_upload_is_proven_and_never_prints(
    flavour: str, make: Make, source: Path, request: pytest.FixtureRequest
) -> None:
    fake: FakePrusaLink = request.getfixturevalue(flavour)
    printer = make(fake)
    fake.unindexed["farm/Würfel 1-7.gcode"] = 4
    sent: list[tuple[int, int]] = []
    size = printer.upload(
        source, "Würfel 1-7.gcode", lambda s, t: sent.append((s, t)), threading.Event()
    )
    assert size == source.stat().st_size
    assert fake.files["farm/Würfel 1-7.gcode"] == source.read_bytes()
    assert sent[-1] == (size, size)
    headers = next(h for m, _, h in fake.requests if m == "PUT")
    assert headers["Content-Length"] == str(size)
    assert headers["Print-After-Upload"] == "?0"
    assert headers["Overwrite"] == "?1"
    assert fake.job is None
    assert printer.remote_size("Würfel 1-7.gcode") == size
    assert printer.remote_size("other.gcode") is None


def test_the_size_the_pi_loses_a_byte_of_goes_as_a_form(
    make: Make, pi: FakePrusaLink, tmp_path: Path
) -> None:
    odd = tmp_path / "odd.gcode"
    odd.write_bytes(b";" * (2 * 65_365 + 1))
    assert put(make(pi), odd, "odd-7.gcode") == odd.stat().st_size
    assert pi.files["farm/odd-7.gcode"] == odd.read_bytes()
    assert pi.count("PUT", "odd") == 0


def test_a_file_that_never_shows_is_a_failure(make: Make, pi: FakePrusaLink, source: Path) -> None:
    pi.unindexed["farm/a-7.gcode"] = 10_000
    with pytest.raises(UploadFailed, match="does not show it"):
        put(make(pi), source, "a-7.gcode")


def test_a_size_that_differs_is_told(make: Make, pi: FakePrusaLink, source: Path) -> None:
    printer = make(pi)

    def shorten(sent: int, total: int) -> None:
        if sent == total:
            threading.Timer(0.1, pi.files.__setitem__, ("farm/a-7.gcode", b"short")).start()

    pi.unindexed["farm/a-7.gcode"] = 6
    assert printer.upload(source, "a-7.gcode", shorten, threading.Event()) == 5


def test_cancelled_upload_leaves_nothing(make: Make, pi: FakePrusaLink, source: Path) -> None:
    printer = make(pi)
    cancel = threading.Event()
    with pytest.raises(UploadCancelled):
        printer.upload(source, "a-7.gcode", lambda _s, _t: cancel.set(), cancel)
    assert pi.files == {}
    assert pi.parts == set()
    assert pi.count("PUT", "a-7.gcode") == 2  # the second one replaced what the first left behind


def test_a_transfer_that_breaks_off_is_a_failure(
    make: Make, firmware: FakePrusaLink, source: Path
) -> None:
    printer = make(firmware)
    firmware.drop.add("PUT /api/v1/files")
    with pytest.raises(UploadFailed, match="broke off"):
        put(printer, source, "a-7.gcode")
    assert firmware.count("PUT", "a-7.gcode") == 1
    assert firmware.files == {}


def test_a_foreign_transfer_is_waited_for(
    make: Make, firmware: FakePrusaLink, source: Path
) -> None:
    printer = make(firmware)
    firmware.transfer = {"type": "FROM_CONNECT", "display_name": "theirs.gcode"}
    wait_for(lambda: [n.code for n in printer.status.notices] == ["foreign_transfer"])
    with pytest.raises(UploadFailed, match=r"theirs\.gcode"):
        put(printer, source, "a-7.gcode")
    timer = threading.Timer(0.15, setattr, (firmware, "transfer", {}))
    timer.start()
    assert put(printer, source, "a-7.gcode") == source.stat().st_size


def test_a_full_stick_is_named(make: Make, firmware: FakePrusaLink, source: Path) -> None:
    firmware.answers["PUT /api/v1/files"] = [507]
    with pytest.raises(UploadFailed) as failure:
        put(make(firmware), source, "a-7.gcode")
    assert failure.value.error_code == "storage_full"


def test_lists_fetches_and_deletes(
    make: Make, pi: FakePrusaLink, source: Path, tmp_path: Path
) -> None:
    printer = make(pi)
    put(printer, source, "a b-7.gcode")
    assert [f.path for f in printer.list_files()] == ["/farm", "/sdcard"]
    assert [f.path for f in printer.list_files("/farm")] == ["/farm/a b-7.gcode"]
    with pytest.raises(NotFound):
        printer.list_files("/none")
    with pytest.raises(NotFound):
        printer.download("/farm/none.gcode", tmp_path / "none")
    assert not (tmp_path / "none").exists()
    seen: list[tuple[int, int]] = []
    printer.download("/farm/a b-7.gcode", tmp_path / "back", lambda n, t: seen.append((n, t)))
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    assert seen[-1] == (source.stat().st_size, source.stat().st_size)
    printer.delete_remote("/farm/a b-7.gcode")
    assert pi.files == {}
    with pytest.raises(NotFound):
        printer.delete_remote("a b-7.gcode")


def test_who_waits_behind_another_upload_can_leave(
    make: Make, firmware: FakePrusaLink, source: Path
) -> None:
    printer = make(firmware)
    begun, go_on, cancel = threading.Event(), threading.Event(), threading.Event()

    def linger(sent: int, total: int) -> None:
        begun.set()
        assert go_on.wait(60)

    first = threading.Thread(
        target=printer.upload, args=(source, "a-7.gcode", linger, threading.Event())
    )
    first.start()
    assert begun.wait(60)
    cancel.set()
    with pytest.raises(UploadCancelled, match="Prusa 1"):
        put(printer, source, "b-8.gcode", cancel)
    go_on.set()
    first.join(60)
    assert list(firmware.files) == ["farm/a-7.gcode"]
