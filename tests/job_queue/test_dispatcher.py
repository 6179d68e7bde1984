"""Passes over strict fake printers: who gets what, and what becomes of an attempt that fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from core.errors import Blocked, PrinterOffline, PrinterRejected, PrinterTimeout, UploadFailed
from job_queue.job import JobState
from job_queue.starting.closing import MOST_REFUSALS, MOST_TRIES
from job_queue.target import Target
from printers.status import PrinterState as P

FILE_ID = "f" * 32
ANY = Target()


def reasons(farm: Any, job: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for reason in farm.dispatcher.explain(farm.job(job)):
        found.setdefault(reason.printer_id, []).append(reason.code)
    return found


def test_each_job_is_started_once_and_never_on_an_uncleared_bed(farm: Any) -> None:
    jobs = [farm.add(ANY) for _ in range(3)]
    first = farm.dispatch_once()
    assert sorted(printer for _, printer in first) == ["alder", "birch"]
    assert [job_id for job_id, _ in first] == [jobs[0].id, jobs[1].id], "in the order of arrival"
    assert reasons(farm, jobs[2]) == {"alder": ["printer_busy"], "birch": ["printer_busy"]}
    for printer_id in ("alder", "birch"):
        printer = farm.printer(printer_id)
        printer.shows(printer.started[-1], P.FINISHED)
    farm.wait(3)
    assert farm.dispatch_once() == [], "both beds carry a part"
    assert reasons(farm, jobs[2]) == {"alder": ["bed_not_clear"], "birch": ["bed_not_clear"]}
    farm.service.mark_clear("birch")
    assert farm.dispatch_once() == [(jobs[2].id, "birch")]
    farm.finish("birch")
    assert [farm.job(job).state for job in jobs] == [JobState.FINISHED] * 3
    assert [len(farm.printer(name).started) for name in ("alder", "birch")] == [1, 2]
    assert farm.dispatch_once() == []


def test_copies_run_side_by_side_and_are_counted(farm: Any) -> None:
    job = farm.add(ANY, copies=3)
    assert len(farm.dispatch_once()) == 2
    parent = farm.job(job)
    assert (parent.state, parent.left, parent.made) == (JobState.QUEUED, 1, 0)
    copies = [one for one in farm.service.jobs() if one.series == job.id]
    assert [(one.copies, one.state) for one in copies] == [(1, JobState.PRINTING)] * 2
    farm.finish("alder")
    assert farm.job(job).made == 1
    assert farm.dispatch_once() == [(job.id, "alder")], "the last copy is the job itself"
    farm.finish("birch")
    farm.finish("alder")
    done = farm.job(job)
    assert (done.state, done.made, done.copies) == (JobState.FINISHED, 3, 3)
    assert farm.dispatch_once() == []


def test_the_printer_that_has_waited_longest_is_chosen_whatever_its_name(farm: Any) -> None:
    for longest, other in (("birch", "alder"), ("alder", "birch")):
        for printer_id in (longest, other):
            farm.add(Target.printer(printer_id))
            farm.dispatch_once()
            farm.finish(printer_id)
        job = farm.add(ANY)
        assert farm.dispatch_once() == [(job.id, longest)]
        farm.finish(longest)


def test_not_before(farm: Any) -> None:
    job = farm.add(not_before=farm.clock.time() + 60)
    assert farm.dispatch_once() == [] and reasons(farm, job) == {"": ["not_before"]}
    farm.wait(61)
    assert farm.dispatch_once() == [(job.id, "alder")]


def test_pause_is_durable_and_ends_nothing(farm: Any) -> None:
    running, waiting = farm.add(), farm.add()
    farm.dispatch_once()
    farm.service.desk.pause(True, by="ann")
    farm.finish()
    assert farm.job(running).state is JobState.FINISHED
    assert farm.dispatch_once() == []
    assert farm.service.outlook(waiting.id).text == "The queue is paused by ann."
    farm.reboot()
    farm.printer().report(P.IDLE)
    assert farm.dispatcher.once().why.code == "paused"
    farm.service.desk.pause(False)
    farm.service.mark_clear("alder")
    assert farm.dispatch_once() == [(waiting.id, "alder")]


def test_switched_off_sends_nothing_and_says_so(farm: Any) -> None:
    job = farm.add()
    farm.dispatch = replace(farm.dispatch, enabled=False)
    farm.reboot()
    farm.printer().report(P.IDLE)
    assert farm.dispatch_once() == []
    assert farm.service.outlook(job.id).why[0].code == "disabled"


def test_without_auto_assign_only_jobs_with_a_printer_go(farm: Any) -> None:
    anywhere, here = farm.add(ANY), farm.add()
    farm.dispatcher.config = replace(farm.dispatch, auto_assign=False)
    assert farm.dispatch_once() == [(here.id, "alder")]
    assert reasons(farm, anywhere)[""] == ["auto_assign_off"]


def test_a_broken_store_sends_nothing(farm: Any) -> None:
    farm.add()
    with farm.store.transaction() as tx:
        tx.trouble = "queue.json was damaged."
    assert farm.dispatch_once() == []
    assert farm.dispatcher.once().why.text == "queue.json was damaged."


def test_transfers_are_capped_and_run_side_by_side(farm: Any) -> None:
    import threading

    farm.dispatcher.config = replace(farm.dispatch, max_uploads=1)
    go_on = threading.Event()
    for name in ("alder", "birch"):
        farm.printer(name).during_upload = lambda: go_on.wait(5)
    first, second = farm.add(ANY), farm.add(ANY)
    assert len(farm.dispatcher.once().sent) == 1
    assert farm.dispatcher.once().sent == (), "one at a time was asked for"
    codes = sorted(r.code for r in farm.dispatcher.explain(farm.job(second)))
    assert codes == ["printer_busy", "upload_slots"]
    farm.dispatcher.config = farm.dispatch
    assert len(farm.dispatcher.once().sent) == 1, "while the other is still sending"
    assert {farm.job(job).state for job in (first, second)} <= {
        JobState.CLAIMED, JobState.UPLOADING,
    }  # fmt: skip
    go_on.set()
    farm.join()


# -- attempts that come to nothing -----------------------------------------------------------------


def test_a_failed_transfer_goes_back_into_the_queue_and_elsewhere(farm: Any) -> None:
    farm.printer("alder").upload_error = UploadFailed("The card of Alder is full.")
    job = farm.add(Target("printer_ids", ("alder", "birch")))
    first = farm.dispatch_once()
    second = farm.dispatch_once()
    if first == [(job.id, "birch")]:  # the lot fell on Birch; Alder's turn comes with the next
        farm.finish("birch")
        job = farm.add(Target("printer_ids", ("alder", "birch")))
        first, second = farm.dispatch_once(), farm.dispatch_once()
    assert (first, second) == ([(job.id, "alder")], [(job.id, "birch")])
    (past,) = farm.job(job).attempts
    assert past.printer_id == "alder" and past.error.text.startswith("The card of Alder")
    assert farm.bed("alder")[0], "nothing was started there: the permission stands"
    farm.wait(10)
    assert farm.printer("alder").files == {}, "and nothing is left behind"


def test_a_transfer_that_keeps_failing_is_tried_less_and_less_and_then_held(farm: Any) -> None:
    farm.printer().upload_error = UploadFailed("No card.")
    job = farm.add()
    at = []
    for _ in range(6000):
        if farm.dispatch_once():
            at.append(farm.clock.time())
        if farm.job(job).state is JobState.HELD:
            break
        farm.wait(1)
    held = farm.job(job)
    assert held.state is JobState.HELD and len(at) == MOST_TRIES == len(held.attempts)
    gaps = [round(b - a) for a, b in pairwise(at)]
    assert gaps == [30, 120, 480, 1920]
    farm.dispatcher.once()
    assert "No card." in farm.service.outlook(job.id).text
    farm.printer().upload_error = None
    farm.service.desk.release(job.id)
    farm.wait(1921)
    assert farm.dispatch_once() == [(job.id, "alder")]


def test_a_start_refused_in_so_many_words_returns_the_bed_and_is_tried_once_more(
    farm: Any,
) -> None:
    def refuse(command: object) -> None:
        raise PrinterRejected("Alder does not know this file.")

    farm.printer().on_start = refuse
    job = farm.add()
    farm.dispatch_once()
    back = farm.job(job)
    assert (back.state, back.printer_id, back.tries) == (JobState.QUEUED, "", 1)
    assert farm.bed()[0], "nothing was started"
    assert reasons(farm, job) == {"alder": ["resting"]}
    farm.wait(31)
    farm.dispatch_once()
    assert farm.job(job).state is JobState.HELD and len(farm.job(job).attempts) == MOST_REFUSALS
    assert len({a.token for a in farm.job(job).attempts}) == 2


def test_an_uncertain_start_is_never_repeated_by_itself(farm: Any) -> None:
    def silent(command: object) -> None:
        raise PrinterTimeout("Alder did not answer.")

    farm.printer().on_start = silent
    job = farm.add()
    other = farm.add()
    farm.dispatch_once()
    for _ in range(60):
        assert farm.dispatch_once() == []
        farm.wait(10)
    assert farm.job(job).state is JobState.NEEDS_HUMAN
    assert len(farm.printer().started) == 1
    assert farm.job(other).state is JobState.QUEUED, "and nobody else takes the printer"


def test_after_the_fence_a_person_sends_it_again(farm: Any) -> None:
    farm.printer().on_start = lambda command: None
    job = farm.add()
    farm.dispatch_once()
    farm.wait(200)
    doubtful = farm.job(job)
    assert doubtful.state is JobState.NEEDS_HUMAN
    with pytest.raises(Blocked):
        farm.service.resolve(job.id, "not_started", doubtful.rev)
    farm.wait(310)
    again = farm.service.resolve(job.id, "not_started", farm.job(job).rev)
    assert (again.state, again.attempt) == (JobState.QUEUED, 2)
    assert doubtful.remote_name not in farm.printer().files, "the fence"
    assert farm.dispatch_once() == [], "a person looks at the bed first"
    farm.printer().on_start = farm.printer().begin
    farm.service.mark_clear("alder")
    assert farm.dispatch_once() == [(job.id, "alder")]
    assert farm.job(job).state is JobState.PRINTING


def test_the_second_attempts_quiet_period_is_its_own(farm: Any) -> None:
    """What was waited for in the first attempt proves nothing about the second."""
    farm.printer().on_start = lambda command: None
    job = farm.add()
    farm.dispatch_once()
    farm.wait(200)
    with pytest.raises(Blocked):
        farm.service.resolve(job.id, "not_started", farm.job(job).rev)
    farm.wait(310)
    farm.service.resolve(job.id, "not_started", farm.job(job).rev)
    farm.service.mark_clear("alder")
    farm.dispatch_once()
    assert farm.job(job).state is JobState.STARTING
    farm.wait(100)
    assert farm.job(job).state is JobState.STARTING, "180 s for each"
    farm.wait(90)
    assert farm.job(job).state is JobState.NEEDS_HUMAN
    with pytest.raises(Blocked) as early:
        farm.service.resolve(job.id, "not_started", farm.job(job).rev)
    assert early.value.error_code == "too_early"


def test_a_person_who_cancels_the_transfer_means_it(farm: Any) -> None:
    job = farm.add()
    farm.printer().during_upload = lambda: farm.service.cancel_upload("alder")
    farm.dispatch_once()
    farm.printer().during_upload = lambda: None
    assert farm.job(job).state is JobState.CANCELLED
    assert farm.dispatch_once() == []


@pytest.mark.parametrize("state", [JobState.CLAIMED, JobState.UPLOADING, JobState.UPLOADED])
def test_a_restart_before_the_start_queues_again(farm: Any, state: JobState) -> None:
    """As if the process had died in that state: the records are what is left."""
    job = farm.add()
    with farm.store.transaction() as tx:
        tx.move(job.id, JobState.CLAIMED, printer_id="alder", token=7, remote_name="g-7.gcode.3mf")
        for step in (JobState.UPLOADING, JobState.UPLOADED):
            if state is not JobState.CLAIMED and tx.job(job.id).state is not state:
                tx.move(job.id, step)
    assert farm.job(job).state is state
    farm.reboot()
    back = farm.job(job)
    assert (back.state, back.tries, back.attempt) == (JobState.QUEUED, 0, 2)
    assert back.attempts[0].error.code == "farm_restarted"
    farm.printer().report(P.IDLE)
    assert farm.dispatch_once() == [(job.id, "alder")]
    assert len(farm.printer().started) == 1


@pytest.mark.parametrize("shown", [True, False])
def test_a_restart_after_the_intent_waits_for_evidence(farm: Any, shown: bool) -> None:
    farm.printer().on_start = lambda command: None
    job, next_job = farm.add(), farm.add()
    farm.dispatch_once()
    assert farm.job(job).state is JobState.STARTING
    farm.reboot()
    if shown:
        farm.printer().shows(farm.printer().started[-1], P.PRINTING)
    else:
        farm.printer().report(P.IDLE)
    for _ in range(25):
        assert farm.dispatch_once() == []
        farm.wait(10)
    expected = JobState.PRINTING if shown else JobState.NEEDS_HUMAN
    assert farm.job(job).state is expected
    assert farm.job(next_job).state is JobState.QUEUED
    assert len(farm.printer().started) == 1


def test_somebody_was_faster(farm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is edited between the match and the claim: nothing happens, and nothing is lost."""
    job = farm.add()
    start = farm.service.start_queued

    def edited_first(found: Any, printer_id: str) -> Any:
        farm.service.desk.hold(job.id)
        return start(found, printer_id)

    monkeypatch.setattr(farm.service, "start_queued", edited_first)
    result = farm.dispatcher.once()
    assert result.sent == () and result.refused[0][1].code == "stale"
    assert farm.job(job).state is JobState.HELD and farm.printer().started == []


