"""Every store keeps the same promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import ManualClock
from job_queue.records import QueueState
from job_queue.store import json_store
from job_queue.store.base import JobStore
from job_queue.store.codec import decode, encode
from job_queue.store.json_store import JsonJobStore
from tests.job_queue.store.disks import MemoryDisk
from tests.job_queue.store.store_conformance import JobStoreConformance


class TestJsonJobStore(JobStoreConformance):
    def open(self, place: Path) -> JobStore:
        return JsonJobStore(place, ManualClock())


class TestJsonJobStoreThatOftenBeginsAnew(JobStoreConformance):
    """A new queue.json after nearly every change, on a disk in memory."""

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(json_store, "JOURNAL_BYTES", 1)
        self.disk = MemoryDisk()

    def open(self, place: Path) -> JobStore:
        return JsonJobStore(place, ManualClock(), self.disk)


class MemoryJobStore(JobStore):
    """For comparison: no more than the base and one dict."""

    def __init__(self, kept: dict[Path, bytes], place: Path) -> None:
        self._kept, self._place = kept, place
        super().__init__(decode(kept[place]) if place in kept else QueueState())
        self._persist(self._state)

    def _persist(self, state: QueueState) -> None:
        self._kept[self._place] = encode(state, 0.0)


class TestMemoryJobStore(JobStoreConformance):
    @pytest.fixture(autouse=True)
    def kept(self) -> None:
        self.files: dict[Path, bytes] = {}

    def open(self, place: Path) -> JobStore:
        return MemoryJobStore(self.files, place)
