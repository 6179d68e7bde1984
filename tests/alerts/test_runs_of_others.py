"""The defect watch names prints as their results do, whoever started them."""

from __future__ import annotations

from alerts.build import run_of
from alerts.ends import closes
from alerts.model import Kind
from job_queue.job import Job, JobState
from job_queue.records import QueueState
from tests.alerts.desk_kit import event


def test_the_queue_knows_ours_first_and_the_watch_those_of_others() -> None:
    job = Job(id="j-7", state=JobState.PRINTING, file_id="f", file_name="a.gcode", attempt=2)
    view = QueueState(jobs={"j-7": job}, open_jobs={"alder": job})
    run = run_of(lambda: view, {"alder": "s1.3", "birch": "s1.4", "cedar": ""}.__getitem__)
    assert [run(name) for name in ("alder", "birch", "cedar")] == ["j-7-2", "s1.4", ""]


def test_the_end_of_anothers_print_closes_its_defect() -> None:
    run = run_of(QueueState, lambda _: "s1.4")("birch")
    assert closes(event(Kind.FAILED, "birch", "s1.4"), event(Kind.DEFECT, "birch", run))
