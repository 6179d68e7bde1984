"""A start is sent once; a report is newer than the question for it."""

from __future__ import annotations

import time

import pytest

from core.errors import (
    PrinterOffline,
    PrinterRejected,
    PrinterTimeout,
)
from printers.moonraker.adapter import MoonrakerPrinter
from printers.moonraker.client import Timing
from tests.printers.moonraker.recording import CUBE
from tests.printers.moonraker.server import FakeMoonraker
from tests.printers.moonraker.steps import Make, S, in_state, start_of
from tests.waiting import wait_for


def test_a_start_is_sent_once_with_our_folder(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    rowan.start_print(start_of("cube-0042.gcode"))
    assert server.asked("printer.print.start") == [{"filename": CUBE}]
    assert ("POST", "/printer/print/start") not in server.requests


def test_a_refused_start(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.errors["printer.print.start"] = (400, "SD busy")
    with pytest.raises(PrinterRejected, match="SD busy"):
        rowan.start_print(start_of("cube-0042.gcode"))


@pytest.mark.parametrize("error", [None, (503, "Klippy Disconnected")])
def test_an_unanswered_start_is_uncertain_and_never_repeated(
    server: FakeMoonraker, rowan: MoonrakerPrinter, error: tuple[int, str] | None
) -> None:
    if error is None:
        server.unanswered.add("printer.print.start")
    else:
        server.errors["printer.print.start"] = error
    with pytest.raises(PrinterTimeout, match="not known"):
        rowan.start_print(start_of("cube-0042.gcode"), timeout=0.2)
    server.peers[-1].cut()
    wait_for(lambda: len(server.peers) == 2)
    in_state(rowan, S.IDLE)
    assert len(server.asked("printer.print.start")) == 1


def test_nothing_is_started_while_klipper_is_away(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.become("disconnected")
    in_state(rowan, S.OFFLINE)
    with pytest.raises(PrinterOffline, match="Nothing was sent"):
        rowan.start_print(start_of("cube-0042.gcode"))
    assert server.asked("printer.print.start") == []


def test_refresh_gives_a_report_newer_than_the_call(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    with server.lock:
        server.objects["heater_bed"]["temperature"] = 77.0  # changed, but not told
    asked = time.monotonic()
    status = rowan.refresh(5.0)
    assert status.observed_mono is not None
    assert status.observed_mono > asked
    assert status.heater("bed").current == 77.0  # type: ignore[union-attr]


def test_refresh_without_an_answer(server: FakeMoonraker, make: Make) -> None:
    printer = make(server.url, timing=Timing(tick=0.02))
    in_state(printer, S.IDLE)
    server.unanswered.add("printer.objects.query")
    with pytest.raises(PrinterTimeout, match="full report"):
        printer.refresh(0.2)


def test_what_time_alone_changes_is_no_answer(server: FakeMoonraker, make: Make) -> None:
    """A picture drawn anew while something moves is as old as what it is drawn from."""
    printer = make(server.url, timing=Timing(tick=0.02, publish=0.02, moving=0.05))
    in_state(printer, S.IDLE)
    server.change("idle_timeout", state="Printing")
    in_state(printer, S.BUSY)
    server.unanswered.add("printer.objects.query")
    with pytest.raises(PrinterTimeout, match="full report"):
        printer.refresh(0.3)
