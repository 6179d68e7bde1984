"""The adapter in conversation with a strict stand-in over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from printers import commands as c
from tests.printers.follow import seen
from tests.printers.octoprint.server import FakeOctoPrint
from tests.printers.octoprint.steps import Make, S, ready
from tests.waiting import wait_for


def test_it_introduces_itself_and_shows_the_printer(server: FakeOctoPrint, make: Make) -> None:
    status = ready(make(server.url))
    assert status.link.online
    assert status.machine.firmware == "OctoPrint 1.11.8"
    assert [(h.name, h.current) for h in status.heaters] == [("nozzle", 21.3), ("bed", 21.0)]
    wait_for(lambda: len(server.messages) >= 3)
    auth, subscription, throttle = server.messages[:3]
    assert auth == {"auth": "maker:session1"}
    state = subscription["subscribe"]["state"]
    assert state["messages"] is False and state["logs"].startswith("^Send: ")
    assert throttle == {"throttle": 1}


def test_a_wrong_key_is_told_as_such(server: FakeOctoPrint, make: Make) -> None:
    status = seen(make(server.url, key="wrong"), lambda s: s.state is S.AUTH)
    assert "refuses the farm's key" in status.message
    assert "wrong" not in status.message
    assert not server.asked("POST", "/api/login")


def test_a_key_that_becomes_right_is_tried_again(server: FakeOctoPrint, make: Make) -> None:
    server.answers["GET", "/api/version"] = (403, {"error": "no"})
    printer = make(server.url)
    seen(printer, lambda s: s.state is S.AUTH)
    del server.answers["GET", "/api/version"]
    ready(printer)


@pytest.mark.parametrize(
    "answer",
    [
        (404, b"<html>nginx</html>"),
        (200, b"<html>router</html>"),
        (200, {"api": "2.0.0", "server": "2.1.2", "text": "PrusaLink"}),
        (200, {"api": "0.1", "server": "1.5.0", "text": "OctoPrint (Moonraker v0.3.1-12)"}),
        (200, {"text": ["OctoPrint"]}),
        (301, b""),
    ],
)
def test_something_else_at_the_address(server: FakeOctoPrint, make: Make, answer: Any) -> None:
    server.answers["GET", "/api/version"] = answer
    status = seen(make(server.url), lambda s: s.state is S.OFFLINE)
    assert "Check its url and its type" in status.message
    assert not server.asked("POST", "/api/login")


def test_a_gateway_in_trouble_is_not_called_another_server(
    server: FakeOctoPrint, make: Make
) -> None:
    server.answers["GET", "/api/version"] = (502, b"<html>bad gateway</html>")
    printer = make(server.url)
    status = seen(printer, lambda s: s.state is S.OFFLINE)
    assert "HTTP 502" in status.message
    server.answers.clear()
    ready(printer)


def test_frames_change_what_is_shown(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.files["farm/gear.gcode"] = b"G28"
    server.selected = "farm/gear.gcode"
    server.print_on(41.9, left=601)
    status = seen(printer, lambda s: s.state is S.PRINTING)
    assert status.job is not None
    assert (status.job.file, status.job.percent, status.job.remaining_min) == (
        "farm/gear.gcode", 41, 11,
    )  # fmt: skip
    server.finish()
    status = seen(printer, lambda s: s.state is S.FINISHED)
    assert status.job is not None and status.job.ended == "finished"


def test_a_print_that_ends_at_once_leaves_its_evidence(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected = "farm/tiny.gcode"
    server.event("PrintStarted", name="tiny.gcode", path="farm/tiny.gcode")
    server.finish()
    status = seen(printer, lambda s: s.job is not None and s.job.ended)
    assert status.job is not None
    assert (status.job.file, status.job.ended) == ("farm/tiny.gcode", "finished")


def test_a_cancel_is_shown_as_one(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected = "farm/gear.gcode"
    server.print_on(10)
    seen(printer, lambda s: s.state is S.PRINTING)
    printer.execute(c.Stop())
    server.event("PrintFailed", path="farm/gear.gcode", name="gear.gcode", reason="cancelled")
    server.push()
    status = seen(printer, lambda s: s.state is S.FAILED)
    assert status.cancelled
    assert status.job is not None and status.job.ended == "cancelled"


def test_an_error_is_a_fault_with_the_servers_words(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected = "farm/gear.gcode"
    server.print_on(10)
    seen(printer, lambda s: s.state is S.PRINTING)
    server.fail("Thermal Runaway, system stopped!")
    status = seen(printer, lambda s: s.faults and s.faults[0].code != "octoprint-error")
    assert status.state is S.FAULT
    assert status.faults[0].text == "Thermal Runaway, system stopped!"
    assert status.job is not None and status.job.ended == "failed"
    assert status.heaters == ()


def test_a_server_without_a_printer_is_offline_with_advice(
    server: FakeOctoPrint, make: Make
) -> None:
    server.become("Offline", "closedOrError")
    printer = make(server.url)
    status = seen(printer, lambda s: "Press Connect" in s.message)
    assert status.state is S.OFFLINE and not status.link.online
    assert "connect" in status.machine.capabilities
    printer.execute(c.ConnectPrinter())
    assert server.asked("POST", "/api/connection") == [{"command": "connect"}]
    server.become("Operational", "operational", "ready")  # and no frame tells of it
    ready(printer)


def test_unreadable_messages_are_counted_and_nothing_more(
    server: FakeOctoPrint, make: Make
) -> None:
    printer = make(server.url)
    ready(printer)
    odd = ["", "{", "[]", "null", '{"current": null}', '{"current": {"state": 7, "job": []}}',
           '{"event": {}}', "[" * 2000, '{"plugin": {"plugin": "x"}}', '{"logs": NaN}']  # fmt: skip
    for text in odd:
        for feed in server.feeds:
            feed.send(text)
    wait_for(lambda: printer.diagnostics()["messages"]["dropped"] >= 8)
    server.selected = "farm/a.gcode"
    server.print_on(5)
    seen(printer, lambda s: s.state is S.PRINTING)
    assert printer.diagnostics()["messages"]["failed"] == 0
    assert printer.diagnostics()["attempts"] == 1


def test_an_unknown_state_is_unknown(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.become("Levitating", "operational")
    server.push()
    assert seen(printer, lambda s: s.state is S.UNKNOWN).raw_state == "Levitating"


def test_a_new_login_when_the_server_asks_for_one(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    for feed in server.feeds:
        feed.authenticated = False
        feed.send({"reauthRequired": {"reason": "stale"}})
    wait_for(lambda: {"auth": "maker:session2"} in server.messages)
    server.selected = "farm/a.gcode"
    wait_for(lambda: all(feed.authenticated for feed in server.feeds))
    server.print_on(5)
    seen(printer, lambda s: s.state is S.PRINTING)
    assert printer.diagnostics()["attempts"] == 1


def test_changed_settings_are_read_again(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    assert printer.camera() is None
    server.webcam = {"streamUrl": "/webcam/?action=stream"}
    server.profile = {"extruder": {"count": 2}, "heatedChamber": True}
    server.event("SettingsUpdated")
    wait_for(lambda: printer.camera() is not None)
    server.push()
    seen(printer, lambda s: "temperature_nozzle2" in s.machine.capabilities)
