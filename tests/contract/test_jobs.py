"""Prints: started with evidence, steered, ended, and other people's."""

from __future__ import annotations

import threading

import pytest

from core.errors import FarmError
from printers import commands as c
from printers.status import PrinterState as S
from tests.contract.print_files import Printed
from tests.contract.seat import REST, Seat


def test_start_pause_resume_and_cancel_with_evidence(seat: Seat) -> None:
    rig = seat.rig
    mark = rig.mark()
    job = seat.printing(90.0)
    status = seat.status
    assert status.job is not None and job.remote_name.rpartition("/")[2] in status.job.file
    assert rig.starts(mark) == 1
    before = rig.mark()
    seat.order(c.Pause())
    assert len(rig.orders(before)) == 1, rig.orders(before)
    seat.in_state(S.PAUSED)
    rig.until(lambda: rig.shows() == "paused", "the server does not pause")
    seat.job_until(job, "paused")
    seat.order(c.Resume())
    seat.in_state(S.PRINTING)
    rig.until(lambda: rig.shows() == "printing", "the server does not go on")
    seat.job_until(job, "printing")
    seat.order(c.Stop())
    ended = seat.job_until(job, "cancelled", seconds=45.0)
    assert ended.error is None or ended.error.text
    seat.in_state(*REST, seconds=45.0)
    rig.until(lambda: rig.shows() == "idle", "the server prints on")
    assert not seat.conditions.bed_clear and "stopped" in seat.conditions.bed_why
    assert rig.starts(mark) == 1, "the start was sent more than once"


def test_a_finished_print_leaves_a_bed_to_clear(seat: Seat) -> None:
    mark = seat.rig.mark()
    seat.ready()
    job = seat.begin(seat.rig.print_file(seat.rig.span(5.0)))
    ended = seat.job_until(job, "finished", "failed", "cancelled", seconds=60.0)
    assert ended.state.value == "finished", ended
    seat.in_state(*REST)
    assert not seat.conditions.bed_clear
    seat.on_card("needs_clear")
    assert not seat.gate("start").ok and seat.gate("start").code == "bed_not_clear"
    with pytest.raises(FarmError):
        seat.begin(seat.rig.print_file(5.0))
    assert seat.rig.starts(mark) == 1
    seat.ready()


def test_a_very_short_print_is_seen_to_finish(seat: Seat) -> None:
    mark = seat.rig.mark()
    seat.ready()
    job = seat.begin(seat.rig.print_file(0.5))
    ended = seat.job_until(job, "finished", "failed", "cancelled", "needs_human", seconds=60.0)
    assert ended.state.value == "finished", ended
    assert not seat.conditions.bed_clear
    assert seat.rig.starts(mark) == 1


def test_many_browsers_make_one_start(seat: Seat) -> None:
    seat.ready()
    mark = seat.rig.mark()
    file_id = seat.add(seat.rig.print_file(60.0))
    answers: list[str] = []

    def press() -> None:
        try:
            answers.append(seat.jobs.start_file("alder", file_id, confirm=("all",)).id)
        except FarmError as error:
            answers.append(error.message)

    presses = [threading.Thread(target=press, name=f"browser{n}") for n in range(6)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join(10)
    started = [answer for answer in answers if "Alder" not in answer]
    assert len(started) == 1 and len(answers) == 6, answers
    job = seat.jobs.job(started[0])
    seat.job_until(job, "printing", seconds=45.0)
    assert seat.rig.starts(mark) == 1
    seat.order(c.Stop())
    seat.job_until(job, "cancelled", seconds=45.0)


def test_a_cancelled_transfer_starts_nothing(seat: Seat) -> None:
    rig = seat.rig
    seat.ready()
    mark = rig.mark()
    rig.upload_limit(10_000)
    printed = rig.print_file(600.0)
    job = seat.begin(printed)
    seat.on_card("uploading")
    seat.jobs.cancel_upload("alder")
    seat.job_until(job, "cancelled", seconds=30.0)
    rig.upload_limit(0)
    seat.ready()
    assert rig.starts(mark) == 0 and rig.shows() == "idle"


def test_a_print_started_at_the_machine_is_local_and_takes_the_bed(seat: Seat) -> None:
    rig = seat.rig
    seat.ready()
    mark = rig.mark()
    printed = rig.print_file(60.0)
    foreign = Printed(f"Vase von Jörg{rig.suffix}", printed.content)
    rig.start_foreign(foreign)
    status = seat.in_state(S.PRINTING, S.PREPARING, seconds=30.0)
    assert status.job is not None
    seat.until(lambda s: s.job is not None and "Vase" in s.job.name, "the file is not named")
    assert seat.conditions.job is None, "the farm takes it for its own"
    seat.until(lambda _: not seat.conditions.bed_clear, "the bed is still called clear")
    with pytest.raises(FarmError, match="Alder"):
        seat.begin(rig.print_file(7.0))
    seat.in_state(S.PRINTING, seconds=45.0)
    seat.order(c.Stop())
    seat.in_state(*REST, seconds=45.0)
    assert not seat.conditions.bed_clear
    assert rig.starts(mark) == 0
