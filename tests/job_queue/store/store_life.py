"""A store with a busy life on a disk in memory, and what must be true of it after any accident."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from core.clock import ManualClock
from core.errors import StorageError
from core.fs import Patience
from job_queue.job import Job, JobState
from job_queue.records import BedRecord, Cleanup, Maintenance, Pause, QueueState
from job_queue.store import json_store
from job_queue.store.base import JobStore
from job_queue.store.json_store import JsonJobStore
from tests.job_queue.store.disks import FOLDER, MemoryDisk

Step = Callable[[JobStore, ManualClock], None]


class WatchedStore(JsonJobStore):
    """Knows what was confirmed, and what was tried since without being confirmed."""

    def __init__(self, disk: MemoryDisk, clock: ManualClock) -> None:
        self.tried: list[QueueState] = []
        super().__init__(FOLDER, clock, disk, Patience(2, lambda seconds: None))

    def _persist(self, state: QueueState) -> None:
        self.tried.append(state)
        super()._persist(state)
        self.tried.clear()

    def possible(self) -> list[QueueState]:
        """What a later start may find."""
        return [self.view(), *self.tried]


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a short life sees several new queue.json."""
    monkeypatch.setattr(json_store, "JOURNAL_BYTES", 300)
    monkeypatch.setattr(json_store, "RESERVE_BYTES", 50)


def add(store: JobStore, clock: ManualClock) -> None:
    with store.transaction() as tx:
        job_id = tx.new_id()
        tx.add(
            Job(id=job_id, state=JobState.QUEUED, file_id="f", file_name=job_id, from_queue=True)
        )


def claim(store: JobStore, clock: ManualClock) -> None:
    with store.transaction() as tx:
        waiting = [job for job in tx.jobs.values() if job.state is JobState.QUEUED]
        if waiting and tx.open_job("p-1") is None:
            token = tx.new_token(frozenset())
            tx.move(waiting[0].id, JobState.CLAIMED, printer_id="p-1", token=token)
            tx.add_cleanup(Cleanup(printer_id="p-1", remote_name=f"x-{token}", due_at=1.0))


_NEXT = {
    JobState.CLAIMED: JobState.UPLOADING, JobState.UPLOADING: JobState.UPLOADED,
    JobState.UPLOADED: JobState.STARTING, JobState.STARTING: JobState.PRINTING,
    JobState.PRINTING: JobState.FINISHED,
}  # fmt: skip


def go_on(store: JobStore, clock: ManualClock) -> None:
    with store.transaction() as tx:
        job = tx.open_job("p-1")
        if job is not None:
            state = _NEXT[job.state]
            tx.move(job.id, state, finished_at=clock.time() if state.has_ended else None)
            tx.set_bed("p-1", BedRecord(clear=False, since=clock.time(), name=job.id))


def mark(store: JobStore, clock: ManualClock) -> None:
    with store.transaction() as tx:
        tx.set_maintenance("p-2", Maintenance(on=not tx.printers, since=clock.time()))
        tx.pause = Pause(on=True, by="eve", at=clock.time())
        tx.cleanup = []


def wait(store: JobStore, clock: ManualClock) -> None:
    clock.advance(60)
    store.tend()


def stop(store: JobStore, clock: ManualClock) -> None:
    store.close()


LIFE: Sequence[Step] = (
    add, add, claim, go_on, go_on, wait, go_on, mark, go_on, add, go_on, claim, wait, go_on, stop,
    go_on, add,
)  # fmt: skip


def live(store: JobStore, clock: ManualClock, steps: Sequence[Step] = LIFE) -> int:
    """How many of the steps were refused; a refused one changes nothing."""
    refused = 0
    for step in steps:
        before = store.view()
        try:
            step(store, clock)
        except StorageError:
            assert store.view() is before
            refused += 1
    return refused
