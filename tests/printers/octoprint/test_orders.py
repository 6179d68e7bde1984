"""Orders to the printer, and what the server says to them."""

from __future__ import annotations

import threading
import time

import pytest

from core.errors import (
    FarmError,
    PrinterRejected,
    Unusable,
)
from printers import commands as c
from printers.octoprint.adapter import OctoPrintPrinter
from tests.printers.follow import seen
from tests.printers.octoprint.server import FakeOctoPrint
from tests.printers.octoprint.steps import Make, ready, start_of
from tests.waiting import wait_for


def test_a_refusal_carries_the_servers_words(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    with pytest.raises(PrinterRejected, match="neither printing nor paused") as caught:
        printer.execute(c.Pause())
    assert caught.value.error_code == "conflict"


def test_an_emergency_stop_waits_for_nobody(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.hang.add(("POST", "/api/printer/printhead"))
    threads = [
        threading.Thread(target=_swallow, args=(printer, c.Home()), daemon=True) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(server.asked("POST", "/api/printer/printhead")) == 6)
    began = time.monotonic()
    printer.execute(c.EmergencyStop())
    assert time.monotonic() - began < 1.0
    assert server.asked("POST", "/api/printer/command") == [{"command": "M112"}]
    server.stop_hanging.set()
    for thread in threads:
        thread.join()


def _swallow(printer: OctoPrintPrinter, command: c.Command) -> None:
    try:
        printer.execute(command)
    except FarmError:
        return


def test_our_own_homing_and_fan_are_remembered(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    printer.execute(c.Home(axes=("x", "y")))
    printer.execute(c.SetFan(fan="part", percent=40))
    server.push()
    status = seen(printer, lambda s: s.homed == "xy")
    assert [fan.percent for fan in status.fans] == [40]
    server.push(logs=["Send: G28"])
    seen(printer, lambda s: s.homed == "xyz")


def test_what_cannot_be_done_is_said_without_a_request(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    with pytest.raises(Unusable):
        printer.execute(c.SetLight(on=True))
    with pytest.raises(Unusable):
        printer.execute(start_of("a.gcode"))
    with pytest.raises(Unusable):
        printer.execute(c.TrustCertificate(sha256="00"))
