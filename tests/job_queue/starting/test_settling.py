"""A person settles what no report proves: it prints, it did not start, give up."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import BadRequest, Blocked, FarmError, PrinterRejected
from printers import safety
from printers.status import PrinterState as P
from tests.job_queue.starting.reports import S, shows, uncertain


def test_late_proof_needs_nobody(farm: Any) -> None:
    job = uncertain(farm)
    shows(farm, P.PRINTING)
    job = farm.job(job)
    assert job.state is S.PRINTING and job.error is None


def test_it_is_printing(farm: Any) -> None:
    """The printer shows no mark of ours, but a person knows."""
    job = uncertain(farm)
    farm.printer().shows_other(P.PRINTING, "plate_1")
    farm.look()
    job = farm.service.resolve(job.id, "printing", farm.job(job).rev)
    assert job.state is S.PRINTING
    farm.wait(30)
    assert farm.job(job).state is S.PRINTING
    farm.printer().shows_other(P.FINISHED, "plate_1")
    farm.look()
    assert farm.job(job).state in (S.PRINTING, S.FINISHED)
    farm.wait(12)
    assert farm.job(job).state is S.FINISHED


def test_it_is_not_printing_when_it_idles(farm: Any) -> None:
    job = uncertain(farm)
    with pytest.raises(Blocked) as refused:
        farm.service.resolve(job.id, "printing", job.rev)
    assert refused.value.error_code == "not_printing"


@pytest.mark.parametrize("shown", [None, "their_vase"])
def test_nor_under_the_end_of_another_print(farm: Any, shown: str | None) -> None:
    """Else the end that lingers there from the job before would be this one's: done at once."""
    farm.printer().shows_other(P.FINISHED)
    farm.look()
    farm.service.mark_clear("alder")
    job = uncertain(farm)
    if shown is None:
        farm.printer().report(P.FINISHED, job=None)
    assert refusal(farm, job, "printing").error_code == "not_printing"
    farm.wait(20)
    assert farm.job(job).state is S.NEEDS_HUMAN
    assert farm.service.resolve(job.id, "finished", job.rev).state is S.FINISHED


def refusal(farm: Any, job: Any, outcome: str = "not_started") -> Any:
    with pytest.raises(FarmError) as refused:
        farm.service.resolve(job.id, outcome, job.rev)
    return refused.value


def test_not_started_is_fenced_first_and_then_waits(farm: Any) -> None:
    """A start that was read just before the file went shows itself in the quiet period."""
    job = uncertain(farm)
    farm.wait(600)
    early = refusal(farm, job)
    assert (early.error_code, early.details) == ("too_early", {"seconds": 300})
    assert early.message.startswith("The file was removed from Alder. Answer again in 300 s")
    assert farm.printer().files == {}
    farm.wait(299)
    assert refusal(farm, job).details == {"seconds": 1}
    farm.wait(1)
    ended = farm.service.resolve(job.id, "not_started", job.rev)
    assert ended.state is S.FAILED and ended.error.code == "not_started"
    assert farm.printer().files == {}
    assert farm.bed() == (False, "It is not certain whether Gear.gcode.3mf was started")
    farm.service.mark_clear("alder")
    assert farm.start().state is S.STARTING


def test_what_began_in_the_quiet_period_is_no_longer_in_doubt(farm: Any) -> None:
    job = uncertain(farm)
    assert refusal(farm, job).error_code == "too_early"
    shows(farm, P.PRINTING)
    assert refusal(farm, job).error_code == "stale"
    assert farm.job(job).state is S.PRINTING


def test_no_quiet_period_without_the_fence(farm: Any) -> None:
    job = uncertain(farm)
    farm.printer().refuse_delete = PrinterRejected("550 locked")
    assert refusal(farm, job).error_code == "fence_failed"
    farm.wait(400)
    assert refusal(farm, job).error_code == "fence_failed"
    farm.printer().refuse_delete = None
    assert refusal(farm, job).details == {"seconds": 300}


def test_a_file_that_is_there_again_is_fenced_again(farm: Any) -> None:
    job = uncertain(farm)
    assert refusal(farm, job).error_code == "too_early"
    farm.wait(300)
    farm.printer().files[job.remote_name] = 1
    assert refusal(farm, job).details == {"seconds": 300}
    assert farm.printer().files == {}


def test_a_restarted_farm_fences_anew(farm: Any) -> None:
    job = uncertain(farm)
    assert refusal(farm, job).error_code == "too_early"
    farm.wait(300)
    farm.reboot()
    farm.printer().report(P.IDLE)
    assert refusal(farm, job).details == {"seconds": 300}


def test_not_started_is_refused_while_it_prints_something(farm: Any) -> None:
    job = uncertain(farm)
    farm.wait(120)
    farm.printer().shows_other(P.PRINTING)
    with pytest.raises(Blocked) as refused:
        farm.service.resolve(job.id, "not_started", job.rev)
    assert refused.value.error_code == "printer_busy"


