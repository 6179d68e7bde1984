"""What becomes of files that were sent ahead and that no start took."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import Blocked, UploadFailed
from job_queue.job import JobState
from job_queue.records import Cleanup
from job_queue.target import Target
from job_queue.timing import Timing
from tests.job_queue.starting.ahead_farm import P, ahead, look, one_pass, prints

# -- what becomes of a file that nothing takes -----------------------------------------------------


def goes(farm: Any, item: Cleanup) -> None:
    """It is off the record, and off the printer as soon as that is at rest."""
    left = [i for i in farm.store.view().cleanup if i.remote_name == item.remote_name]
    assert [i.staged for i in left] in ([], [None])
    farm.printer().shows(farm.printer().started[-1], P.FINISHED)
    farm.wait(10)
    assert item.remote_name not in farm.printer().files
    assert item.remote_name not in [c.remote_name for c in farm.printer().started]


def test_cancelled(staged: Any) -> None:
    farm, job, item = staged
    farm.service.remove(job.id)
    one_pass(farm)
    goes(farm, item)


def test_edited_to_go_elsewhere(staged: Any) -> None:
    farm, job, item = staged
    farm.service.desk.edit(job.id, farm.job(job).rev, {"target": Target.printer("birch")})
    one_pass(farm)
    goes(farm, item)


def test_edited_to_another_plate_that_does_not_fit(staged: Any) -> None:
    farm, job, item = staged
    farm.service.desk.edit(job.id, farm.job(job).rev, {"plate": 2})
    one_pass(farm)
    goes(farm, item)


def test_held(staged: Any) -> None:
    farm, job, item = staged
    farm.service.desk.hold(job.id)
    one_pass(farm)
    goes(farm, item)


def test_another_job_of_the_same_file_may_use_it(staged: Any) -> None:
    farm, job, item = staged
    other = farm.add()
    farm.service.remove(job.id)
    one_pass(farm)
    assert ahead(farm) == item
    farm.finish()
    one_pass(farm)
    assert farm.job(other).remote_name == item.remote_name


def test_after_a_time(staged: Any) -> None:
    farm, _, item = staged
    keep = Timing().keep_staged_s
    for _ in range(int(keep / 30) + 1):
        farm.clock.advance(30)
        farm.printer().report()
        look(farm)
    farm.service.tick()
    goes(farm, item)


def test_the_sweeper_leaves_it_alone_until_it_is_let_go(staged: Any) -> None:
    """Due by a clock that was set, and a claim may be taking it this very moment."""
    farm, _, item = staged
    farm.printer().shows(farm.printer().started[-1], P.FINISHED)
    farm.wait(3)
    farm.clock.jump(Timing().keep_staged_s + 1)
    farm.printer().report()
    assert item.remote_name not in [due.remote_name for due in farm.service._sweeper.due()]
    farm.service.tick()
    left = [i for i in farm.store.view().cleanup if i.remote_name == item.remote_name]
    assert [i.staged for i in left] in ([], [None])


def test_after_a_restart(staged: Any) -> None:
    """A farm that was away cannot say what somebody did with the file meanwhile."""
    farm, job, item = staged
    farm.reboot()
    farm.printer().shows(farm.printer().started[-1], P.PRINTING)
    assert farm.service.staged() == []
    goes(farm, item)
    assert farm.job(job).state is JobState.QUEUED


def test_after_an_hour_without_a_report(staged: Any) -> None:
    farm, _, item = staged
    farm.printer().report(P.OFFLINE)
    look(farm)
    farm.clock.advance(61.0)
    prints(farm)
    goes(farm, item)


def test_a_short_gap_is_none(staged: Any) -> None:
    farm, job, item = staged
    farm.printer().report(P.OFFLINE)
    look(farm)
    farm.clock.advance(59.0)
    prints(farm)
    farm.finish()
    one_pass(farm)
    assert farm.job(job).remote_name == item.remote_name


def test_started_at_the_screen(staged: Any) -> None:
    """Its name proves nothing any more."""
    farm, _job, item = staged
    command = farm.printer().started[-1]
    foreign = replace(command, remote_name=item.remote_name, token=item.staged.token)
    farm.printer().shows(foreign, P.PRINTING)
    look(farm)
    assert farm.service.staged() == []
    farm.printer().shows(foreign, P.FINISHED)
    farm.wait(15)
    assert item.remote_name not in farm.printer().files


@pytest.mark.parametrize("named", [False, True])
def test_a_print_without_a_name_may_be_of_it(staged: Any, named: bool) -> None:
    """PrusaLink says that it prints before it says what."""
    farm, job, item = staged
    farm.printer().shows(farm.printer().started[-1], P.FINISHED)
    farm.wait(3)
    if named:
        farm.printer().shows_other(P.PRINTING)
    else:
        farm.printer().report(P.PRINTING, job=None)
    look(farm)
    farm.printer().report(P.IDLE, job=None)
    farm.wait(2)
    farm.service.mark_clear("alder")
    one_pass(farm)
    assert (farm.job(job).remote_name == item.remote_name) is named


def test_a_print_of_ours_that_says_no_more_for_a_moment_costs_nothing(staged: Any) -> None:
    farm, _, item = staged
    farm.printer().report(P.PRINTING, job=None)
    look(farm)
    assert farm.service.staged() == [item]


def test_a_start_by_hand_of_another_plate_takes_the_same_file(staged: Any) -> None:
    farm, _, item = staged
    farm.finish()
    job = farm.service.start_file("alder", "f" * 32, plate=3, confirm=["all"])
    farm.join()
    assert farm.job(job).remote_name == item.remote_name, "the file is the same for every plate"


def test_a_failed_transfer_is_left_alone_for_a_while(busy: Any) -> None:
    busy.printer().upload_error = UploadFailed("The card is full.")
    job = busy.add()
    one_pass(busy)
    assert ahead(busy) is None
    assert busy.job(job).tries == 0 and busy.job(job).state is JobState.QUEUED
    busy.printer().upload_error = None
    prints(busy)
    one_pass(busy)
    assert ahead(busy) is None
    busy.clock.advance(Timing().stage_rest_s + 1)
    prints(busy)
    one_pass(busy)
    assert ahead(busy) is not None


def test_a_cut_file_is_never_ready(busy: Any) -> None:
    busy.printer().cut_bytes = 3
    busy.add()
    one_pass(busy)
    assert ahead(busy) is None


def test_two_files_left_behind_are_enough(busy: Any) -> None:
    with busy.store.transaction() as tx:
        for number in range(2):
            tx.add_cleanup(Cleanup(printer_id="alder", remote_name=f"x-{number}.gcode", due_at=0))
    busy.add()
    one_pass(busy)
    assert ahead(busy) is None


# -- the name is one attempt's ---------------------------------------------------------------------


def test_a_doubtful_start_takes_the_name_with_it(staged: Any) -> None:
    """The fence deletes it, and the retry has another."""
    farm, job, item = staged
    farm.finish()
    farm.printer().on_start = lambda command: None
    one_pass(farm)
    farm.wait(Timing().evidence_s + 5)
    doubtful = farm.job(job)
    assert doubtful.state is JobState.NEEDS_HUMAN
    assert doubtful.remote_name == item.remote_name
    farm.printer().report(P.FINISHED)
    for wait in (Timing().quiet_s + 1, 0):
        try:
            farm.service.resolve(job.id, "not_started", farm.job(job).rev)
        except Blocked as refused:  # said twice: the fence, then the end
            assert wait, refused
            farm.wait(wait)
    again = farm.job(job)
    assert again.state is JobState.QUEUED and not again.staged and again.remote_name == ""
    assert item.remote_name not in farm.printer().files
    farm.printer().on_start = farm.printer().begin
    farm.service.mark_clear("alder")
    one_pass(farm)
    assert farm.job(job).remote_name not in ("", item.remote_name)
    assert farm.job(job).token != item.staged.token


def test_a_claim_that_comes_to_nothing_removes_it(staged: Any) -> None:
    """Nothing was sent in this attempt, and yet a file lies there."""
    farm, job, item = staged
    farm.finish()
    farm.library._path.write_bytes(b"other bytes")
    farm.dispatcher.once()
    farm.join()
    assert farm.job(job).state is JobState.HELD and not farm.job(job).staged
    farm.wait(2)
    assert item.remote_name not in farm.printer().files
    assert item.remote_name not in [i.remote_name for i in farm.store.view().cleanup]


def test_after_the_computer_slept(staged: Any) -> None:
    """The monotonic clock stood still meanwhile; the printer did not."""
    farm, job, item = staged
    farm.clock.jump(120.0)
    farm.finish()
    one_pass(farm)
    assert farm.job(job).remote_name not in ("", item.remote_name)


def test_a_claim_right_after_a_sleep_trusts_nothing(staged: Any) -> None:
    farm, job, item = staged
    farm.finish()
    farm.clock.jump(120.0)
    farm.dispatcher.once()
    farm.join()
    tried = [attempt.remote_name for attempt in farm.job(job).attempts]
    assert item.remote_name not in [*tried, farm.job(job).remote_name]
    assert len(farm.printer().started) == 1, "nor is the bed trusted"
