"""A start is one request, and what is not known of it is not guessed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import (
    Blocked,
    PrinterOffline,
    PrinterRejected,
    PrinterTimeout,
)
from tests.printers.prusalink.server import FakePrusaLink
from tests.printers.prusalink.steps import Make, S, put, shows, start
from tests.waiting import wait_for


def test_start_is_one_post_and_is_seen(make: Make, pi: FakePrusaLink, source: Path) -> None:
    printer = make(pi)
    put(printer, source, "a-7.gcode")
    start(printer, "a-7.gcode")
    status = shows(printer, S.PRINTING)
    assert status.job is not None
    assert (status.job.file, status.job.task_id) == ("a-7.gcode", "job:42")
    assert pi.count("POST", "/files/") == 1


def test_start_waits_for_the_pis_end_screen(make: Make, pi: FakePrusaLink) -> None:
    pi.files["farm/a-7.gcode"] = b"x"
    pi.state = "STOPPED"
    printer = make(pi)
    with pytest.raises(PrinterRejected) as refusal:
        start(printer, "a-7.gcode")
    assert refusal.value.error_code == "cooling_down"
    assert pi.count("POST", "/files/") == 0
    threading.Timer(0.2, setattr, (pi, "state", "IDLE")).start()
    start(printer, "a-7.gcode")
    assert pi.count("POST", "/files/") == 1


def test_nothing_is_sent_to_a_pi_that_has_become_busy_while_its_end_screen_was_waited_for(
    make: Make, pi: FakePrusaLink
) -> None:
    pi.files["farm/a-7.gcode"] = b"x"
    pi.state = "FINISHED"
    printer = make(pi)
    threading.Timer(0.2, setattr, (pi, "state", "PRINTING")).start()
    with pytest.raises(Blocked, match="Nothing was started"):
        start(printer, "a-7.gcode")
    assert pi.count("POST", "/files/") == 0


def test_the_firmware_starts_from_its_end_screen(make: Make, firmware: FakePrusaLink) -> None:
    firmware.files["farm/a-7.gcode"] = b"x"
    firmware.state = "FINISHED"
    start(make(firmware), "a-7.gcode")
    assert firmware.count("POST", "/files/") == 1


def test_a_start_without_an_answer_is_uncertain_and_not_repeated(
    make: Make, pi: FakePrusaLink
) -> None:
    printer = make(pi)
    pi.drop.add("POST /api/v1/files")
    with pytest.raises(PrinterTimeout):
        start(printer, "a-7.gcode")
    assert pi.count("POST", "/files/") == 1


def test_a_slow_start_is_uncertain(make: Make, pi: FakePrusaLink) -> None:
    pi.files["farm/a-7.gcode"] = b"x"
    printer = make(pi)
    pi.silent.set()
    with pytest.raises(PrinterTimeout):
        start(printer, "a-7.gcode", timeout=0.2)
    assert pi.count("POST", "/files/") == 1


def test_a_start_that_cannot_be_sent_is_not_sent(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.stop()
    with pytest.raises(PrinterOffline):
        start(printer, "a-7.gcode")
    assert pi.count("POST", "/files/") == 0


@pytest.mark.parametrize(("status", "code"), [(409, "conflict"), (404, "not_found_there")])
def test_a_refused_start_says_so(status: int, code: str, make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.answers["POST /api/v1/files"] = [status]
    with pytest.raises(PrinterRejected) as refusal:
        start(printer, "a-7.gcode")
    assert refusal.value.error_code == code


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_error_of_a_gateway_leaves_a_start_uncertain(
    status: int, make: Make, pi: FakePrusaLink
) -> None:
    printer = make(pi)
    pi.answers["POST /api/v1/files"] = [status]
    with pytest.raises(PrinterTimeout, match="not known"):
        start(printer, "a-7.gcode")
    assert pi.count("POST", "/files/") == 1


@pytest.mark.parametrize("flavour", ["pi", "firmware"])
def test_another_printer_at_the_same_address_is_told_from_this_one(
    make: Make, flavour: str, request: pytest.FixtureRequest
) -> None:
    """Routers give addresses away, and nothing on the old connection breaks."""
    link: FakePrusaLink = request.getfixturevalue(flavour)
    link.info = {"serial": "CZPX0001"}
    printer = make(link)
    shows(printer, S.IDLE)
    assert printer.refresh().machine.serial == "CZPX0001"
    link.info = {"serial": "CZPX0002"}
    with pytest.raises(PrinterOffline, match="Another printer"):
        printer.refresh()
    wait_for(lambda: printer.status.machine.serial == "CZPX0002", "the other printer")


def test_the_other_printer_shows_without_being_asked(make: Make, firmware: FakePrusaLink) -> None:
    firmware.info = {"serial": "CZPX0001"}
    printer = make(firmware)
    shows(printer, S.IDLE)
    firmware.info = {"serial": "CZPX0002"}
    wait_for(lambda: printer.status.machine.serial == "CZPX0002", "the other printer")
