"""What a report proves, and how a person settles what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import BadRequest, Blocked, FarmError, PrinterRejected
from job_queue.identity import echoes
from job_queue.job import JobState
from printers import safety
from printers.commands import Pause, Stop
from printers.status import JobProgress
from printers.status import PrinterState as P

S = JobState


def shows(farm: Any, state: P, **changes: Any) -> None:
    farm.printer().shows(farm.printer().started[-1], state, **changes)
    farm.look()


@pytest.mark.parametrize("field", ["task_id", "subtask_id", "file", "name", "path", "stem"])
def test_any_one_echo_is_enough(farm: Any, field: str) -> None:
    job = farm.starting()
    shown = {
        "task_id": JobProgress(name="", file="", task_id=str(job.token)),
        "subtask_id": JobProgress(name="x", file="y", subtask_id=str(job.token)),
        "file": JobProgress(name="", file=job.remote_name),
        "name": JobProgress(name=job.remote_name, file="/data/Metadata/plate_1.gcode"),
        "path": JobProgress(name="", file=f"/cache/{job.remote_name}"),
        "stem": JobProgress(name=job.remote_name.removesuffix(".gcode.3mf"), file=""),
    }[field]
    assert echoes(job, shown)
    farm.printer().report(P.PRINTING, job=shown)
    farm.look()
    assert farm.job(job).state is S.PRINTING


def test_near_misses_are_not_ours(farm: Any) -> None:
    job = farm.starting()
    token = str(job.token)
    for other in (
        None,
        JobProgress(name="", file=""),
        JobProgress(name="", file="", task_id="0", subtask_id="0"),
        JobProgress(name=f"Gear-{token}9", file=f"9{token}.gcode.3mf", task_id=f"{token}0"),
        JobProgress(name="Gear.gcode.3mf", file="Gear.gcode.3mf"),
    ):
        assert not echoes(job, other)


def test_a_lingering_finish_is_no_end(farm: Any) -> None:
    """H2D: it shows our file while its state is still the last job's FINISH (A8.3)."""
    farm.printer().shows_other(P.FINISHED)
    farm.look()
    farm.service.mark_clear("alder")
    job = farm.starting()
    shows(farm, P.FINISHED)
    farm.wait(50)
    assert farm.job(job).state is S.STARTING
    shows(farm, P.PREPARING)
    assert farm.job(job).state is S.PRINTING


def test_a_finish_from_idle_is_one(farm: Any) -> None:
    job = farm.starting()
    shows(farm, P.FINISHED)
    assert farm.job(job).state is S.FINISHED


def test_pause_and_resume_are_followed(farm: Any) -> None:
    job = farm.printing()
    shows(farm, P.PAUSED)
    assert farm.job(job).state is S.PAUSED
    assert farm.fleet.snapshot("alder").conditions.job.phase == "paused"
    shows(farm, P.PRINTING)
    assert farm.job(job).state is S.PRINTING
    revs = [farm.job(job).rev]
    farm.wait(3)
    assert farm.job(job).rev == revs[0], "no write without news"


def test_our_stop_is_a_cancellation(farm: Any) -> None:
    job = farm.printing()
    shows(farm, P.PRINTING, percent=43)
    farm.fleet.execute("alder", Stop())
    assert farm.fleet.snapshot("alder").conditions.stopping is True
    shows(farm, P.FAILED)
    assert farm.fleet.snapshot("alder").conditions.stopping is False
    assert farm.job(job).state is S.CANCELLED
    assert farm.bed() == (False, "Gear.gcode.3mf was stopped at 43 %")
    assert farm.fleet.snapshot("alder").conditions.last_result == "cancelled"


def test_stopping_is_lifted_after_20_s(farm: Any) -> None:
    farm.printing()
    farm.fleet.execute("alder", Stop())
    farm.wait(19)
    assert farm.fleet.snapshot("alder").conditions.stopping is True
    farm.wait(2)
    assert farm.fleet.snapshot("alder").conditions.stopping is False


def test_a_stop_without_effect_does_not_colour_a_later_failure(farm: Any) -> None:
    job = farm.printing()
    farm.fleet.execute("alder", Stop())
    farm.wait(65)
    shows(farm, P.FAILED)
    farm.wait(4)
    assert farm.job(job).state is S.FAILED


def test_a_pause_is_not_a_stop(farm: Any) -> None:
    job = farm.printing()
    farm.fleet.execute("alder", Pause())
    assert farm.fleet.snapshot("alder").conditions.stopping is False
    assert farm.job(job).stop_sent_at is None


