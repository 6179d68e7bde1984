"""The examination itself: a careless farm must be found out, and every broken promise be named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.audit import Archive, violations
from bench.people import Approval, Diary
from job_queue.job import Attempt, Job, JobState
from tests.crash.cases import Bench, Case

DONE = Job(
    id="j-1", state=JobState.FINISHED, file_id="f", file_name="gear.gcode", printer_id="oak",
    token=7, started_at=1.0,
)  # fmt: skip


def machine(*prints: dict[str, Any]) -> dict[str, Any]:
    return {"oak": {"bed": "", "busy": False, "prints": list(prints)}}


def real(token: int = 7, **other: Any) -> dict[str, Any]:
    seen = {"file": f"gear-{token}.gcode", "on": "", "began": 1.0, "ended": 2.0, "how": "finished"}
    return {**seen, **other}


def kinds(truth: dict[str, Any], *jobs: Job, copies: int = 1, approvals: int = 1) -> set[str]:
    archive, diary = Archive(), Diary()
    archive.jobs = {job.id: job for job in jobs}
    archive.wanted = {"j-1": copies}
    diary.approvals = [Approval("oak", 0.0, None)] * approvals
    return {text.split(":")[0] for text in violations(archive, truth, diary)}


def test_an_honest_farm_is_left_in_peace() -> None:
    assert kinds(machine(real()), DONE) == set()
    foreign = {**real(), "file": "planter.gcode", "on": "gear"}
    assert kinds(machine(real(), foreign), DONE) == set(), "people may print what they like"


def test_every_broken_promise_has_its_name() -> None:
    again = Attempt(number=1, printer_id="oak", token=6, remote_name="", outcome="not_started")
    tried = replace(DONE, attempts=(again,))
    assert kinds(machine(real(), real()), DONE, approvals=2) == {"double start"}
    both = kinds(machine(real(6), real()), tried, approvals=2)
    assert both == {"double start", "false 'not started'"}
    assert kinds(machine(real(on="gear-6")), DONE) == {"uncleared bed"}
    assert kinds(machine(real()), DONE, approvals=0) == {"unapproved start"}
    assert kinds(machine(real(how="failed")), DONE) == {"false done"}
    assert kinds(machine(), DONE) == {"false done"}
    assert kinds(machine()) == {"lost job"}
    assert kinds(machine(real()), DONE, copies=2) == {"lost copies"}
    assert kinds(machine(real(), real(9)), DONE, approvals=2) == {"print without a job"}
    never = replace(DONE, state=JobState.FAILED, started_at=None)
    assert kinds(machine(real()), never) == {"false 'not started'"}
    assert kinds(machine(), replace(DONE, state=JobState.NEEDS_HUMAN)) == {"doubt without evidence"}


@pytest.mark.slow
def test_a_careless_farm_is_found_out(tmp_path: Path) -> None:
    """The same death as of the others, and a server that queues again what may have been sent."""
    bench = Bench(tmp_path, "moonraker", "Voron 2.4", 2)
    try:
        bench.stock()
        case = Case("moonraker", "Voron 2.4", "after publish", "delivered")
        assert bench.run(0, case).violations == []
        verdict = bench.run(1, case, CARELESS="yes")
    finally:
        bench.close()
    assert verdict.died
    assert {"double start", "false 'not started'"} <= {
        text.split(":")[0] for text in verdict.violations
    }
