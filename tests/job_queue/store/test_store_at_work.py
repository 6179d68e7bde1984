"""The store inside the running queue: queue.json follows by and by, a sick disk stops starts."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from core.errors import Blocked, StorageError
from core.fs import FileSystem
from job_queue.job import JobState
from job_queue.store.codec import decode


class SickDisk(FileSystem):
    """The machine's, until ``error`` is set."""

    error = 0

    def fsync(self, descriptor: int) -> None:
        if self.error:
            raise OSError(self.error, "Input/output error")
        super().fsync(descriptor)


@pytest.fixture
def disk(farm: Any, monkeypatch: pytest.MonkeyPatch) -> SickDisk:
    sick = SickDisk()
    monkeypatch.setattr(farm.store, "_fs", sick)
    return sick


def on_disk(farm: Any) -> Any:
    return decode((farm.folder / "jobs" / "queue.json").read_bytes())


def test_queue_json_follows_by_and_by(farm: Any) -> None:
    farm.add()
    assert on_disk(farm).rev < farm.store.view().rev, "the journal has it"
    farm.clock.advance(60)
    farm.service.tick()
    assert on_disk(farm) == farm.store.view()
    rev = on_disk(farm).rev
    farm.clock.advance(3600)
    farm.service.tick()
    assert on_disk(farm).rev == rev == farm.store.view().rev, "nothing new, nothing written"


def test_a_sick_disk_stops_new_starts_and_no_print(farm: Any, disk: SickDisk) -> None:
    job = farm.printing()
    disk.error = errno.EIO
    with pytest.raises(StorageError):
        farm.add()
    assert "Input/output error" in farm.service.trouble
    disk.error = 0
    waiting = farm.add()
    assert farm.dispatch_once() == []
    assert farm.dispatcher.once().why.code == "store_trouble"
    with pytest.raises(Blocked) as refused:
        farm.service.start_file("alder", job.file_id)
    assert refused.value.error_code == "store_trouble"
    assert farm.job(job).state is JobState.PRINTING
    farm.service.acknowledge()
    assert farm.service.trouble == "" and farm.job(waiting).state is JobState.QUEUED
    assert farm.dispatcher.once().why is None