def test_a_stop_of_a_foreign_print(farm: Any) -> None:
    farm.printer().shows_other(P.PRINTING)
    farm.look()
    farm.fleet.execute("alder", Stop())
    assert farm.fleet.snapshot("alder").conditions.stopping is True
    farm.printer().shows_other(P.FAILED)
    farm.look()
    assert farm.fleet.snapshot("alder").conditions.stopping is False


def test_a_cancel_at_the_printer_is_seen_by_its_flash(farm: Any, fault: Any) -> None:
    job = farm.printing()
    farm.printer().report(P.PRINTING, faults=(fault("0300-400C", "Cancelled"),))
    farm.look()
    shows(farm, P.FAILED)
    farm.wait(4)
    assert farm.job(job).state is S.CANCELLED


def test_a_soft_failure_without_a_reason(farm: Any) -> None:
    job = farm.printing()
    shows(farm, P.FAILED)
    farm.wait(4)
    job = farm.job(job)
    assert job.state is S.FAILED and job.error.code == "ended_early"
    assert farm.bed() == (False, "Gear.gcode.3mf failed")


def test_a_fault_stays_open_until_it_resolves(farm: Any, fault: Any) -> None:
    job = farm.printing()
    shows(farm, P.PRINTING)
    farm.printer().report(P.FAULT, faults=(fault("0300-0100", "The bed does not heat."),))
    farm.wait(600)
    assert farm.job(job).state is S.PRINTING
    shows(farm, P.FAILED)
    farm.wait(4)
    job = farm.job(job)
    assert job.state is S.FAILED and job.error.text == "The bed does not heat."


def test_a_file_the_printer_cannot_read(farm: Any, fault: Any) -> None:
    job = farm.starting()
    shows(farm, P.FAULT)
    farm.printer().report(P.FAULT, faults=(fault("0500-4003", "The file could not be read."),))
    farm.wait(5)
    job = farm.job(job)
    assert job.state is S.FAILED and job.error.text == "The file could not be read."


def test_prepare_falling_back_with_an_error(farm: Any, fault: Any) -> None:
    """The file was refused while it was read: nothing to wait for (A8.3)."""
    job = farm.printing()
    shows(farm, P.FAULT)
    farm.printer().report(P.FAULT, faults=(fault("0500-4003", "The file could not be read."),))
    farm.wait(4)
    job = farm.job(job)
    assert job.state is S.FAILED and job.error.text == "The file could not be read."


def test_a_stop_at_the_printer_that_its_adapter_names(farm: Any) -> None:
    job = farm.printing()
    farm.printer().report(P.PRINTING, cancelled=True)
    farm.look()
    farm.printer().report(P.PRINTING, cancelled=False)
    shows(farm, P.FAILED)
    assert farm.job(job).state is S.CANCELLED


def test_the_cancel_of_the_job_before_does_not_colour_ours(farm: Any) -> None:
    """Some printers show a cancelled job's end until the next one begins."""
    farm.printing()
    shows(farm, P.FAILED)
    farm.printer().report(cancelled=True)
    farm.look()
    farm.service.mark_clear("alder")
    job = farm.starting()
    farm.look()
    assert farm.printer().status.cancelled, "the former job's end is still shown"
    farm.printer().shows(farm.printer().started[1], P.PRINTING)
    farm.printer().report(cancelled=False)
    farm.look()
    farm.printer().shows(farm.printer().started[1], P.FAILED)
    farm.wait(5)
    assert farm.job(job).state is S.FAILED


def test_an_end_without_a_name_is_ours_only_if_nothing_else_can_have_run(farm: Any) -> None:
    """PrusaLink's firmware shows FINISHED for ever and not of what."""
    job = farm.printing()
    farm.printer().report(P.OFFLINE)
    farm.wait(20)
    farm.printer().report(P.FINISHED, job=None)
    farm.wait(4)
    assert farm.job(job).state is S.FINISHED

    farm.service.mark_clear("alder")
    second = farm.printing()
    farm.reboot(carry=False)
    farm.printer().report(P.FINISHED, job=None)
    farm.wait(4)
    assert farm.job(second).state is S.FINISHED, "seen at work seconds before the restart"

    farm.service.mark_clear("alder")
    third = farm.printing()
    farm.reboot(carry=False)
    farm.clock.advance(90)
    farm.printer().report(P.FINISHED, job=None)
    farm.wait(12)
    ended = farm.job(third)
    assert ended.state is S.NEEDS_HUMAN and ended.error.code == "end_unseen"
    assert farm.bed() == (False, "Gear.gcode.3mf ended while the farm was not watching")


