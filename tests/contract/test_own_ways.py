"""What only one make has: Klipper's shutdown and restarts, OctoPrint's own line to its printer."""

from __future__ import annotations

import pytest

from printers import commands as c
from printers.status import PrinterState as S
from tests.contract.seat import REST, Seat

RESTART_S = 40.0


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
