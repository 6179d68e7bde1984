"""Links that are blocked, mute, half open or cut, and servers that restart."""

from __future__ import annotations

import threading
import time

import pytest

from core.errors import (
    PrinterOffline,
)
from printers import commands as c
from tests.printers.follow import seen
from tests.printers.octoprint.server import FakeOctoPrint
from tests.printers.octoprint.steps import Make, S, ready, start_of
from tests.waiting import wait_for


def test_polling_where_no_websocket_gets_through(server: FakeOctoPrint, make: Make) -> None:
    server.websocket_status = 403
    printer = make(server.url)
    status = ready(printer)
    assert [notice.code for notice in status.notices] == ["live_link_blocked"]
    assert printer.diagnostics()["session"] == "polling"
    server.selected, server.completion = "farm/a.gcode", 5.0
    server.files["farm/a.gcode"] = b"G28"
    server.prints = {"last": {"success": False}}
    server.become("Printing", "operational", "printing")
    seen(printer, lambda s: s.state is S.PRINTING)
    server.completion = None
    server.become("Operational", "operational", "ready")
    status = seen(printer, lambda s: s.state is S.FAILED)
    assert status.job is not None and status.job.ended == "failed"
    server.websocket_status = 101
    wait_for(lambda: printer.diagnostics()["session"] == "websocket")
    server.push()
    seen(printer, lambda s: not s.notices)
    assert printer.diagnostics()["attempts"] == 1


def test_polling_where_a_websocket_opens_and_stays_mute(server: FakeOctoPrint, make: Make) -> None:
    server.mute_websocket = True
    printer = make(server.url)
    ready(printer)
    assert printer.diagnostics()["session"] == "polling"


def test_a_half_open_connection_is_noticed_and_replaced(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.hang |= {("GET", "/api/job"), ("GET", "/api/version")}
    for feed in server.feeds:
        feed.silent = True
    status = seen(printer, lambda s: s.state is S.OFFLINE)
    assert "has not reported" in status.message
    server.hang.clear()
    server.stop_hanging.set()
    seen(printer, lambda s: s.state is S.IDLE)
    assert printer.diagnostics()["attempts"] >= 2


def test_no_frames_but_answers_by_rest_are_still_the_truth(
    server: FakeOctoPrint, make: Make
) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected, server.completion = "farm/a.gcode", 50.0
    server.become("Printing", "operational", "printing")  # no frame is pushed
    seen(printer, lambda s: s.state is S.PRINTING)
    assert printer.diagnostics()["attempts"] == 1


def test_a_server_that_restarts_is_met_again(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected = "farm/gear.gcode"
    server.print_on(10)
    seen(printer, lambda s: s.state is S.PRINTING)
    server.answers["GET", "/api/version"] = (503, b"")
    server.cut()
    status = seen(printer, lambda s: s.state is S.OFFLINE)
    assert not status.link.online
    with pytest.raises(PrinterOffline):
        printer.refresh()
    server.selected, server.completion = "", None
    server.become("Operational", "operational", "ready")
    del server.answers["GET", "/api/version"]
    status = ready(printer)
    assert status.job is None


def test_unreachable(make: Make, server: FakeOctoPrint) -> None:
    printer = make("http://127.0.0.1:1")
    status = seen(printer, lambda s: s.state is S.OFFLINE)
    assert "refuses the connection" in status.message
    with pytest.raises(PrinterOffline):
        printer.start_print(start_of("a.gcode"))
    with pytest.raises(PrinterOffline):
        printer.execute(c.Pause())


def test_stopping_is_quick_and_final(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    began = time.monotonic()
    printer.stop()
    assert time.monotonic() - began < 2.0
    assert printer.status.state is S.OFFLINE
    assert not [t for t in threading.enumerate() if t.name == "printer:op:ws"]


def test_reconnect_opens_a_new_session_at_once(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    printer.execute(c.Reconnect())
    wait_for(lambda: printer.diagnostics()["sessions"] == 2)
    ready(printer)