def ended_unseen(farm: Any, state: P = P.FINISHED) -> Any:
    job = farm.printing()
    farm.reboot(carry=False)
    farm.clock.advance(600)
    farm.printer().report(state, job=None)
    farm.wait(12)
    return farm.job(job)


@pytest.mark.parametrize("shown", [P.FINISHED, P.FAILED, P.IDLE])
@pytest.mark.parametrize(("outcome", "state"), [("finished", S.FINISHED), ("failed", S.FAILED)])
def test_a_person_says_how_a_print_ended_that_nobody_watched(
    farm: Any, shown: P, outcome: str, state: S
) -> None:
    job = ended_unseen(farm, shown)
    assert (job.state, job.error.code) == (S.NEEDS_HUMAN, "end_unseen")
    assert "say how it went" in job.error.text and job.made == 0
    noticed = farm.clock.time()
    farm.wait(3600)
    assert farm.job(job).state is S.NEEDS_HUMAN, "neither done nor failed nor queued again"
    with pytest.raises(Blocked) as refused:
        farm.service.mark_clear("alder")
    assert refused.value.error_code == "job_open"
    ended = farm.service.resolve(job.id, outcome, job.rev)
    assert ended.state is state and ended.made == (state is S.FINISHED)
    assert ended.finished_at == pytest.approx(noticed, abs=15), "not when the person came"
    assert "A person looked" in ended.evidence[-1].text
    assert farm.bed()[0] is False
    assert not any(item.late_start for item in farm.store.view().cleanup)
    farm.service.mark_clear("alder")
    assert farm.start().state is S.STARTING


def test_an_end_is_not_believed_while_the_print_runs(farm: Any) -> None:
    job = uncertain(farm)
    farm.printer().report(P.PRINTING, job=None)
    with pytest.raises(Blocked) as refused:
        farm.service.resolve(job.id, "finished", job.rev)
    assert refused.value.error_code == "printer_busy"


def test_a_print_whose_start_nobody_saw_can_be_called_good(farm: Any) -> None:
    """And its start is fenced, should the person have been mistaken."""
    job = uncertain(farm)
    assert farm.service.resolve(job.id, "finished", job.rev).state is S.FINISHED
    (item,) = farm.store.view().cleanup
    assert item.late_start


def test_our_stop_and_an_unseen_end(farm: Any) -> None:
    job = farm.printing()
    farm.service._watch.stop_sent("alder")
    farm.reboot(carry=False)
    farm.clock.advance(600)
    farm.printer().report(P.FAILED, job=None)
    farm.wait(12)
    assert farm.job(job).state is S.CANCELLED


def test_a_power_cut_ends_the_job(farm: Any) -> None:
    job = farm.printing()
    farm.printer().report(P.OFFLINE)
    farm.wait(120)
    assert farm.job(job).state is S.PRINTING, "silence proves nothing"
    farm.printer().report(P.IDLE, job=None)
    farm.wait(12)
    job = farm.job(job)
    assert job.state is S.NEEDS_HUMAN and job.error.code == "end_unseen"
    assert farm.bed()[0] is False
    farm.service.resolve(job.id, "failed", job.rev)
    (item,) = farm.store.view().cleanup
    assert item.due_at > farm.clock.time() + 3600, "the printer may offer to resume"


def test_another_job_in_place_of_ours(farm: Any) -> None:
    job = farm.printing()
    farm.printer().shows_other(P.PRINTING)
    farm.look()
    assert farm.job(job).state is S.PRINTING, "names may lag behind states"
    farm.wait(12)
    job = farm.job(job)
    assert job.state is S.NEEDS_HUMAN and "their_vase" in job.error.text
    assert farm.bed() == (False, "Someone is printing their_vase at the printer")


def test_a_stale_or_unknown_report_proves_nothing(farm: Any) -> None:
    job = farm.printing()
    farm.printer().shows(farm.printer().started[0], P.FINISHED)
    farm.clock.advance(16)
    farm.look()
    assert farm.job(job).state is S.PRINTING
    farm.printer().report(P.UNKNOWN)
    farm.look()
    assert farm.job(job).state is S.PRINTING


# -- a person decides ---------------------------------------------------------------------------


def uncertain(farm: Any) -> Any:
    job = farm.starting()
    farm.wait(182)
    job = farm.job(job)
    assert job.state is S.NEEDS_HUMAN
    return job


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
