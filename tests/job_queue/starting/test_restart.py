"""A crash after each write: the next run decides by evidence and never sends again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotFound, StorageError
from job_queue.job import JobState
from job_queue.store.json_store import JsonJobStore
from job_queue.target import Target
from printers.status import PrinterState as P

FILE_ID = "f" * 32


class Killed(BaseException):
    """Stands for kill -9: not an Exception, so no barrier handles it."""


@pytest.fixture
def crash(farm: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``crash(state)``: the process dies right after the write that makes a job ``state``."""
    import threading

    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)

    def arm(state: JobState) -> None:
        original = JsonJobStore._persist

        def persist(store: JsonJobStore, new: Any) -> None:
            original(store, new)
            if any(job.state is state for job in new.jobs.values()):
                # what is on disk now is what the next run finds
                shutil.copytree(farm.folder / "jobs", farm.folder / "at_crash")
                monkeypatch.setattr(JsonJobStore, "_persist", original)
                raise Killed

        monkeypatch.setattr(JsonJobStore, "_persist", persist)
        with pytest.raises(Killed) if state is JobState.CLAIMED else _nothing():
            farm.service.start_file("alder", FILE_ID)
        farm.join()
        shutil.rmtree(farm.folder / "jobs")
        (farm.folder / "at_crash").rename(farm.folder / "jobs")
        farm.reboot()

    return arm


class _nothing:
    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        return


@pytest.mark.parametrize("state", [JobState.CLAIMED, JobState.UPLOADING, JobState.UPLOADED])
def test_before_the_intent_nothing_was_started(farm: Any, crash: Any, state: JobState) -> None:
    crash(state)
    (job,) = farm.service.jobs()
    assert job.state is JobState.FAILED
    assert job.error.text == "The farm server stopped during the transfer. Nothing was started."
    assert farm.printer().started == []
    farm.printer().report(P.IDLE)
    farm.look()
    assert farm.bed()[0] is True
    farm.wait(2)
    assert farm.printer().files == {}, "the orphan is removed"


def test_after_the_intent_it_is_uncertain(farm: Any, crash: Any) -> None:
    crash(JobState.STARTING)
    (job,) = farm.service.jobs()
    assert job.state is JobState.STARTING and farm.printer().started == []
    assert farm.bed()[0] is False
    farm.printer().report(P.IDLE)
    farm.wait(182)
    job = farm.job(job)
    assert job.state is JobState.NEEDS_HUMAN
    assert farm.printer().started == [], "never sent again"


def test_after_the_start_was_sent_it_is_found_again(farm: Any) -> None:
    job = farm.starting()
    farm.reboot()
    farm.printer().shows(farm.printer().started[0], P.PRINTING)
    farm.look()
    assert farm.job(job).state is JobState.PRINTING
    assert len(farm.printer().started) == 1


def test_a_print_goes_on_over_a_restart(farm: Any) -> None:
    job = farm.printing()
    farm.reboot()
    assert farm.job(job).state is JobState.PRINTING
    assert farm.fleet.snapshot("alder").conditions.job.job_id == job.id
    farm.printer().report(P.PRINTING)
    farm.look()
    assert farm.job(job).state is JobState.PRINTING
    farm.printer().shows(farm.printer().started[0], P.FINISHED)
    farm.look()
    assert farm.job(job).state is JobState.FINISHED


def test_a_print_that_ended_while_the_farm_was_down(farm: Any) -> None:
    job = farm.printing()
    farm.reboot()
    farm.printer().shows(farm.printer().started[0], P.FINISHED)
    farm.look()
    assert farm.job(job).state is JobState.FINISHED
    assert farm.bed() == (False, "Gear.gcode.3mf finished")


def test_another_print_ran_while_the_farm_was_down(farm: Any) -> None:
    job = farm.printing()
    farm.reboot()
    farm.printer().shows_other(P.FINISHED)
    farm.wait(12)
    job = farm.job(job)
    assert job.state is JobState.NEEDS_HUMAN and job.error.code == "other_job"


def test_an_ended_job_is_ended_once(farm: Any) -> None:
    job = farm.printing()
    farm.printer().shows(farm.printer().started[0], P.FINISHED)
    farm.look()
    ended = farm.job(job)
    farm.reboot()
    farm.printer().report(P.FINISHED)
    farm.look()
    assert farm.job(job) == ended
    assert farm.bed() == (False, "Gear.gcode.3mf finished")


def test_a_bed_marked_clear_stays_clear_over_a_restart(farm: Any) -> None:
    farm.printing()
    farm.printer().shows(farm.printer().started[0], P.FINISHED)
    farm.look()
    farm.service.mark_clear("alder")
    farm.reboot()
    farm.printer().report(P.FINISHED)
    farm.look()
    assert farm.bed()[0] is True


