"""What a report proves: a start, a pause, an end and whose it is."""

from __future__ import annotations

from typing import Any

import pytest

from job_queue.identity import echoes
from printers.commands import Pause, Stop
from printers.status import JobProgress
from printers.status import PrinterState as P
from tests.job_queue.starting.reports import S, shows


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