def test_a_disk_that_takes_no_claim_is_told_and_tried_again(
    farm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.errors import StorageError
    from job_queue.store.json_store import JsonJobStore

    job = farm.add()
    persist = JsonJobStore._persist

    def full(self: Any, state: Any) -> None:
        raise StorageError("queue.json could not be written (disk full).")

    monkeypatch.setattr(JsonJobStore, "_persist", full)
    assert farm.dispatch_once() == []
    assert farm.service.outlook(job.id).text == "queue.json could not be written (disk full)."
    assert [reason.code for reason in farm.dispatcher.explain(job)] == ["storage_error"]
    assert farm.printer().files == {}, "no effect without the intent on disk"
    monkeypatch.setattr(JsonJobStore, "_persist", persist)
    assert farm.dispatch_once() == [(job.id, "alder")]


def test_a_release_forgives_former_refusals(farm: Any) -> None:
    def refuse(command: object) -> None:
        raise PrinterRejected("Alder does not know this file.")

    farm.printer().on_start = refuse
    job = farm.add()
    for _ in range(MOST_REFUSALS):
        farm.dispatch_once()
        farm.wait(121)
    assert farm.job(job).state is JobState.HELD
    farm.service.desk.release(job.id)
    farm.wait(500)
    farm.dispatch_once()
    assert farm.job(job).state is JobState.QUEUED, "it has its tries again"


def test_two_passes_at_once_send_one_job_once(farm: Any) -> None:
    import threading

    for _ in range(5):
        farm.add(ANY)
    results: list[Any] = []
    run: Callable[[], None] = lambda: results.append(farm.dispatcher.once())  # noqa: E731
    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    farm.join()
    assert sum(len(result.sent) for result in results) == 2
    assert [len(farm.printer(name).started) for name in ("alder", "birch")] == [1, 1]


def test_offline_printers_are_no_reason_to_try(farm: Any) -> None:
    farm.printer().report(P.OFFLINE)
    job = farm.add()
    assert farm.dispatch_once() == []
    assert reasons(farm, job) == {"alder": ["printer_offline"]}
    farm.printer().report(P.IDLE)
    farm.look()
    assert farm.dispatch_once() == [(job.id, "alder")]


def test_lost_connection_during_the_transfer(farm: Any) -> None:
    def cut() -> None:
        raise PrinterOffline("Alder is offline.")

    farm.printer().during_upload = cut
    job = farm.add()
    farm.dispatch_once()
    back = farm.job(job)
    assert back.state is JobState.QUEUED and "Alder is offline." in back.error.text
