"""The adapter in conversation with a strict stand-in over real sockets."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.errors import (
    Blocked,
    ConfigError,
    FarmError,
    NotFound,
    PrinterOffline,
    PrinterRejected,
    PrinterTimeout,
    Unusable,
    UploadCancelled,
    UploadFailed,
)
from core.secret import Secret
from printers import commands as c
from printers.base import AdapterContext
from printers.lan.backoff import Backoff
from printers.octoprint.adapter import OctoPrintPrinter
from printers.octoprint.memory import Memory
from printers.octoprint.timing import Timing
from printers.status import PrinterState, PrinterStatus
from simulator.certificates import CertificateAuthority, server_context
from tests.printers.octoprint.server import KEY, FakeOctoPrint

FAST = Timing(
    tick=0.03,
    first=0.6,
    ping=0.2,
    dead=0.7,
    stale=0.4,
    chore=0.05,
    poll=0.05,
    websocket_again=0.4,
    steady=0.2,
)
WAIT_S = 30.0
S = PrinterState
Make = Callable[..., OctoPrintPrinter]


@pytest.fixture
def server() -> Iterator[FakeOctoPrint]:
    with FakeOctoPrint() as fake:
        yield fake


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[OctoPrintPrinter] = []

    def build(
        url: str, key: str = KEY, timing: Timing = FAST, start: bool = True, **more: Any
    ) -> OctoPrintPrinter:
        config = PrinterConfig(
            id="op", name="Maple", type="octoprint", model="", url=url, api_key=Secret(key), **more
        )
        context = AdapterContext(
            publish=lambda _: None, clock=SystemClock(), data_dir=tmp_path / "data"
        )
        printer = OctoPrintPrinter(config, context, timing, Backoff((0.05, 0.15), 0.2))
        made.append(printer)
        if start:
            printer.start()
        return printer

    yield build
    for printer in made:
        printer.stop()


def wait(printer: OctoPrintPrinter, holds: Callable[[PrinterStatus], object]) -> PrinterStatus:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        status = printer.status
        if holds(status):
            return status
        time.sleep(0.005)
    raise AssertionError(f"never came; now {printer.status}")


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end, "never came"
        time.sleep(0.005)


def ready(printer: OctoPrintPrinter) -> PrinterStatus:
    status = wait(printer, lambda s: s.state is S.IDLE)
    until(lambda: printer.diagnostics()["session"])
    return status


def start_of(name: str) -> c.StartPrint:
    return c.StartPrint(remote_name=name, token=7, display_name="Gear", plate=1)


def upload(printer: OctoPrintPrinter, path: Path, name: str, content: bytes = b"G28\n") -> int:
    path.write_bytes(content)
    return printer.upload(path, name, lambda _sent, _all: None, threading.Event())


# -- the conversation ----------------------------------------------------------------------------


def test_it_introduces_itself_and_shows_the_printer(server: FakeOctoPrint, make: Make) -> None:
    status = ready(make(server.url))
    assert status.link.online
    assert status.machine.firmware == "OctoPrint 1.11.8"
    assert [(h.name, h.current) for h in status.heaters] == [("nozzle", 21.3), ("bed", 21.0)]
    until(lambda: len(server.messages) >= 3)
    auth, subscription, throttle = server.messages[:3]
    assert auth == {"auth": "maker:session1"}
    state = subscription["subscribe"]["state"]
    assert state["messages"] is False and state["logs"].startswith("^Send: ")
    assert throttle == {"throttle": 1}


def test_a_wrong_key_is_told_as_such(server: FakeOctoPrint, make: Make) -> None:
    status = wait(make(server.url, key="wrong"), lambda s: s.state is S.AUTH)
    assert "refuses the farm's key" in status.message
    assert "wrong" not in status.message
    assert not server.asked("POST", "/api/login")


def test_a_key_that_becomes_right_is_tried_again(server: FakeOctoPrint, make: Make) -> None:
    server.answers["GET", "/api/version"] = (403, {"error": "no"})
    printer = make(server.url)
    wait(printer, lambda s: s.state is S.AUTH)
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
    status = wait(make(server.url), lambda s: s.state is S.OFFLINE)
    assert "Check its url and its type" in status.message
    assert not server.asked("POST", "/api/login")


def test_a_gateway_in_trouble_is_not_called_another_server(
    server: FakeOctoPrint, make: Make
) -> None:
    server.answers["GET", "/api/version"] = (502, b"<html>bad gateway</html>")
    printer = make(server.url)
    status = wait(printer, lambda s: s.state is S.OFFLINE)
    assert "HTTP 502" in status.message
    server.answers.clear()
    ready(printer)


def test_frames_change_what_is_shown(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.files["farm/gear.gcode"] = b"G28"
    server.selected = "farm/gear.gcode"
    server.print_on(41.9, left=601)
    status = wait(printer, lambda s: s.state is S.PRINTING)
    assert status.job is not None
    assert (status.job.file, status.job.percent, status.job.remaining_min) == (
        "farm/gear.gcode", 41, 11,
    )  # fmt: skip
    server.finish()
    status = wait(printer, lambda s: s.state is S.FINISHED)
    assert status.job is not None and status.job.ended == "finished"


def test_a_print_that_ends_at_once_leaves_its_evidence(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected = "farm/tiny.gcode"
    server.event("PrintStarted", name="tiny.gcode", path="farm/tiny.gcode")
    server.finish()
    status = wait(printer, lambda s: s.job is not None and s.job.ended)
    assert status.job is not None
    assert (status.job.file, status.job.ended) == ("farm/tiny.gcode", "finished")


def test_a_cancel_is_shown_as_one(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected = "farm/gear.gcode"
    server.print_on(10)
    wait(printer, lambda s: s.state is S.PRINTING)
    printer.execute(c.Stop())
    server.event("PrintFailed", path="farm/gear.gcode", name="gear.gcode", reason="cancelled")
    server.push()
    status = wait(printer, lambda s: s.state is S.FAILED)
    assert status.cancelled
    assert status.job is not None and status.job.ended == "cancelled"


def test_an_error_is_a_fault_with_the_servers_words(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected = "farm/gear.gcode"
    server.print_on(10)
    wait(printer, lambda s: s.state is S.PRINTING)
    server.fail("Thermal Runaway, system stopped!")
    status = wait(printer, lambda s: s.faults and s.faults[0].code != "octoprint-error")
    assert status.state is S.FAULT
    assert status.faults[0].text == "Thermal Runaway, system stopped!"
    assert status.job is not None and status.job.ended == "failed"
    assert status.heaters == ()


def test_a_server_without_a_printer_is_offline_with_advice(
    server: FakeOctoPrint, make: Make
) -> None:
    server.become("Offline", "closedOrError")
    printer = make(server.url)
    status = wait(printer, lambda s: "Press Connect" in s.message)
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
    until(lambda: printer.diagnostics()["messages"]["dropped"] >= 8)
    server.selected = "farm/a.gcode"
    server.print_on(5)
    wait(printer, lambda s: s.state is S.PRINTING)
    assert printer.diagnostics()["messages"]["failed"] == 0
    assert printer.diagnostics()["attempts"] == 1


def test_an_unknown_state_is_unknown(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.become("Levitating", "operational")
    server.push()
    assert wait(printer, lambda s: s.state is S.UNKNOWN).raw_state == "Levitating"


def test_a_new_login_when_the_server_asks_for_one(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    for feed in server.feeds:
        feed.authenticated = False
        feed.send({"reauthRequired": {"reason": "stale"}})
    until(lambda: {"auth": "maker:session2"} in server.messages)
    server.selected = "farm/a.gcode"
    until(lambda: all(feed.authenticated for feed in server.feeds))
    server.print_on(5)
    wait(printer, lambda s: s.state is S.PRINTING)
    assert printer.diagnostics()["attempts"] == 1


def test_changed_settings_are_read_again(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    assert printer.camera() is None
    server.webcam = {"streamUrl": "/webcam/?action=stream"}
    server.profile = {"extruder": {"count": 2}, "heatedChamber": True}
    server.event("SettingsUpdated")
    until(lambda: printer.camera() is not None)
    server.push()
    wait(printer, lambda s: "temperature_nozzle2" in s.machine.capabilities)


# -- trouble on the way --------------------------------------------------------------------------


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
    wait(printer, lambda s: s.state is S.PRINTING)
    server.completion = None
    server.become("Operational", "operational", "ready")
    status = wait(printer, lambda s: s.state is S.FAILED)
    assert status.job is not None and status.job.ended == "failed"
    server.websocket_status = 101
    until(lambda: printer.diagnostics()["session"] == "websocket")
    server.push()
    wait(printer, lambda s: not s.notices)
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
    status = wait(printer, lambda s: s.state is S.OFFLINE)
    assert "has not reported" in status.message
    server.hang.clear()
    server.stop_hanging.set()
    wait(printer, lambda s: s.state is S.IDLE)
    assert printer.diagnostics()["attempts"] >= 2


def test_no_frames_but_answers_by_rest_are_still_the_truth(
    server: FakeOctoPrint, make: Make
) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected, server.completion = "farm/a.gcode", 50.0
    server.become("Printing", "operational", "printing")  # no frame is pushed
    wait(printer, lambda s: s.state is S.PRINTING)
    assert printer.diagnostics()["attempts"] == 1


def test_a_server_that_restarts_is_met_again(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    server.selected = "farm/gear.gcode"
    server.print_on(10)
    wait(printer, lambda s: s.state is S.PRINTING)
    server.answers["GET", "/api/version"] = (503, b"")
    server.cut()
    status = wait(printer, lambda s: s.state is S.OFFLINE)
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
    status = wait(printer, lambda s: s.state is S.OFFLINE)
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
    until(lambda: printer.diagnostics()["sessions"] == 2)
    ready(printer)


# -- starts --------------------------------------------------------------------------------------


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
    status = wait(printer, lambda s: s.state is S.PRINTING)
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


# -- files ---------------------------------------------------------------------------------------


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


# -- orders, keys and cameras --------------------------------------------------------------------


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
    until(lambda: len(server.asked("POST", "/api/printer/printhead")) == 6)
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
    status = wait(printer, lambda s: s.homed == "xy")
    assert [fan.percent for fan in status.fans] == [40]
    server.push(logs=["Send: G28"])
    wait(printer, lambda s: s.homed == "xyz")


def test_what_cannot_be_done_is_said_without_a_request(server: FakeOctoPrint, make: Make) -> None:
    printer = make(server.url)
    ready(printer)
    with pytest.raises(Unusable):
        printer.execute(c.SetLight(on=True))
    with pytest.raises(Unusable):
        printer.execute(start_of("a.gcode"))
    with pytest.raises(Unusable):
        printer.execute(c.TrustCertificate(sha256="00"))


def test_the_camera_gets_the_key_only_at_its_own_server(server: FakeOctoPrint, make: Make) -> None:
    server.webcam = {"streamUrl": "/webcam/?action=stream", "snapshotUrl": "/webcam/?action=snap"}
    printer = make(server.url)
    ready(printer)
    camera = printer.camera()
    assert camera is not None
    assert (camera.kind, camera.url) == ("mjpeg", f"{server.url}/webcam/?action=stream")
    assert camera.headers() == {"X-Api-Key": KEY}
    server.webcam = {"snapshotUrl": "http://192.0.2.9/snap"}
    server.event("SettingsUpdated")
    until(lambda: (found := printer.camera()) is not None and found.kind == "snapshot")
    camera = printer.camera()
    assert camera is not None and dict(camera.headers()) == {}
    assert camera.url == camera.snapshot_url == "http://192.0.2.9/snap"


def test_no_key_is_ever_shown(
    server: FakeOctoPrint, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.webcam = {"streamUrl": "/webcam/"}
    printer = make(server.url)
    ready(printer)
    with pytest.raises(PrinterRejected):
        printer.execute(c.Stop())
    server.cut()
    wait(printer, lambda s: not s.link.online)
    shown = json.dumps(printer.diagnostics(), default=repr) + repr(printer.status) + caplog.text
    shown += repr(printer.camera())
    for secret in (KEY, "session1", "global-key"):
        assert secret not in shown


@pytest.mark.parametrize(
    "more", [{"url": ""}, {"key": ""}, {"url": "ftp://x"}, {"options": {"max_bed_c": "hot"}}]
)
def test_settings_that_cannot_work_are_refused_at_once(make: Make, more: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Maple"):
        make(**({"url": "http://127.0.0.1:1", "start": False} | more))


def test_a_certificate_is_pinned_and_a_changed_one_needs_a_person(
    make: Make, tmp_path: Path
) -> None:
    with FakeOctoPrint(_context(tmp_path / "one")) as server:
        printer = make(server.url)
        ready(printer)
        server.webcam = {"streamUrl": "/webcam/"}
        server.event("SettingsUpdated")
        until(lambda: printer.camera() is not None)
        camera = printer.camera()
        assert camera is not None and camera.tls is not None and camera.tls() is not None
        pinned = printer.diagnostics()["certificate_sha256"]
        server._server._context = _context(tmp_path / "two")
        server.cut()
        status = wait(printer, lambda s: s.state is S.IDENTITY)
        assert pinned in status.message
        asked = len(server.requests)
        with pytest.raises(PrinterOffline):
            printer.execute(c.Home())
        assert len(server.requests) == asked
        with pytest.raises(Blocked):
            printer.execute(c.TrustCertificate(sha256="00" * 32))
        shown = status.message.rstrip(".").rsplit(" ", 1)[-1]
        printer.execute(c.TrustCertificate(sha256=shown))
        ready(printer)
        assert printer.diagnostics()["certificate_sha256"] == shown


def _context(folder: Path) -> ssl.SSLContext:
    return server_context(CertificateAuthority(folder).identity("maple"), tls13=True)


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


def test_one_print_of_a_file_is_told_from_the_next(server: FakeOctoPrint, make: Make) -> None:
    """The same file printed again while the farm was away: its bed is another one."""
    server.selected, server.files["vase.gcode"] = "vase.gcode", b"G28"
    server.prints = {"last": {"date": 1_700_000_000.5, "success": False}}
    calm = wait(make(server.url), lambda s: s.state is S.IDLE)
    assert calm.job is not None
    assert (calm.job.ended, calm.job.task_id) == ("failed", "print:1700000000")
    server.completion = 100.0
    server.prints = {"last": {"date": 1_700_009_999.5, "success": True}}
    done = wait(make(server.url), lambda s: s.state is S.FINISHED)
    assert done.job is not None
    assert (done.job.ended, done.job.task_id) == ("finished", "print:1700009999")


def test_a_file_that_was_only_selected_has_not_ended(server: FakeOctoPrint, make: Make) -> None:
    server.selected, server.files["vase.gcode"] = "vase.gcode", b"G28"
    assert wait(make(server.url), lambda s: s.state is S.IDLE).job is None


def test_an_end_is_dated_once_the_server_has_written_it_down() -> None:
    memory = Memory()
    memory.event("PrintStarted", {"path": "vase.gcode"}, 10.0)
    memory.event("PrintDone", {"path": "vase.gcode"}, 20.0)
    assert (memory.undated(21.0), memory.undated(23.5)) == ("", "vase.gcode")
    memory.learn_last("vase.gcode", {"prints": {"last": {"date": 7, "success": True}}})
    assert memory.last is not None and memory.last.date == 7
    assert memory.undated(99.0) == "", "asked once"
    memory.event("PrintStarted", {"path": "vase.gcode"}, 30.0)
    assert memory.last is None, "that was the print before"
