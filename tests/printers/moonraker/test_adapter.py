"""The adapter in conversation with a strict stand-in over real sockets."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.errors import (
    Blocked,
    ConfigError,
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
from printers.moonraker.adapter import MoonrakerPrinter
from printers.moonraker.client import Timing
from printers.status import PrinterState, PrinterStatus
from simulator.certificates import CertificateAuthority, server_context
from tests.printers.lan.servers import LoopbackServer, read_head
from tests.printers.moonraker.server import KEY, FakeMoonraker, load

FAST = Timing(
    tick=0.02,
    ask=0.15,
    ask_starting=0.05,
    silent=0.6,
    klipper_silent=0.6,
    publish=0.02,
    moving=0.05,
    cancelled=0.4,
    restart=0.5,
    notice=0.3,
    retry=(0.03, 0.1),
    auth_retry=0.1,
)
CUBE = "farm/cube-0042.gcode"
WAIT_S = 30.0
S = PrinterState
Make = Callable[..., MoonrakerPrinter]


@pytest.fixture
def server() -> Iterator[FakeMoonraker]:
    with FakeMoonraker() as fake:
        yield fake


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[MoonrakerPrinter] = []

    def build(
        url: str, key: str = "", timing: Timing = FAST, start: bool = True, **more: Any
    ) -> MoonrakerPrinter:
        config = PrinterConfig(
            id="mr", name="Rowan", type="moonraker", model="", url=url, api_key=Secret(key), **more
        )
        context = AdapterContext(
            publish=lambda _: None, clock=SystemClock(), data_dir=tmp_path / "data"
        )
        printer = MoonrakerPrinter(config, context, timing)
        made.append(printer)
        if start:
            printer.start()
        return printer

    yield build
    for printer in made:
        printer.stop()


def until(printer: MoonrakerPrinter, holds: Callable[[PrinterStatus], object]) -> PrinterStatus:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        status = printer.status
        if holds(status):
            return status
        time.sleep(0.005)
    raise AssertionError(f"never happened; last: {printer.status}")


def in_state(printer: MoonrakerPrinter, state: PrinterState) -> PrinterStatus:
    return until(printer, lambda status: status.state is state)


def wait(holds: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end, "never happened"
        time.sleep(0.005)


@pytest.fixture
def rowan(server: FakeMoonraker, make: Make) -> MoonrakerPrinter:
    printer = make(server.url)
    in_state(printer, S.IDLE)
    return printer


def start_of(name: str) -> c.StartPrint:
    return c.StartPrint(remote_name=name, token=42, display_name=name, plate=1)


# -- connecting --------------------------------------------------------------------------------


def test_building_needs_neither_network_nor_disk(make: Make, tmp_path: Path) -> None:
    printer = make("http://198.51.100.1", start=False)
    assert printer.status.state is S.CONNECTING
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "options"),
    [("ftp://x", {}), ("http://x", {"light_pin": 5}), ("http://x", {"webcam": ["a"]})],
)
def test_what_cannot_be_used_is_a_configuration_error(
    make: Make, url: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="Rowan"):
        make(url, start=False, options=options)


def test_the_first_report_is_whole(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    status = rowan.status
    assert status.link.online
    assert [h.name for h in status.heaters] == ["nozzle", "bed"]
    assert status.machine.firmware == "Kalico, Moonraker 0.11.0"
    assert "temperature_bed" in status.machine.capabilities
    (wanted,) = server.asked("printer.objects.subscribe")
    assert "mcu" not in wanted["objects"]


def test_a_key_gets_a_token_and_identifies(make: Make) -> None:
    with FakeMoonraker(key=KEY) as server:
        printer = make(server.url, KEY)
        in_state(printer, S.IDLE)
        assert ("GET", "/access/oneshot_token") in server.requests
        assert any(target.startswith("/websocket?token=TOKEN") for _, target in server.requests)
        assert server.asked("server.connection.identify")[0]["api_key"] == KEY
        assert KEY not in json.dumps(dict(printer.diagnostics()), default=str)
        printer.stop()


@pytest.mark.parametrize("key", ["wrong-key-of-somebody", ""])
def test_a_refused_key_is_said_and_not_hurried(make: Make, key: str) -> None:
    with FakeMoonraker(key=KEY) as server:
        printer = make(server.url, key)
        status = in_state(printer, S.AUTH)
        assert "API key" in status.message
        assert not status.link.online
        with pytest.raises(PrinterOffline, match="Nothing was sent"):
            printer.refresh()
        printer.stop()


def test_nobody_there(make: Make) -> None:
    printer = make("http://127.0.0.1:9")
    status = in_state(printer, S.OFFLINE)
    assert "refuses the connection" in status.message
    for act in (
        lambda: printer.execute(c.Home()),
        lambda: printer.execute(c.EmergencyStop()),
        lambda: printer.start_print(start_of("x.gcode")),
        lambda: printer.remote_size("x.gcode"),
    ):
        with pytest.raises(PrinterOffline):
            act()


def test_a_server_that_never_answers_the_upgrade_holds_up_no_stop(make: Make) -> None:
    done = threading.Event()
    asked = threading.Event()

    def mute(sock: socket.socket) -> None:
        read_head(sock)
        asked.set()
        done.wait(10)

    with LoopbackServer(mute) as server:
        printer = make(f"http://127.0.0.1:{server.port}")
        assert asked.wait(WAIT_S)
        began = time.monotonic()
        printer.stop()
        assert time.monotonic() - began < 2
        assert printer.status.state is S.OFFLINE
        done.set()


# -- following ---------------------------------------------------------------------------------


def test_differences_are_followed(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.change("extruder", target=215.0)
    server.change("extruder", temperature=101.26)
    status = until(rowan, lambda s: (h := s.heater("nozzle")) and h.current == 101.3)
    assert status.heater("nozzle").target == 215.0  # type: ignore[union-attr]
    server.change("output_pin caselight", value=1.0)
    until(rowan, lambda s: s.light is True)


def test_a_print_from_start_to_end(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.metadata[CUBE] = load("metadata")
    server.objects["gcode_move"]["gcode_position"] = [0.0, 0.0, 0.6, 0.0]
    server.change("virtual_sdcard", file_position=4258)
    server.print_file(CUBE)
    status = until(rowan, lambda s: s.job and s.job.task_id and s.job.percent is not None)
    job = status.job
    assert job is not None
    assert (status.state, job.file, job.percent) == (S.PRINTING, CUBE, 50)
    assert (job.task_id, job.layers, job.ended) == ("history:00000A", 20, "")
    server.end_print("complete", "completed")
    status = in_state(rowan, S.FINISHED)
    assert status.job is not None
    assert (status.job.percent, status.job.ended) == (100, "finished")
    assert len(server.asked("server.files.metadata")) == 1


def test_a_cancel_is_shown_for_a_while(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    server.end_print("cancelled", "cancelled")
    status = until(rowan, lambda s: s.cancelled)
    assert (status.state, status.job and status.job.ended) == (S.FAILED, "cancelled")
    status = until(rowan, lambda s: not s.cancelled)
    assert (status.state, status.job and status.job.ended) == (S.FAILED, "cancelled")


def test_a_runout_explains_the_pause_until_it_ends(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    server.change("filament_switch_sensor runout", filament_detected=False)
    server.change("print_stats", state="paused")
    status = until(rowan, lambda s: s.pause_kind == "filament")
    assert status.pause_reason == "Filament ran out (sensor runout)"
    server.change("filament_switch_sensor runout", filament_detected=True)
    until(rowan, lambda s: "is back" in s.pause_reason and s.pause_kind == "filament")
    server.change("print_stats", state="printing")
    until(rowan, lambda s: s.state is S.PRINTING and s.pause_reason == "")


def test_our_own_pause_is_a_persons(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    rowan.execute(c.Pause())
    server.change("print_stats", state="paused")
    assert until(rowan, lambda s: s.state is S.PAUSED).pause_kind == "user"
    server.change("print_stats", state="printing")
    in_state(rowan, S.PRINTING)
    server.change("print_stats", state="paused")
    assert until(rowan, lambda s: s.state is S.PAUSED).pause_kind == "printer"


def test_motion_is_busy_but_not_the_end_of_a_print(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.change("idle_timeout", state="Printing")
    in_state(rowan, S.BUSY)
    server.change("idle_timeout", state="Ready")
    in_state(rowan, S.IDLE)
    server.print_file(CUBE)
    server.change("idle_timeout", state="Printing")
    in_state(rowan, S.PRINTING)
    server.end_print("complete", "completed")
    in_state(rowan, S.FINISHED)
    seen = [rowan.refresh(2.0).state for _ in range(20)]
    assert set(seen) == {S.FINISHED}
    server.change("idle_timeout", state="Ready")
    rowan.refresh(2.0)
    server.change("idle_timeout", state="Printing")
    in_state(rowan, S.BUSY)


def test_a_print_that_ended_while_we_were_away(server: FakeMoonraker, make: Make) -> None:
    server.history = [{"job_id": "00000A", "filename": CUBE, "status": "klippy_disconnect"}]
    status = in_state(make(server.url), S.IDLE)
    assert status.job is not None
    assert (status.job.file, status.job.ended) == (CUBE, "failed")


# -- Klipper and the link come and go ----------------------------------------------------------


def test_a_shutdown_is_a_fault_with_klippers_words(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    server.become("shutdown", load("shutdown")["status"]["webhooks"]["state_message"])
    status = in_state(rowan, S.FAULT)
    assert "ADC out of range" in status.faults[0].text
    assert status.job is not None
    assert status.job.ended == "failed"
    server.objects["print_stats"] = load("idle")["status"]["print_stats"]
    server.become("disconnected")
    in_state(rowan, S.OFFLINE)
    server.become("startup")
    in_state(rowan, S.CONNECTING)
    server.become("ready")
    in_state(rowan, S.IDLE)
    assert len(server.asked("printer.objects.subscribe")) == 2


def test_an_error_at_start_is_found_without_a_notification(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.become("disconnected")
    in_state(rowan, S.OFFLINE)
    server.become("error", "Option 'pin' in section 'fan' must be specified")
    status = in_state(rowan, S.FAULT)
    assert "Option 'pin'" in status.faults[0].text


def test_a_restart_we_asked_for_is_no_outage(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    rowan.execute(c.FirmwareRestart())
    server.become("disconnected")
    assert "restarting" in in_state(rowan, S.CONNECTING).message
    assert "not connected" in in_state(rowan, S.OFFLINE).message  # it did not come back in time


def test_a_klipper_that_answers_nothing_is_not_live(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.unanswered.add("printer.objects.query")
    status = in_state(rowan, S.OFFLINE)
    assert "Klipper has not answered" in status.message
    server.unanswered.clear()
    server.change("extruder", temperature=33.0)
    in_state(rowan, S.IDLE)


def test_a_half_open_link_is_noticed(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.peers[-1].silent = True
    in_state(rowan, S.OFFLINE)
    in_state(rowan, S.IDLE)
    assert len(server.peers) == 2


def test_a_stuck_server_is_noticed_though_it_chatters(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.unanswered.add("server.info")
    end = time.monotonic() + WAIT_S
    while rowan.status.state is not S.OFFLINE and time.monotonic() < end:
        with suppress(OSError):  # the farm has just hung up
            server.notify("notify_proc_stat_update", {})
        time.sleep(0.02)
    assert rowan.status.state is S.OFFLINE
    server.unanswered.clear()
    in_state(rowan, S.IDLE)


def test_a_cut_link_comes_back_by_itself(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    server.peers[-1].cut()
    until(rowan, lambda s: not s.link.online)
    until(rowan, lambda s: s.state is S.PRINTING and s.link.online)


def test_reconnect_opens_a_new_session(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    rowan.execute(c.Reconnect())
    wait(lambda: len(server.peers) == 2)
    in_state(rowan, S.IDLE)


@pytest.mark.parametrize(
    "frame",
    [
        "nonsense", "[]", "5", "null", '{"jsonrpc":"2.0"}', '{"id":true,"result":1}', "[" * 3000,
        '{"method":"notify_status_update"}', '{"method":"notify_status_update","params":[5]}',
        '{"method":"notify_status_update","params":[{"print_stats":5,"extruder":[1]}]}',
        '{"method":"notify_status_update","params":[{"print_stats":{"state":[1],"info":7}}]}',
        '{"method":"notify_history_changed","params":[[]]}',
        '{"method":"notify_gcode_response","params":[{}]}',
        '{"method":"notify_webcams_changed","params":[{"webcams":[5]}]}',
        '{"id":123456,"result":"nobody asked"}', '{"id":1,"error":5}',
    ],
    ids=range(16),
)  # fmt: skip
def test_malformed_frames_end_nothing(
    server: FakeMoonraker, rowan: MoonrakerPrinter, frame: str
) -> None:
    server.peers[-1].send(frame)
    server.change("print_stats", **load("idle")["status"]["print_stats"])
    server.change("heater_bed", temperature=48.0)
    until(rowan, lambda s: (h := s.heater("bed")) and h.current == 48.0)
    assert rowan.status.state is S.IDLE
    assert len(server.peers) == 1
    assert rowan.diagnostics()["messages"]["failed"] == 0


# -- commands ----------------------------------------------------------------------------------


def test_a_command_goes_out_once(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    assert rowan.execute(c.SetTemperature(heater="bed", target=60)).pending is False
    (sent,) = server.asked("printer.gcode.script")
    assert sent["script"] == "SET_HEATER_TEMPERATURE HEATER=heater_bed TARGET=60"


def test_klippers_no_is_a_sentence_and_modes_are_put_right(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.errors["printer.gcode.script"] = (400, "Must home axis first: 5.000 0.000")
    with pytest.raises(PrinterRejected, match=r"Rowan refused: Must home axis first: 5\.000"):
        rowan.execute(c.Jog(x=5))
    wait(lambda: len(server.asked("printer.gcode.script")) == 2)
    assert server.asked("printer.gcode.script")[1]["script"] == "RESTORE_GCODE_STATE NAME=farm"


def test_a_blocked_queue_makes_it_pending_and_a_late_no_is_shown(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.unanswered.add("printer.print.pause")
    result = rowan.execute(c.Pause(), timeout=0.1)
    assert result.pending
    assert "queue" in result.text
    number = next(i for i, call in enumerate(server.calls, 1) if call[0] == "printer.print.pause")
    error = {"code": 400, "message": "!! Printer is not paused"}
    server.peers[-1].send({"jsonrpc": "2.0", "id": number, "error": error})
    status = until(rowan, lambda s: s.notices)
    assert "refused later (the pause): Printer is not paused" in status.notices[0].text
    until(rowan, lambda s: not s.notices)


def test_a_pending_order_is_a_stage(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    server.unanswered.add("printer.print.cancel")
    rowan.execute(c.Stop(), timeout=0.05)
    until(rowan, lambda s: s.stage == "Cancelling" and s.state is S.PRINTING)


def test_a_session_that_ends_meanwhile_is_uncertain(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.unanswered.add("printer.print.resume")
    timer = threading.Timer(0.1, server.peers[-1].cut)
    timer.start()
    with pytest.raises(PrinterTimeout, match="not known"):
        rowan.execute(c.Resume())
    timer.join()


def test_the_console_answers(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.console = ["// X:0.000 Y:0.000"]
    assert rowan.execute(c.SendGcode(line="M114")).text == "X:0.000 Y:0.000"
    server.console = ['// Unknown command:"FROB"']
    with pytest.raises(PrinterRejected, match="Unknown command"):
        rowan.execute(c.SendGcode(line="FROB"))


def test_an_emergency_stop_waits_behind_nothing(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.unanswered.add("printer.gcode.script")
    held = threading.Thread(target=rowan.execute, args=(c.SendGcode(line="M109 S200"), 0.5))
    held.start()
    began = time.monotonic()
    rowan.execute(c.EmergencyStop())
    assert time.monotonic() - began < 0.4
    assert len(server.asked("printer.emergency_stop")) == 1
    held.join()


def test_an_emergency_stop_finds_another_way(server: FakeMoonraker, make: Make) -> None:
    printer = make(server.url, start=False)  # no session at all
    printer.execute(c.EmergencyStop())
    assert server.requests == [("POST", "/printer/emergency_stop")]


def test_without_klipper_nothing_is_sent(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.klippy = "disconnected"
    with pytest.raises(PrinterOffline, match="Klipper is not connected"):
        rowan.execute(c.Home())


@pytest.mark.parametrize("command", [start_of("x.gcode"), c.LoadFilament(slot="A1")])
def test_what_it_cannot_do(rowan: MoonrakerPrinter, command: c.Command) -> None:
    with pytest.raises(Unusable):
        rowan.execute(command)


# -- starts ------------------------------------------------------------------------------------


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
    wait(lambda: len(server.peers) == 2)
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


# -- files -------------------------------------------------------------------------------------


@pytest.fixture
def gcode(tmp_path: Path) -> Path:
    path = tmp_path / "Würfel.gcode"
    path.write_bytes(b"G28\n" * 50_000)
    return path


def put(
    printer: MoonrakerPrinter, source: Path, name: str, cancel: threading.Event | None = None
) -> int:
    return printer.upload(source, name, lambda *_: None, cancel or threading.Event())


def test_a_file_there_and_back(
    server: FakeMoonraker, rowan: MoonrakerPrinter, gcode: Path, tmp_path: Path
) -> None:
    name = "Größe äöü #1 100%-0042.gcode"
    seen: list[tuple[int, int]] = []
    size = rowan.upload(gcode, name, lambda *sent: seen.append(sent), threading.Event())
    assert size == 200_000 == rowan.remote_size(name)
    assert seen[-1] == (200_000, 200_000)
    assert set(server.files) == {f"farm/{name}"}
    (folder,) = rowan.list_files("/")
    assert (folder.path, folder.folder) == ("/farm", True)
    (entry,) = rowan.list_files("/farm")
    assert (entry.path, entry.size_bytes) == (f"/farm/{name}", 200_000)
    assert entry.modified == "2026-11-21 15:47"
    rowan.download(entry.path, tmp_path / "back.gcode")
    assert (tmp_path / "back.gcode").read_bytes() == gcode.read_bytes()
    rowan.delete_remote(name)
    assert rowan.remote_size(name) is None


def test_what_is_not_there(rowan: MoonrakerPrinter, tmp_path: Path) -> None:
    assert rowan.remote_size("nope.gcode") is None
    assert rowan.thumbnail("nope.gcode") is None
    for act in (
        lambda: rowan.delete_remote("nope.gcode"),
        lambda: rowan.download("/nope.gcode", tmp_path / "x"),
        lambda: rowan.list_files("/nope"),
    ):
        with pytest.raises(NotFound, match="nope"):
            act()
    assert list(tmp_path.glob("x*")) == []


@pytest.mark.parametrize(("status", "words"), [(403, "is being printed"), (422, "damaged")])
def test_a_refused_upload(
    server: FakeMoonraker, rowan: MoonrakerPrinter, gcode: Path, status: int, words: str
) -> None:
    server.upload_status = status
    with pytest.raises(UploadFailed, match=words):
        put(rowan, gcode, "cube-0042.gcode")


def test_the_listing_has_the_last_word_on_an_upload(
    server: FakeMoonraker, rowan: MoonrakerPrinter, gcode: Path
) -> None:
    server.stored_size = 17
    with pytest.raises(UploadFailed, match="17 bytes"):
        put(rowan, gcode, "cube-0042.gcode")
    assert server.files == {}


def test_a_cancelled_upload_leaves_nothing(
    server: FakeMoonraker, rowan: MoonrakerPrinter, gcode: Path
) -> None:
    cancel = threading.Event()
    with pytest.raises(UploadCancelled):
        rowan.upload(gcode, "cube-0042.gcode", lambda *_: cancel.set(), cancel)
    assert server.files == {}


def test_the_largest_thumbnail_is_fetched(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    pictures = [
        {"width": 32, "height": 32, "size": 1, "relative_path": ".thumbs/a-32x32.png"},
        {"width": 220, "height": 124, "size": 1, "relative_path": ".thumbs/a-220x124.png"},
    ]
    server.metadata["farm/a.gcode"] = {"thumbnails": pictures}
    server.files["farm/.thumbs/a-220x124.png"] = b"PNG"
    assert rowan.thumbnail("a.gcode") == b"PNG"


# -- TLS ---------------------------------------------------------------------------------------


def tls_of(folder: Path) -> ssl.SSLContext:
    return server_context(CertificateAuthority(folder).identity("rowan"), tls13=True)


def test_a_changed_certificate_needs_a_person(make: Make, tmp_path: Path) -> None:
    with FakeMoonraker(key=KEY, context=tls_of(tmp_path / "first")) as server:
        printer = make(server.url, KEY)
        in_state(printer, S.IDLE)
        pinned = printer.diagnostics()["certificate_sha256"]
        server.show_certificate(tls_of(tmp_path / "second"))
        calls = len(server.calls)
        printer.execute(c.Reconnect())
        status = in_state(printer, S.IDENTITY)
        assert pinned in status.message
        assert len(server.calls) == calls  # no key, no word to a stranger
        with pytest.raises(Blocked, match="not the one"):
            printer.execute(c.TrustCertificate(sha256=pinned))
        shown = status.message.rsplit("Shown now: ", 1)[1].rstrip(".")
        printer.execute(c.TrustCertificate(sha256=shown))
        in_state(printer, S.IDLE)
        assert printer.diagnostics()["certificate_sha256"] == shown
        printer.stop()


@pytest.mark.parametrize("climbing", ["/../../../access/api_key", "a/../../..", "..", "/./x"])
def test_no_path_climbs_out_of_the_files(
    rowan: MoonrakerPrinter, tmp_path: Path, climbing: str
) -> None:
    """Moonraker's own key lies next door."""
    for ask in (
        lambda: rowan.list_files(climbing),
        lambda: rowan.download(climbing, tmp_path / "x"),
        lambda: rowan.delete_remote(climbing),
        lambda: rowan.remote_size(climbing),
        lambda: rowan.thumbnail(climbing),
    ):
        with pytest.raises(Unusable, match="file on a printer"):
            ask()


def test_a_cancel_before_the_first_byte_names_the_printer(
    rowan: MoonrakerPrinter, gcode: Path
) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(UploadCancelled, match="Rowan"):
        rowan.upload(gcode, "x-1.gcode", lambda sent, total: None, cancel)
