"""The PrusaLink adapter over real sockets, against a small strict server of both flavours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.errors import (
    Blocked,
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
from printers.prusalink.adapter import PrusaLinkPrinter
from printers.prusalink.rhythm import Rhythm
from printers.status import PrinterState, PrinterStatus
from tests.printers.prusalink.server import KEY, PASSWORD, USER, FakePrusaLink

S = PrinterState
WAIT_S = 30.0
FAST = Rhythm(
    active=0.05,
    idle=0.08,
    soon=0.02,
    after_command=1.0,
    answer=0.4,
    storage=0.2,
    start_wait=0.6,
    indexed=0.6,
    look=0.03,
    transfer=0.4,
)
Make = Callable[..., PrusaLinkPrinter]


def until(check: Callable[[], bool], what: str = "condition") -> None:
    """Raises AssertionError when ``check`` is not true within WAIT_S."""
    end = time.monotonic() + WAIT_S
    while not check():
        assert time.monotonic() < end, f"{what} did not come about"
        threading.Event().wait(0.01)


@pytest.fixture
def pi() -> Iterator[FakePrusaLink]:
    with FakePrusaLink(pi=True) as fake:
        yield fake


@pytest.fixture
def firmware() -> Iterator[FakePrusaLink]:
    with FakePrusaLink(pi=False) as fake:
        yield fake


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[PrusaLinkPrinter] = []

    def build(fake: FakePrusaLink, *, connect: bool = True, **config: Any) -> PrusaLinkPrinter:
        values: dict[str, Any] = {"url": fake.url, "api_key": Secret(KEY)} | config
        entry = PrinterConfig(id="p1", name="Prusa 1", type="prusalink", model="", **values)
        context = AdapterContext(publish=lambda _: None, clock=SystemClock(), data_dir=tmp_path)
        printer = PrusaLinkPrinter(entry, context, FAST, Backoff((0.05, 0.1), 0.1))
        made.append(printer)
        printer.start()
        if connect:
            until(lambda: printer.status.link.online, "session")
        return printer

    yield build
    for printer in made:
        printer.stop()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "cube.gcode"
    path.write_bytes(b"G28\n" * 50_000)
    return path


def put(printer: PrusaLinkPrinter, source: Path, name: str) -> int:
    return printer.upload(source, name, lambda _s, _t: None, threading.Event())


def start(printer: PrusaLinkPrinter, name: str, timeout: float = 3.0) -> c.StartPrint:
    command = c.StartPrint(remote_name=name, token=7, display_name="cube", plate=1)
    printer.start_print(command, timeout)
    return command


def shows(printer: PrusaLinkPrinter, state: PrinterState) -> PrinterStatus:
    until(lambda: printer.status.state is state, state.name)
    return printer.status


# -- signing in --------------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", ["pi", "firmware"])
def test_connects_and_says_who_it_is(
    flavour: str, make: Make, request: pytest.FixtureRequest
) -> None:
    fake: FakePrusaLink = request.getfixturevalue(flavour)
    status = make(fake).status
    assert status.state is S.IDLE
    assert status.machine.name == ("MK3S" if fake.pi else "MK4")
    assert ("home" in status.machine.capabilities) is fake.pi
    assert fake.requests[0][1] == "/api/version"


@pytest.mark.parametrize("flavour", ["pi", "firmware"])
def test_a_wrong_key_is_named_and_then_right(
    flavour: str, make: Make, request: pytest.FixtureRequest
) -> None:
    fake: FakePrusaLink = request.getfixturevalue(flavour)
    printer = make(fake, connect=False, api_key=Secret("wrong-key-xyz"))
    status = shows(printer, S.AUTH)
    assert "refuses the farm's key" in status.message
    assert "wrong-key-xyz" not in repr(status) + repr(printer.diagnostics())
    with pytest.raises(PrinterOffline):
        printer.execute(c.Home())


def test_signs_in_by_digest(make: Make, firmware: FakePrusaLink, source: Path) -> None:
    printer = make(firmware, api_key=Secret(""), user=USER, password=Secret(PASSWORD))
    assert put(printer, source, "cube-7.gcode") == source.stat().st_size
    start(printer, "cube-7.gcode")
    assert firmware.job is not None
    assert not any("X-Api-Key" in headers for _, _, headers in firmware.requests)


def test_a_wrong_password_is_auth(make: Make, firmware: FakePrusaLink) -> None:
    printer = make(firmware, connect=False, api_key=Secret(""), user=USER, password=Secret("nope"))
    shows(printer, S.AUTH)


def test_secrets_stay_inside(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi, user=USER, password=Secret(PASSWORD))
    shown = repr(printer.diagnostics()) + repr(printer.status) + repr(printer.config)
    assert KEY not in shown
    assert PASSWORD not in shown


# -- files -------------------------------------------------------------------------------------


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
    until(lambda: [n.code for n in printer.status.notices] == ["foreign_transfer"])
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


# -- the start ---------------------------------------------------------------------------------


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


# -- the job -----------------------------------------------------------------------------------


def test_pause_resume_stop_name_the_job(make: Make, firmware: FakePrusaLink) -> None:
    printer = make(firmware)
    with pytest.raises(PrinterRejected, match="no job"):
        printer.execute(c.Pause())
    firmware.begin("farm/a-7.gcode")
    shows(printer, S.PRINTING)
    assert printer.execute(c.Pause()).pending
    shows(printer, S.PAUSED)
    with pytest.raises(PrinterRejected, match="cannot be paused"):
        printer.execute(c.Pause())
    printer.execute(c.Resume())
    shows(printer, S.PRINTING)
    printer.execute(c.Stop())
    status = shows(printer, S.FAILED)
    assert status.cancelled
    assert status.job is not None
    assert (status.job.ended, status.job.file) == ("cancelled", "a-7.gcode")
    assert firmware.count("PUT", "/api/v1/job/42/pause") == 2
    assert firmware.count("DELETE", "/api/v1/job/42") == 1


def test_the_order_is_shown_until_it_happens(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.begin("farm/a-7.gcode")
    shows(printer, S.PRINTING)
    pi.answers["PUT /api/v1/job"] = [204]  # taken, but the printer goes on
    printer.execute(c.Pause())
    until(lambda: printer.status.stage == "Pausing")
    assert printer.status.state is S.PRINTING
    pi.state = "PAUSED"
    until(lambda: printer.status.state is S.PAUSED and printer.status.stage == "")


def test_an_order_for_a_job_that_has_gone_changes_nothing(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.begin("farm/a-7.gcode")
    shows(printer, S.PRINTING)
    pi.answers["DELETE /api/v1/job"] = [404]
    with pytest.raises(PrinterRejected) as refusal:
        printer.execute(c.Stop())
    assert refusal.value.error_code == "no_job"


def test_the_end_carries_the_file(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.begin("farm/a-7.gcode")
    until(lambda: printer.status.job is not None and printer.status.job.file == "a-7.gcode")
    assert pi.count("GET", "/api/v1/job") == 1  # asked once for one number
    pi.job, pi.state = None, "FINISHED"
    status = shows(printer, S.FINISHED)
    assert status.job is not None
    assert (status.job.file, status.job.ended, status.job.percent) == (
        "a-7.gcode",
        "finished",
        100,
    )
    pi.state = "IDLE"
    assert shows(printer, S.IDLE).job is None


def test_moves_and_heats_only_the_pi(
    make: Make, pi: FakePrusaLink, firmware: FakePrusaLink
) -> None:
    printer = make(pi)
    printer.execute(c.Home())
    until(lambda: printer.status.homed == "xyz")
    printer.execute(c.Jog(x=5))
    printer.execute(c.SetTemperature(heater="nozzle", target=200))
    assert pi.count("POST", "/api/printer/printhead") == 2
    assert pi.count("POST", "/api/printer/tool") == 1
    other = make(firmware)
    for command in (c.Home(), c.SetTemperature(heater="bed", target=50), c.EmergencyStop()):
        with pytest.raises(Unusable):
            other.execute(command)
    assert firmware.count("POST", "/") == 0


# -- trouble -----------------------------------------------------------------------------------


def test_never_two_polls_at_once(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.silent.set()
    before = pi.count("GET", "/api/v1/status")
    until(lambda: pi.count("GET", "/api/v1/status") > before)
    for _ in range(5):
        with pytest.raises(FarmError):
            printer.refresh(timeout=0.02)
    pi.silent.clear()
    until(lambda: printer.status.link.online)
    assert pi.most_polls == 1


def test_a_server_that_hangs_goes_offline_and_comes_back(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.silent.set()
    status = shows(printer, S.OFFLINE)
    assert "does not answer" in status.message
    pi.silent.clear()
    assert shows(printer, S.IDLE).link.online


def test_one_slow_answer_is_forgiven(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    seen: list[bool] = []
    pi.silent.set()
    threading.Timer(FAST.answer * 1.2, pi.silent.clear).start()
    until(lambda: printer.diagnostics()["failures"]["count"] >= 1)
    seen.append(printer.status.link.online)
    printer.refresh(timeout=2.0)
    assert seen == [True]
    assert printer.diagnostics()["attempts"] == 1


def test_a_restart_in_mid_print_is_followed(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.begin("farm/a-7.gcode")
    shows(printer, S.PRINTING)
    pi.stop()
    assert "refuses the connection" in shows(printer, S.OFFLINE).message
    pi.answers["GET /api/version"] = [503, 503]
    pi.next_job = 41  # numbers begin anew, this time for another file
    pi.begin("farm/b-8.gcode")
    pi.start()
    status = shows(printer, S.PRINTING)
    until(lambda: printer.status.job is not None and printer.status.job.file == "b-8.gcode")
    assert status.job is None or status.job.file != "a-7.gcode"


def test_a_starting_server_is_connecting(make: Make, pi: FakePrusaLink) -> None:
    pi.answers["GET /api/version"] = [503] * 500
    printer = make(pi, connect=False)
    until(lambda: "is starting" in printer.status.message)
    assert printer.status.state is S.CONNECTING
    pi.answers.clear()
    shows(printer, S.IDLE)


def test_something_else_at_the_address_is_named(make: Make, pi: FakePrusaLink) -> None:
    pi.answers["GET /api/version"] = [404] * 500
    printer = make(pi, connect=False)
    assert "is not PrusaLink" in shows(printer, S.OFFLINE).message


def test_refresh_asks_anew(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    for state, wanted in (("BUSY", S.BUSY), ("READY", S.IDLE), ("ERROR", S.FAULT)):
        pi.state = state
        assert printer.refresh(timeout=3.0).state is wanted


def test_camera_with_a_key_of_its_own_server(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    assert printer.camera() is None
    pi.cameras = [{"camera_id": "a", "connected": True}]
    until(lambda: printer.camera() is not None, "camera")
    camera = printer.camera()
    assert camera is not None
    assert (camera.kind, camera.url) == ("snapshot", f"{pi.url}/api/v1/cameras/snap")
    assert camera.headers() == {"X-Api-Key": KEY}
    assert KEY not in repr(camera)


def test_no_camera_without_a_key(make: Make, pi: FakePrusaLink) -> None:
    pi.cameras = [{"camera_id": "a", "connected": True}]
    assert make(pi, camera_enabled=False).camera() is None


@contextmanager
def quickly(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def test_stops_at_once(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    with quickly(1.0):
        printer.stop()
    assert printer.status.state is S.OFFLINE


def test_a_farewell_just_before_an_attempt_is_heard(make: Make, pi: FakePrusaLink) -> None:
    """The supervisor had looked, and opened the attempt after it was told to stop."""
    printer = make(pi)
    printer.stop()
    asked = len(pi.requests)
    poller, kinds = printer._poller, []
    late = threading.Thread(target=lambda: (poller.opening(), kinds.append(poller.attempt().kind)))
    late.start()
    late.join(1.0)
    poller.interrupt()
    late.join(5.0)
    assert (kinds, len(pi.requests)) == (["asked"], asked)
