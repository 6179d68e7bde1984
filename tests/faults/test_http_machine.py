"""The machine behind a print server is in trouble, or somebody stands at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from printers import commands as c
from tests.faults.http_seat import (
    FIRMWARE,
    MK3,
    MOONRAKER,
    OCTOPRINT,
    POLLED,
    HttpSeat,
    http_fault,
)

SCALE = 30.0
_PRESS = "Look at the printer, then press Connect."
_FIRMWARE_ERROR = "The printer reports an error. Look at its screen."


def _mend(seat: HttpSeat) -> None:
    """What a person does after a fault."""
    if seat.kind == OCTOPRINT:
        seat.order(c.ConnectPrinter(on=True))
    elif seat.kind == MOONRAKER:
        seat.order(c.FirmwareRestart())
    else:
        seat.sim.do("recover")
    seat.ready()
    seat.until(lambda p: p["faults"] == [] and p["message"] == "", "the fault stays")
    seat.is_live()


def _faulty(seat: HttpSeat, words: str) -> dict[str, Any]:
    panel = seat.until(lambda p: p["state"] == "fault" and p["fault"], "no fault")
    assert words in panel["fault"]["text"], panel["fault"]
    code, why = seat.blocked()
    assert code == "printer_fault" and seat.name in why
    if seat.kind != FIRMWARE:  # the firmware itself measures on
        assert panel["temps"] == {}, "temperatures of a printer that is away"
    return panel


_CAUSES = {
    "board": {
        OCTOPRINT: "Printer halted. kill() called!",
        MOONRAKER: "Lost communication with MCU 'mcu'",
        MK3: "Printer firmware is not responding",
        FIRMWARE: _FIRMWARE_ERROR,
    },
    "heater": {
        OCTOPRINT: "Thermal Runaway, system stopped!",
        MOONRAKER: "Heater extruder not heating at expected rate.",
        MK3: "THERMAL RUNAWAY",
        FIRMWARE: _FIRMWARE_ERROR,
    },
}


@http_fault("halt", "hard_fail")
@http_fault("recover", kinds=POLLED)
def test_the_firmware_halts(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.do("halt", cause="board")
        _faulty(seat, _CAUSES["board"][seat.kind])
        _mend(seat)
        seat.sim.do("hard_fail")
        panel = _faulty(seat, _CAUSES["heater"][seat.kind])
        if seat.kind == OCTOPRINT:
            assert _PRESS in panel["message"]
        _mend(seat)

    stage(scale=SCALE).each(act)


@http_fault("recover", kinds=(OCTOPRINT, MOONRAKER))
def test_a_board_that_was_reset_by_hand(stage: Callable[..., Any]) -> None:
    """OctoPrint stays disconnected until somebody connects it; Klipper comes back."""

    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.handle.do("halt")
        _faulty(seat, _CAUSES["board"][seat.kind])
        seat.sim.do("recover")
        if seat.kind == OCTOPRINT:
            seat.stays(lambda p: p["state"] == "fault", 0.8)
            _mend(seat)
        seat.ready()

    stage(OCTOPRINT, MOONRAKER, scale=SCALE).each(act)


_CABLE = {
    OCTOPRINT: "OctoPrint lost the line to",
    MOONRAKER: "Lost communication with MCU 'mcu'",
    MK3: "Serial device does not exist",
    FIRMWARE: _FIRMWARE_ERROR,
}


@http_fault("unplug", "plug")
def test_the_cable_comes_out_in_mid_print(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        job = seat.printing()
        seat.sim.do("unplug")
        _faulty(seat, _CABLE[seat.kind])
        seat.sim.do("plug")
        ended = seat.job_until(job, "failed", "cancelled")
        assert ended.error is not None and ended.error.text
        if seat.kind not in POLLED:
            _mend(seat)
        panel = seat.in_state("ready") if seat.kind not in POLLED else seat.in_state("needs_clear")
        assert panel["job"] is None and seat.starts() == 1
        if seat.kind not in POLLED:  # what is shown of the past is no news
            seat.stays(lambda p: p["bed"]["clear"], 1.8)
        assert "finished" not in {s.state.value for s in seat.history}

    stage(scale=SCALE).each(act)


@http_fault("power_off", "power_on", kinds=(OCTOPRINT, MOONRAKER))
def test_the_printer_is_switched_off_and_its_computer_is_not(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.do("power_off")
        _faulty(seat, _CABLE[seat.kind])
        seat.sim.do("power_on")
        _mend(seat)

    stage(OCTOPRINT, MOONRAKER, scale=SCALE).each(act)


@http_fault("heater_power")
def test_dead_heaters_end_in_a_fault(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(heater_power=0.0)
        seat.sim.handle.peek(lambda m: setattr(m.heat.nozzles[0], "target", 200.0))
        panel = seat.until(lambda p: p["temps"].get("nozzle", [0, 0])[1] == 200, "no target")
        assert panel["temps"]["nozzle"][0] < 60
        _faulty(seat, _CAUSES["heater"][seat.kind])
        seat.sim.set(heater_power=1.0)
        seat.sim.handle.peek(lambda m: m.heat.off())
        _mend(seat)

    stage(scale=15.0).each(act)


@http_fault("ignore_m104")
def test_a_target_the_printer_does_not_take_is_not_shown(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(ignore_m104=True)
        if seat.kind == FIRMWARE:  # it cannot be heated from afar at all
            assert seat.name in seat.refusal(c.SetTemperature(heater="nozzle", target=60))
            return
        seat.order(c.SetTemperature(heater="nozzle", target=60))
        if seat.kind == MK3:
            return  # its own call sets the target without a line of G-code
        seat.stays(lambda p: p["temps"]["nozzle"][1] in (None, 0), 1.0)
        seat.sim.set(ignore_m104=False)
        seat.order(c.SetTemperature(heater="nozzle", target=60))
        seat.until(lambda p: p["temps"]["nozzle"][1] == 60, "the target is not shown")

    stage(scale=SCALE).each(act)


@http_fault("air_print")
def test_a_print_of_air_ends_as_its_server_says(stage: Callable[..., Any]) -> None:
    """None of these servers sees it: the farm claims no more than they do."""

    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(air_print=True)
        job = seat.job_until(seat.start(), "finished")
        panel = seat.in_state("needs_clear")
        assert panel["sub"] == "" and not panel["bed"]["clear"]
        assert job.error is None and seat.starts() == 1

    stage(scale=600.0).each(act)


@http_fault(
    "klippy_shutdown", "klippy_disconnect", "klippy_reconnect", "host_error", kinds=(MOONRAKER,)
)
def test_klipper_stops_goes_and_comes(stage: Callable[..., Any]) -> None:
    (seat,) = stage(MOONRAKER, scale=60.0).seats
    seat.ready()
    seat.sim.do("klippy_shutdown", reason="MCU 'mcu' shutdown: Timer too close")
    panel = _faulty(seat, "Timer too close")
    assert "Find the cause, then use Firmware restart." in panel["message"]
    _mend(seat)
    seat.sim.do("host_error")
    panel = _faulty(seat, "Can not update MCU 'mcu' config")
    assert f"Klipper of {seat.name} could not start" in panel["message"]
    _mend(seat)
    job = seat.printing()
    seat.sim.do("klippy_disconnect")
    panel = seat.until(lambda p: p["sub"] == "closed", "Moonraker alone is not told apart")
    assert "Klipper is not connected to it" in panel["message"] and panel["temps"] == {}
    seat.sim.do("klippy_reconnect")
    ended = seat.job_until(job, "failed", "cancelled")
    assert ended.error is not None and seat.in_state("needs_clear")["job"] is None


@http_fault("console", kinds=(MOONRAKER,))
def test_lines_on_the_console_are_no_news_of_the_state(stage: Callable[..., Any]) -> None:
    (seat,) = stage(MOONRAKER).seats
    seat.ready()
    mark = len(seat.history)
    for line in ("!! Printer is shutdown", "// Klipper state: Disconnect", "\x00\ufffd" * 400, ""):
        seat.sim.do("console", line=line)
    seat.is_live()
    assert {s.state.value for s in seat.history[mark:]} <= {"idle"}, seat.since(mark)
