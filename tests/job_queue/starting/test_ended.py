"""A printer that says how this very job ended is believed at once, whatever it showed before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from job_queue.job import Baseline, Job, JobState
from job_queue.starting import beds
from job_queue.starting.evidence import NOTHING, judge
from printers.status import Fault, JobProgress, PrinterState, PrinterStatus, Severity

S, P = JobState, PrinterState
OURS = "Gear-77.gcode"
OPEN = (S.STARTING, S.PRINTING, S.PAUSED, S.NEEDS_HUMAN)
REST = (P.IDLE, P.FINISHED, P.FAILED, P.FAULT, P.BUSY)


def a_job(state: JobState, baseline: str = "idle") -> Job:
    return Job(
        id="j-1", file_id="f", file_name="Gear.gcode", kind="gcode", printer_id="oak", token=77,
        remote_name=OURS, state=state, baseline=Baseline(state=baseline, file="old.gcode"),
    )  # fmt: skip


def a_status(state: PrinterState, **job: Any) -> PrinterStatus:
    job.setdefault("file", f"farm/{OURS}")
    return PrinterStatus(
        printer_id="oak", name="Oak", kind="octoprint", state=state,
        job=JobProgress(name="", **job),
    )  # fmt: skip


@pytest.mark.parametrize("baseline", ["idle", "finished", "failed"])
@pytest.mark.parametrize("rest", REST)
@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize(
    ("ended", "stopped", "result"),
    [
        ("finished", False, S.FINISHED),
        ("finished", True, S.FINISHED),
        ("cancelled", False, S.CANCELLED),
        ("failed", False, S.FAILED),
        ("failed", True, S.CANCELLED),
    ],
)
def test_the_table(
    ended: str, stopped: bool, result: JobState, state: JobState, rest: PrinterState, baseline: str
) -> None:
    found = judge(a_job(state, baseline), a_status(rest, ended=ended), stopped=stopped)
    assert found.state is result and found.settle_s == 0.0
    assert found.text


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("busy", [P.PREPARING, P.PRINTING, P.PAUSED])
def test_a_job_that_runs_has_not_ended(state: JobState, busy: PrinterState) -> None:
    found = judge(a_job(state), a_status(busy, ended="finished"), stopped=False)
    wanted = S.PAUSED if busy is P.PAUSED else S.PRINTING
    assert found.state is (None if state is wanted else wanted)


@pytest.mark.parametrize("ended", ["finished", "cancelled", "failed"])
def test_another_jobs_end_is_not_ours(ended: str) -> None:
    other = a_status(P.FINISHED, file="farm/Gear-78.gcode", ended=ended)
    assert judge(a_job(S.STARTING, "idle"), other, stopped=False) == NOTHING
    assert judge(a_job(S.NEEDS_HUMAN), other, stopped=False) == NOTHING
    assert judge(a_job(S.PRINTING), other, stopped=False).state is S.NEEDS_HUMAN


def test_without_it_a_lingering_end_proves_nothing() -> None:
    shown = a_status(P.FINISHED)
    assert judge(a_job(S.STARTING, "finished"), shown, stopped=False) == NOTHING
    assert judge(a_job(S.STARTING, "idle"), shown, stopped=False).state is S.FINISHED


def test_a_fault_says_why() -> None:
    fault = Fault(code="klipper", text="Heater extruder not heating.", severity=Severity.FATAL)
    status = replace(a_status(P.FAULT, ended="failed"), faults=(fault,))
    found = judge(a_job(S.PRINTING), status, stopped=False)
    assert (found.state, found.code, found.text) == (S.FAILED, "klipper", fault.text)


def test_a_quick_second_print_ends_finished(farm: Any) -> None:
    """The first print's FINISHED still stands when the second, of seconds, is over."""
    first = farm.printing()
    farm.printer().shows(farm.printer().started[0], P.FINISHED, ended="finished")
    farm.look()
    assert farm.job(first).state is S.FINISHED
    farm.service.mark_clear("alder")
    second = farm.starting()
    assert second.baseline.state == "finished"
    farm.printer().shows(farm.printer().started[1], P.FINISHED, ended="finished")
    farm.look()
    assert farm.job(second).state is S.FINISHED
    assert farm.bed() == (False, "Gear.gcode.3mf finished")


def test_cancelled_at_the_print_server(farm: Any) -> None:
    job = farm.printing()
    farm.printer().shows(farm.printer().started[0], P.PRINTING, percent=12)
    farm.look()
    farm.printer().shows(farm.printer().started[0], P.IDLE, ended="cancelled")
    farm.look()
    assert farm.job(job).state is S.CANCELLED
    assert farm.bed() == (False, "Gear.gcode.3mf was stopped at 12 %")


def test_how_a_foreign_print_ended_is_kept(farm: Any) -> None:
    farm.printer().shows_other(P.PRINTING)
    farm.look()
    ended = JobProgress(name="their_vase", file="their_vase.gcode", ended="cancelled")
    farm.printer().report(P.IDLE, job=ended)
    farm.look()
    assert farm.fleet.snapshot("alder").conditions.last_result == "cancelled"


@pytest.mark.parametrize(
    ("later", "watched", "clear"),
    [
        ({"task_id": "print:7"}, True, True),  # OctoPrint dates a print seconds after its end
        ({"task_id": "print:7"}, False, False),  # may be another print of the same file
        ({"task_id": "print:7", "file": "farm/other.gcode"}, True, False),
    ],
)
def test_a_bed_marked_clear_before_all_ids_were_told(
    later: dict[str, Any], watched: bool, clear: bool
) -> None:
    bed = beds.approved(1.0, a_status(P.FAILED, ended="cancelled"))
    told = a_status(P.FAILED, ended="cancelled", **later)
    bed = beds.after_report(bed, told, None, 5.0, distrust=True, watched=watched)
    assert bed is not None and bed.clear is clear
    next_print = a_status(P.IDLE, ended="finished", **(later | {"task_id": "print:8"}))
    bed = beds.after_report(bed, next_print, None, 9.0, distrust=True, watched=True)
    assert bed is not None and not bed.clear
