"""What only one make has: Klipper's shutdown and restarts, OctoPrint's own line to its printer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.secret import Secret
from printers import commands as c
from printers.status import PrinterState as S
from tests.contract.real_rigs import RealMoonraker, RealPrusaLink
from tests.contract.rig import Rig
from tests.contract.seat import REST, Seat
from tests.contract.sim_rigs import SimMoonraker, SimPrusaLinkFirmware, SimPrusaLinkMk3

RESTART_S = 40.0
Klipper = SimMoonraker | RealMoonraker
Prusa = SimPrusaLinkMk3 | SimPrusaLinkFirmware | RealPrusaLink


@pytest.mark.kinds("moonraker")
def test_an_emergency_stop_halts_klipper_and_a_firmware_restart_brings_it_back(seat: Seat) -> None:
    seat.ready()
    assert {"firmware_restart", "host_restart"} <= seat.status.machine.capabilities
    seat.order(c.EmergencyStop())
    status = seat.in_state(S.FAULT)
    assert status.faults and status.faults[0].text, "Klipper's own message is missing"
    assert "shutdown" in (status.faults[0].text + status.raw_state).lower()
    assert seat.refusal(c.Home()).error_code == "printer_fault"
    assert not seat.gate("start").ok
    seat.order(c.FirmwareRestart())
    seat.in_state(*REST, seconds=RESTART_S)
    assert seat.status.faults == () and not seat.status.homed
    seat.homed()


@pytest.mark.kinds("moonraker")
def test_a_host_restart_reads_the_configuration_again(seat: Seat) -> None:
    seat.ready()
    seat.homed()
    seat.order(c.HostRestart())
    seat.until(lambda s: s.state in REST and not s.homed, "never restarted", RESTART_S)


@pytest.mark.kinds("moonraker")
def test_klipper_gone_in_mid_print_is_told_apart_from_moonraker_gone(seat: Seat) -> None:
    rig = seat.rig
    assert isinstance(rig, Klipper)
    job = seat.printing(90.0)
    rig.kill_klippy()
    status = seat.in_state(S.OFFLINE, S.CONNECTING, seconds=20.0)
    assert "Klipper" in status.message, status.message
    assert not seat.gate("start").ok and not seat.gate("home").ok
    rig.start_klippy()
    seat.in_state(*REST, seconds=RESTART_S)
    ended = seat.job_until(job, "failed", "cancelled", seconds=45.0)
    assert ended.error is not None and ended.error.text
    assert not seat.conditions.bed_clear


@pytest.mark.kinds("prusalink")
def test_a_question_at_the_printers_screen_is_shown(seat: Seat) -> None:
    rig = seat.rig
    assert isinstance(rig, Prusa)
    seat.ready()
    rig.calm()
    rig.ask_attention(True)
    status = seat.in_state(S.FAULT, seconds=40.0)
    assert status.faults and len(status.faults[0].text) > 10
    assert not seat.gate("start").ok
    rig.ask_attention(False)
    seat.in_state(*REST, seconds=40.0)
    assert seat.status.faults == ()


@pytest.mark.kinds("prusalink")
@pytest.mark.parametrize("way", ["key", "digest"])
def test_a_key_and_a_password_sign_in_alike(
    rig: Rig, sit: Callable[..., Seat], tmp_path: Path, way: str
) -> None:
    assert isinstance(rig, Prusa)
    user, password = rig.digest()
    key = rig.api_key() if way == "key" else ""
    signed = {"user": user, "password": Secret(password)} if way == "digest" else {"user": ""}
    seat = sit(api_key=Secret(key), **signed)
    seat.in_state(*REST)
    source = rig.write(rig.print_file(3.0), tmp_path)
    assert seat.upload(source, "signed in.gcode") == source.stat().st_size
    seat.adapter.delete_remote("signed in.gcode")
    shown = repr(seat.fleet.diagnostics("alder")) + repr(seat.status)
    assert password not in shown and (not key or key not in shown)


@pytest.mark.kinds("moonraker")
def test_an_object_is_left_out_of_a_running_print(seat: Seat) -> None:
    seat.ready()
    job = seat.begin(seat.rig.print_file(60.0, objects=("gear", "shaft", "cap")))
    seat.job_until(job, "printing", seconds=45.0)
    status = seat.until(
        lambda s: s.job is not None and len(s.job.objects) == 3, "its objects are not shown", 45.0
    )
    assert status.job is not None
    last = status.job.objects[-1]
    seat.order(c.SkipObjects(ids=(last.id,)))
    seat.until(
        lambda s: s.job is not None and any(o.id == last.id and o.skipped for o in s.job.objects),
        "the object is not shown as skipped",
    )
    seat.order(c.Stop())
    seat.job_until(job, "cancelled", seconds=45.0)


@pytest.mark.kinds("octoprint")
def test_octoprints_own_line_is_closed_and_opened(seat: Seat) -> None:
    seat.ready()
    assert "connect" in seat.status.machine.capabilities
    seat.order(c.ConnectPrinter(on=False))
    status = seat.in_state(S.OFFLINE)
    assert "OctoPrint" in status.message and "Connect" in status.message
    assert not status.link.online
    assert seat.refusal(c.Home()).status in (409, 503)
    seat.order(c.ConnectPrinter(on=True))
    seat.in_state(*REST)
    assert seat.status.link.online


@pytest.mark.kinds("octoprint")
def test_octoprint_is_not_disconnected_in_mid_print(seat: Seat) -> None:
    job = seat.printing(60.0)
    mark = seat.rig.mark()
    assert seat.refusal(c.ConnectPrinter(on=False)).status == 409
    assert seat.rig.orders(mark) == []
    seat.order(c.Stop())
    seat.job_until(job, "cancelled", seconds=45.0)
