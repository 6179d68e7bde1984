"""A machine that halts in the middle of a print did not have it cancelled by a person.

PrusaLink says STOPPED once its error has been reset, after a thermal runaway as after a Stop.
"""

from __future__ import annotations

from typing import Any

import pytest

from printers.commands import Stop
from printers.status import Fault, Severity
from printers.status import PrinterState as P
from tests.job_queue.starting.reports import S, shows


def halts(farm: Any, severity: Severity) -> None:
    fault = Fault(code="PRUSALINK-ERROR", text="THERMAL RUNAWAY", severity=severity)
    farm.printer().report(P.FAULT, faults=(fault,))
    farm.look()


@pytest.mark.parametrize("told", ["cancelled", ""])
def test_an_end_after_a_halt_is_a_failure(farm: Any, told: str) -> None:
    job = farm.starting()
    shows(farm, P.PRINTING)
    halts(farm, Severity.FATAL)
    assert farm.job(job).state is S.PRINTING, "until somebody has looked at the machine"
    shows(farm, P.FAILED, ended=told)
    farm.wait(5)
    ended = farm.job(job)
    assert (ended.state, ended.error.code) == (S.FAILED, "PRUSALINK-ERROR")
    assert ended.error.text == "THERMAL RUNAWAY"


def test_a_question_at_the_printer_does_not_colour_a_cancel(farm: Any) -> None:
    """Out of filament, and the person there ends the print instead of feeding more."""
    job = farm.starting()
    shows(farm, P.PRINTING)
    halts(farm, Severity.SERIOUS)
    shows(farm, P.FAILED, ended="cancelled")
    assert farm.job(job).state is S.CANCELLED


def test_a_print_that_went_on_and_was_cancelled_later_is_cancelled(farm: Any) -> None:
    job = farm.starting()
    shows(farm, P.PRINTING)
    halts(farm, Severity.FATAL)
    shows(farm, P.PRINTING)
    shows(farm, P.FAILED, ended="cancelled")
    assert farm.job(job).state is S.CANCELLED


def test_our_stop_of_a_halted_machine_is_a_cancel(farm: Any) -> None:
    job = farm.starting()
    shows(farm, P.PRINTING)
    farm.fleet.execute("alder", Stop())
    halts(farm, Severity.FATAL)
    shows(farm, P.FAILED, ended="cancelled")
    assert farm.job(job).state is S.CANCELLED
