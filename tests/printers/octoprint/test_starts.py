"""A start is sent once, and what is not known of it is not guessed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.errors import (
    PrinterRejected,
    PrinterTimeout,
)
from tests.printers.follow import seen
from tests.printers.octoprint.server import FakeOctoPrint
from tests.printers.octoprint.steps import Make, S, ready, start_of, upload


def test_upload_verify_and_start_exactly_once(
    server: FakeOctoPrint, make: Make, tmp_path: Path
) -> None:
    printer = make(server.url)
    ready(printer)
    assert upload(printer, tmp_path / "x", "gear-7.gcode", b"G28\n" * 50) == 200
    (form,) = server.asked("POST", "/api/files/local")
    assert form["path"] == "farm" and form["file"] == ("gear-7.gcode", b"G28\n" * 50)
    assert set(form) == {"path", "file"}  # never print or select with an upload
    assert printer.remote_size("gear-7.gcode") == 200
    printer.start_print(start_of("gear-7.gcode"))
    assert server.asked("POST", "/api/files/local/farm/gear-7.gcode") == [
        {"command": "select", "print": True}
    ]
    status = seen(printer, lambda s: s.state is S.PRINTING)
    assert status.job is not None and status.job.file == "farm/gear-7.gcode"


def test_a_refused_start_is_certain(server: FakeOctoPrint, make: Make, tmp_path: Path) -> None:
    printer = make(server.url)
    ready(printer)
    with pytest.raises(PrinterRejected):
        printer.start_print(start_of("missing.gcode"))
    upload(printer, tmp_path / "x", "gear-7.gcode")
    server.become("Printing", "operational", "printing")
    with pytest.raises(PrinterRejected, match="already printing"):
        printer.start_print(start_of("gear-7.gcode"))


@pytest.mark.parametrize("status", [500, 502, 504])
def test_an_error_of_a_gateway_leaves_a_start_uncertain(
    server: FakeOctoPrint, make: Make, status: int
) -> None:
    printer = make(server.url)
    ready(printer)
    path = "/api/files/local/farm/gear-7.gcode"
    server.answers["POST", path] = (status, b"")
    with pytest.raises(PrinterTimeout):
        printer.start_print(start_of("gear-7.gcode"))
    assert len(server.asked("POST", path)) == 1


def test_an_endless_answer_leaves_a_start_uncertain(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    path = "/api/files/local/farm/gear-7.gcode"
    server.answers["POST", path] = (200, b"x" * 8_100_000)
    with pytest.raises(PrinterTimeout, match="not known"):
        printer.start_print(start_of("gear-7.gcode"))


def test_a_start_without_an_answer_is_uncertain_and_not_repeated(
    server: FakeOctoPrint, make: Make
) -> None:
    printer = make(server.url)
    ready(printer)
    path = "/api/files/local/farm/gear-7.gcode"
    server.hang.add(("POST", path))
    with pytest.raises(PrinterTimeout):
        printer.start_print(start_of("gear-7.gcode"), timeout=0.3)
    assert len(server.asked("POST", path)) == 1


def test_refresh_is_newer_than_the_call(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected, server.completion = "farm/a.gcode", 3.0
    server.become("Printing", "operational", "printing")
    before = time.monotonic()
    status = printer.refresh()
    assert status.state is S.PRINTING
    assert status.observed_mono is not None and status.observed_mono >= before
