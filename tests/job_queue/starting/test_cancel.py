"""Cancelling a transfer ends that one, and is not told a story when there is none."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from core.errors import Blocked, StorageError, UploadFailed
from job_queue.job import JobState
from job_queue.target import Target


def test_a_job_removed_at_the_wrong_moment_does_not_end_anothers_transfer(
    farm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own transfer fails just then, and the next job has the printer already."""
    first = farm.add()
    seen: list[Any] = []
    farm.printer().during_upload = lambda: seen.append(farm.service.job(first.id))
    farm.printer().upload_error = UploadFailed("The stick is full.")
    farm.dispatch_once()
    assert seen[-1].state is JobState.UPLOADING
    farm.printer().upload_error = None
    farm.service.desk.hold(first.id)
    farm.service.set_maintenance("birch", True)
    farm.wait(60)
    second, going, go_on = farm.add(), threading.Event(), threading.Event()

    def wait() -> None:
        going.set()
        go_on.wait(30)

    farm.printer().during_upload = wait
    assert farm.dispatcher.once().sent
    assert going.wait(30)
    monkeypatch.setattr(farm.service, "job", _first_seen(farm.service.job, seen[-1]))
    with pytest.raises(Blocked) as refused:
        farm.service.remove(first.id)
    go_on.set()
    farm.join()
    assert refused.value.error_code == "stale"
    assert farm.job(second).state in (JobState.STARTING, JobState.PRINTING)


def test_a_transfer_that_fails_while_it_is_cancelled_is_cancelled(farm: Any) -> None:
    """Who pressed the button was told yes; the job must not come back by itself."""
    birch = farm.printer()

    def both() -> None:
        farm.service.cancel_upload("alder")
        raise UploadFailed("The stick is full.")

    birch.during_upload = both
    job = farm.add()
    farm.dispatch_once()
    assert farm.job(job).state is JobState.CANCELLED


def _first_seen(read: Any, asked: Any) -> Any:
    """``asked`` the first time: what was true when the question was put."""
    seen = [asked]
    return lambda job_id: seen.pop() if seen and job_id == asked.id else read(job_id)


def test_a_transfer_whose_end_the_disk_refuses_is_not_called_a_print(
    farm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise StorageError("The disk refuses.")

    patch = pytest.MonkeyPatch()
    farm.printer().during_upload = lambda: patch.setattr(farm.store, "_persist", refuse)
    job = farm.add(Target.printer("alder"))
    farm.dispatcher.once()
    farm.join()
    assert farm.job(job).state is JobState.UPLOADING and not farm.printer().started
    with pytest.raises(Blocked, match="nothing was started") as refused:
        farm.service.cancel_upload("alder")
    assert refused.value.error_code == "no_upload"
    patch.undo()
    farm.wait(2)
    assert farm.job(job).state is JobState.QUEUED
