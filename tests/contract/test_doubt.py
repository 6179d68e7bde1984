"""Prints whose start or end nobody saw: what is said then, and what is never sent again."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from core.errors import FarmError
from printers import commands as c
from printers.status import PrinterState as S
from tests.contract.rig import Rig
from tests.contract.seat import Seat


@pytest.mark.slow
def test_a_printer_switched_off_in_mid_print_is_told_truly(seat: Seat) -> None:
    rig: Rig = seat.rig
    job = seat.printing(90.0)
    rig.power_off_printer()
    gone = (S.OFFLINE, S.CONNECTING, S.FAULT, S.FAILED, S.IDLE)
    status = seat.until(
        lambda s: s.state in gone or seat.is_stale, "it prints on without power", 40.0
    )
    if status.state in (S.OFFLINE, S.FAULT):
        assert status.message or status.faults, "no word about why"
    rig.power_on_printer()
    ended = seat.job_until(job, "failed", "cancelled", seconds=60.0)
    assert ended.error is not None and ended.error.text
    assert not seat.conditions.bed_clear


def test_a_start_whose_answer_is_lost_is_found_and_not_repeated(seat: Seat) -> None:
    """Whether it printed is learned from what the printer shows, never by asking again."""
    rig = seat.rig
    seat.ready()
    mark = rig.mark()
    rig.lose_start(delivered=True)
    job = seat.begin(rig.print_file(60.0))
    job = seat.job_until(job, "printing", "failed", "needs_human", seconds=60.0)
    rig.until(lambda: rig.shows() == "printing", "the server never got the start")
    assert job.state.value == "printing", job
    assert rig.starts(mark) == 1
    rig.wire()
    seat.in_state(S.PRINTING, seconds=45.0)
    seat.order(c.Stop())
    seat.job_until(job, "cancelled", seconds=45.0)


def test_a_start_that_never_arrives_is_not_repeated(seat: Seat) -> None:
    rig = seat.rig
    seat.ready()
    mark = rig.mark()
    rig.lose_start(delivered=False)
    job = seat.begin(rig.print_file(60.0))
    job = seat.job_until(job, "failed", "needs_human", seconds=60.0)
    assert job.error is None or "Alder" in job.error.text
    assert rig.starts(mark) == 1, "a start of unknown fate was sent again"
    assert rig.shows() == "idle"
    assert seat.card in ("needs_human", "needs_clear", "ready"), seat.card
    with pytest.raises(FarmError) if job.state.value == "needs_human" else nullcontext():
        seat.begin(rig.print_file(0.5))


@pytest.mark.slow
def test_a_halted_firmware_ends_the_job_in_the_printers_own_words(seat: Seat) -> None:
    rig = seat.rig
    job = seat.printing(90.0)
    rig.break_printer()
    status = seat.in_state(S.FAULT, seconds=30.0)
    assert status.faults and len(status.faults[0].text) > 10, status.faults
    assert seat.card == "fault"
    for act in ("start", "home"):
        assert not seat.gate(act).ok
    seat.until(lambda _: not seat.conditions.bed_clear, "the bed is still called clear")
    assert seat.jobs.job(job.id).state.value != "finished"
