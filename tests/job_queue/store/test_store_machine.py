"""Any order of changes, refusals, kills, power cuts and starts: nothing confirmed is lost."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.clock import ManualClock
from core.errors import StorageError
from job_queue.records import QueueState
from job_queue.store import json_store
from tests.job_queue.store.disks import MemoryDisk
from tests.job_queue.store.store_life import WatchedStore, add, claim, go_on, mark, stop, wait

STEPS = (add, claim, go_on, mark, stop, wait)
seen = {"refused": 0, "starts": 0, "refused starts": 0, "cut short": 0, "told": 0}


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.disk = MemoryDisk()
        self.store = WatchedStore(self.disk, self.clock)
        self.rev = 0

    @rule(step=st.sampled_from(STEPS), times=st.integers(1, 3))
    def act(self, step: object, times: int) -> None:
        for _ in range(times):
            before = self.store.view()
            try:
                step(self.store, self.clock)  # type: ignore[operator]
            except StorageError:
                seen["refused"] += 1
                assert self.store.view() is before and self.store.trouble

    @rule(
        after=st.integers(0, 12), count=st.integers(1, 4), side=st.sampled_from([1, -1]),
        error=st.sampled_from([errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS]),
    )  # fmt: skip
    def refuse(self, after: int, count: int, side: int, error: int) -> None:
        first = self.disk.calls + 1 + after
        self.disk.fault = lambda call, number: (
            side * error if first <= number < first + count else None
        )

    @rule()
    def acknowledge(self) -> None:
        try:
            self.store.acknowledge()
        except StorageError:
            seen["refused"] += 1

    @rule(data=st.data())
    def power_cut(self, data: st.DataObject) -> None:
        outcomes = list(self.disk.outcomes())
        seen["cut short"] += len(outcomes) > 1
        self.start(data.draw(st.sampled_from(outcomes)))

    @rule()
    def kill(self) -> None:
        self.start(self.disk.now())

    def start(self, files: dict[str, bytes]) -> None:
        """The refusals that were to come may meet the start."""
        possible, seen["starts"] = self.store.possible(), seen["starts"] + 1
        fault, ahead = self.disk.fault, self.disk.calls
        self.disk = MemoryDisk(files)
        self.disk.fault = lambda call, number: fault(call, number + ahead)
        for _ in range(40):
            try:
                self.store = WatchedStore(self.disk, self.clock)
                break
            except StorageError:
                seen["refused starts"] += 1
        assert self.store.view() in possible

    @invariant()
    def no_revision_goes_back(self) -> None:
        assert self.store.view().rev >= self.rev
        self.rev = self.store.view().rev

    @invariant()
    def what_is_told_is_about_the_disk(self) -> None:
        assert self.state.trouble == "", "nothing was damaged"
        seen["told"] += bool(self.store.trouble)

    @property
    def state(self) -> QueueState:
        return self.store.view()


@pytest.fixture(scope="module", autouse=True)
def small_files() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_store, "JOURNAL_BYTES", 300)
        patch.setattr(json_store, "RESERVE_BYTES", 50)
        yield


TestStore = StoreMachine.TestCase
TestStore.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def test_the_machine_met_what_it_is_for() -> None:
    """Runs after it, in this file's order."""
    assert seen["refused"] > 50 and seen["starts"] > 200 and seen["told"] > 50
    assert seen["cut short"] > 5 and seen["refused starts"] > 5, seen