def test_a_job_overtaken_by_another_can_be_settled(farm: Any) -> None:
    job = farm.printing()
    farm.printer().shows_other(P.PRINTING)
    farm.wait(12)
    job = farm.job(job)
    assert refusal(farm, job).error_code == "printer_busy"
    farm.printer().shows_other(P.FINISHED)
    assert refusal(farm, job).error_code == "too_early"
    farm.wait(300)
    assert farm.service.resolve(job.id, "not_started", job.rev).state is S.FAILED


def test_giving_up_keeps_the_bed_closed(farm: Any) -> None:
    job = uncertain(farm)
    ended = farm.service.resolve(job.id, "give_up", job.rev)
    assert ended.state is S.FAILED and ended.error.code == "given_up"
    assert farm.bed()[0] is False
    assert farm.printer().files == {}, "its start may still arrive"


@pytest.mark.parametrize("restarted", [False, True])
def test_nothing_starts_in_the_quiet_period_after_giving_up(farm: Any, restarted: bool) -> None:
    """The printer may have read the start just before the file went."""
    job = uncertain(farm)
    farm.service.resolve(job.id, "give_up", job.rev)
    farm.service.mark_clear("alder")
    farm.wait(200)
    if restarted:
        farm.reboot()
        farm.printer().report(P.IDLE, job=None)
        farm.wait(250)
    with pytest.raises(Blocked) as barred:
        farm.start()
    assert barred.value.error_code == "file_left"
    waiting = farm.add()
    assert farm.dispatch_once() == []
    farm.wait(105)
    assert farm.store.view().cleanup == ()
    assert farm.dispatch_once() == [(waiting.id, "alder")]


@pytest.mark.parametrize("why", ["offline", "refused", "busy"])
def test_a_job_given_up_bars_its_printer_until_its_file_is_gone(farm: Any, why: str) -> None:
    job = uncertain(farm)
    if why == "offline":
        farm.printer().report(P.OFFLINE)
    elif why == "busy":
        farm.printer().shows_other(P.PRINTING)
    farm.printer().refuse_delete = PrinterRejected("550 locked")
    assert farm.service.resolve(job.id, "give_up", job.rev).state is S.FAILED
    (item,) = farm.store.view().cleanup
    assert item.late_start and item.remote_name == job.remote_name
    farm.reboot()
    (item,) = farm.store.view().cleanup
    assert item.late_start, "it is durable"
    farm.printer().refuse_delete = PrinterRejected("550 locked")
    farm.printer().report(P.IDLE, job=None)
    farm.wait(2)
    farm.service.mark_clear("alder")
    with pytest.raises(Blocked) as barred:
        farm.start()
    assert barred.value.error_code == "file_left" and "Alder" in barred.value.message
    gate = safety.gates(farm.fleet.snapshot("alder"), farm.clock.monotonic())["start"]
    assert (gate.code, gate.why) == ("file_left", barred.value.message), "the button says the same"
    waiting = farm.add()
    farm.wait(10)
    assert farm.dispatch_once() == []
    (reason,) = farm.dispatcher.explain(farm.job(waiting))
    assert (reason.code, reason.text) == ("file_left", barred.value.message)
    farm.printer().refuse_delete = None
    farm.wait(181)
    assert farm.printer().files == {} and farm.dispatch_once() == []
    farm.wait(301)
    assert farm.store.view().cleanup == ()
    assert farm.dispatch_once() == [(waiting.id, "alder")]


def test_a_clock_that_went_back_a_day_bars_nobody_for_a_day(farm: Any) -> None:
    job = uncertain(farm)
    farm.printer().refuse_delete = PrinterRejected("550 locked")
    farm.service.resolve(job.id, "give_up", job.rev)
    farm.printer().refuse_delete = None
    farm.clock.jump(-86_400.0)
    farm.wait(310)
    assert farm.store.view().cleanup == () and farm.printer().files == {}


def test_a_deletion_is_not_taken_at_its_word(farm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a start that may still arrive, the file must be seen to be gone."""
    job = uncertain(farm)
    monkeypatch.setattr(farm.printer(), "delete_remote", lambda path: None)
    assert refusal(farm, job).error_code == "fence_failed"
    farm.service.resolve(job.id, "give_up", job.rev)
    farm.wait(400)
    assert [item.late_start for item in farm.store.view().cleanup] == [True]
    monkeypatch.undo()


def test_answers_need_the_newest_revision(farm: Any) -> None:
    job = uncertain(farm)
    with pytest.raises(Blocked) as refused:
        farm.service.resolve(job.id, "give_up", job.rev - 1)
    assert refused.value.error_code == "stale" and refused.value.status == 409
    with pytest.raises(BadRequest):
        farm.service.resolve(job.id, "whatever", job.rev)
    farm.service.resolve(job.id, "give_up", job.rev)
    with pytest.raises(Blocked) as refused:
        farm.service.resolve(job.id, "give_up", farm.job(job).rev)
    assert refused.value.error_code == "not_uncertain"