def test_the_disk_refuses_the_intent(farm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be sent that is not on disk, and the job still ends."""
    original = JsonJobStore._persist
    full = [True]

    def persist(store: JsonJobStore, new: Any) -> None:
        if full[0] and any(job.state is JobState.STARTING for job in new.jobs.values()):
            raise StorageError("queue.json could not be written (No space left on device).")
        original(store, new)

    monkeypatch.setattr(JsonJobStore, "_persist", persist)
    job = farm.start()
    assert job.state is JobState.FAILED and job.error.code == "storage_error"
    assert farm.printer().started == [] and farm.bed()[0] is True


def test_a_job_whose_end_could_not_be_written_ends_later(
    farm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = JsonJobStore._persist
    full = [True]

    def persist(store: JsonJobStore, new: Any) -> None:
        if full[0] and any(job.state is JobState.UPLOADED for job in new.jobs.values()):
            raise StorageError("queue.json could not be written.")
        if full[0] and any(job.state is JobState.FAILED for job in new.jobs.values()):
            raise StorageError("queue.json could not be written.")
        original(store, new)

    monkeypatch.setattr(JsonJobStore, "_persist", persist)
    job = farm.start()
    assert job.state is JobState.UPLOADING
    full[0] = False
    farm.wait(1)
    assert farm.job(job).state is JobState.FAILED


def test_a_stopping_server_ends_its_transfers(farm: Any) -> None:
    import threading

    begun = threading.Event()
    go_on = threading.Event()

    def hold() -> None:
        begun.set()
        go_on.wait(5)

    farm.printer().during_upload = hold
    job = farm.service.start_file("alder", FILE_ID)
    assert begun.wait(5)
    threading.Timer(0.05, go_on.set).start()
    farm.service.stop()
    ended = farm.job(job)
    assert ended.state is JobState.FAILED
    assert ended.error.text == "The farm server stopped during the transfer. Nothing was started."


def test_the_watcher_thread_does_all_this_by_itself(farm: Any) -> None:
    """One pass with the real thread: evidence arrives over the bus."""
    box = farm.bus.subscribe("job")
    farm.service.start()
    try:
        job = farm.start()
        states = []
        for _ in range(200):
            states += [value.state for value in box.take(0.05).values()]
            if JobState.PRINTING in states:
                break
        assert farm.job(job).state is JobState.PRINTING
    finally:
        farm.service.stop()


def test_the_folder_of_a_crash_holds_no_temporary_files(farm: Any) -> None:
    farm.printing()
    names = sorted(path.name for path in Path(farm.folder / "jobs").iterdir())
    assert names == ["queue.journal", "queue.json", "queue.reserve"]


def without_alder(farm: Any) -> None:
    """The farm is started again, and Alder has left the configuration."""
    farm.join()
    farm.configs = [config for config in farm.configs if config.id != "alder"]
    farm.boot()
    farm.service.recover()
    farm.fleet.start()
    farm.look()


@pytest.mark.parametrize("state", [JobState.STARTING, JobState.PRINTING, JobState.NEEDS_HUMAN])
@pytest.mark.parametrize("outcome", ["finished", "failed", "give_up"])
def test_a_printer_that_left_takes_no_job_along(farm: Any, state: JobState, outcome: str) -> None:
    """Else it would print for ever: nothing reports its end, and nobody could say it."""
    job = farm.printing() if state is JobState.PRINTING else farm.starting()
    if state is JobState.NEEDS_HUMAN:
        farm.wait(182)
    without_alder(farm)
    job = farm.job(job)
    assert job.state is JobState.NEEDS_HUMAN
    assert job.error.code == (
        "start_uncertain" if state is JobState.NEEDS_HUMAN else "printer_gone"
    )
    farm.wait(5)
    ended = farm.service.resolve(job.id, outcome, job.rev)
    assert ended.state is (JobState.FINISHED if outcome == "finished" else JobState.FAILED)
    assert not farm.store.view().open_jobs


def test_a_job_whose_printer_left_can_go_elsewhere(farm: Any) -> None:
    """It is tried again, edited, and only then has to name a printer that is there."""
    waits = farm.add()
    failed = farm.printing()
    without_alder(farm)
    failed = farm.job(failed)
    farm.service.resolve(failed.id, "failed", failed.rev)
    again = farm.service.desk.retry(failed.id)
    assert again.state is JobState.QUEUED
    for job in (farm.job(waits), again):
        [reason] = farm.dispatcher.explain(job)
        assert reason.code == "no_printer" and "alder" in reason.text and "Edit it" in reason.text
        noted = farm.service.desk.edit(job.id, job.rev, {"notes": "urgent"})
        with pytest.raises(NotFound, match="Choose another"):
            farm.service.desk.edit(job.id, noted.rev, {"target": Target("printer_ids", ("alder",))})
        farm.service.desk.edit(job.id, noted.rev, {"target": Target.printer("birch")})
    farm.printer("birch").report(P.IDLE)
    farm.look()
    farm.service.mark_clear("birch")
    assert farm.dispatch_once() == [(waits.id, "birch")]


def test_a_printer_that_is_entered_again_answers_by_itself(farm: Any) -> None:
    job, configs = farm.printing(), farm.configs
    shown = farm.printer().status.job
    without_alder(farm)
    farm.configs = configs
    farm.boot()
    farm.service.recover()
    farm.printer().report(P.PRINTING, job=shown)
    farm.look()
    assert farm.job(job).state is JobState.PRINTING and farm.job(job).error is None
    farm.printer().report(P.FINISHED)
    farm.wait(3)
    assert farm.job(job).state is JobState.FINISHED
