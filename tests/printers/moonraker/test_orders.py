"""Orders to the printer: sent once, and a late no is shown."""

from __future__ import annotations

import threading
import time

import pytest

from core.errors import (
    PrinterOffline,
    PrinterRejected,
    PrinterTimeout,
    Unusable,
)
from printers import commands as c
from printers.moonraker.adapter import MoonrakerPrinter
from tests.printers.follow import seen
from tests.printers.moonraker.recording import CUBE
from tests.printers.moonraker.server import FakeMoonraker
from tests.printers.moonraker.steps import Make, S, in_state, start_of
from tests.waiting import wait_for


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
    wait_for(lambda: len(server.asked("printer.gcode.script")) == 2)
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
    status = seen(rowan, lambda s: s.notices)
    assert "refused later (the pause): Printer is not paused" in status.notices[0].text
    seen(rowan, lambda s: not s.notices)


def test_a_pending_order_is_a_stage(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    server.unanswered.add("printer.print.cancel")
    rowan.execute(c.Stop(), timeout=0.05)
    seen(rowan, lambda s: s.stage == "Cancelling" and s.state is S.PRINTING)


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
