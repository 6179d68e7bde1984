"""The running job and its end; orders that name it."""

from __future__ import annotations

import pytest

from core.errors import (
    PrinterRejected,
    Unusable,
)
from printers import commands as c
from tests.printers.prusalink.server import FakePrusaLink
from tests.printers.prusalink.steps import Make, S, shows
from tests.waiting import wait_for


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
    wait_for(lambda: printer.status.stage == "Pausing")
    assert printer.status.state is S.PRINTING
    pi.state = "PAUSED"
    wait_for(lambda: printer.status.state is S.PAUSED and printer.status.stage == "")


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
    wait_for(lambda: printer.status.job is not None and printer.status.job.file == "a-7.gcode")
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
    wait_for(lambda: printer.status.homed == "xyz")
    printer.execute(c.Jog(x=5))
    printer.execute(c.SetTemperature(heater="nozzle", target=200))
    assert pi.count("POST", "/api/printer/printhead") == 2
    assert pi.count("POST", "/api/printer/tool") == 1
    other = make(firmware)
    for command in (c.Home(), c.SetTemperature(heater="bed", target=50), c.EmergencyStop()):
        with pytest.raises(Unusable):
            other.execute(command)
    assert firmware.count("POST", "/") == 0
