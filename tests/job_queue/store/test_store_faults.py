"""Every single call of the disk is refused in turn: before it acts, after it, or half-way."""

from __future__ import annotations

import errno
from collections import Counter

import pytest

from core.clock import ManualClock
from core.errors import StorageError
from tests.job_queue.store.disks import Fault, MemoryDisk
from tests.job_queue.store.store_life import LIFE, WatchedStore, add, go_on, live, small_files, wait

pytestmark = pytest.mark.usefixtures("small_files")
__all__ = ["small_files"]

FOREVER = 10_000


def refusing(first: int, count: int, error: int) -> Fault:
    return lambda call, number: error if first <= number < first + count else None


def calls_of_a_life() -> int:
    disk = MemoryDisk()
    live(WatchedStore(disk, ManualClock()), ManualClock())
    return disk.calls


def check_all(disk: MemoryDisk, store: WatchedStore) -> int:
    """Whether the process or the power ends now: what was confirmed is there, and no trouble."""
    found = [disk.now(), *disk.outcomes()]
    for files in found:
        again = WatchedStore(MemoryDisk(files), ManualClock())
        assert again.trouble == ""
        assert again.view() in store.possible(), disk.log[-15:]
    return len(found)


@pytest.mark.parametrize("count", [1, 4, FOREVER], ids=["once", "four times", "for good"])
@pytest.mark.parametrize("side", [1, -1], ids=["before", "after"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EACCES])
def test_the_nth_call_is_refused(error: int, side: int, count: int) -> None:
    """Nothing confirmed is lost, nothing refused changes what is seen, and a store that could
    not be opened opens once the disk is well."""
    seen: Counter[str] = Counter()
    for first in range(1, calls_of_a_life() + 1):
        disk, clock = MemoryDisk(), ManualClock()
        disk.fault = refusing(first, count, side * error)
        try:
            store = WatchedStore(disk, clock)
        except StorageError:
            seen["not opened"] += 1
            disk.fault = lambda call, number: None
            store = WatchedStore(disk, clock)
            assert store.view().rev == 0 and store.trouble == ""
        seen["refused"] += live(store, clock)
        seen["told"] += bool(store.trouble)
        seen["outcomes"] += check_all(disk, store)
        disk.fault = lambda call, number: None
        seen["well again"] += 1
        assert live(store, clock, (add, wait, go_on)) == 0, "the disk is well again"
        check_all(disk, store)
    assert seen["not opened"] > 5 and seen["told"] > 20 and seen["outcomes"] > 150
    if count > 1:
        assert seen["refused"] > 100


@pytest.mark.parametrize("side", [1, -1])
def test_a_start_whose_nth_call_is_refused(side: int) -> None:
    """It says so, or it has everything; and the next start has everything."""
    disk = MemoryDisk()
    store = WatchedStore(disk, ManualClock())
    live(store, ManualClock(), LIFE[:9])
    torn = {**disk.now(), "queue.journal": disk.now()["queue.journal"] + b"0123"}
    for files in (disk.now(), torn):
        refused = 0
        for number in range(1, 60):
            disk = MemoryDisk(files)
            disk.fault = refusing(number, 1, side * errno.EIO)
            try:
                assert WatchedStore(disk, ManualClock()).view() == store.view()
            except StorageError:
                refused += 1
            for left in (disk.now(), *disk.outcomes()):
                again = WatchedStore(MemoryDisk(left), ManualClock())
                assert again.view() == store.view() and not again.trouble
        assert refused >= 5


# -- the full disk ---------------------------------------------------------------------------------


class FullDisk(MemoryDisk):
    """Room for so many bytes in all; an append that finds too little leaves a part behind."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, descriptor: int, content: bytes) -> None:
        used = sum(
            len(inode.data) for inode in {id(i): i for i in self.names_now.values()}.values()
        )
        if used + len(content) > self.room:
            super().write(descriptor, content[: max(self.room - used, 0)])
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(descriptor, content)


def test_a_full_disk_still_takes_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    from job_queue.store import json_store

    monkeypatch.setattr(json_store, "RESERVE_BYTES", 5_000)
    disk, clock = FullDisk(1_000_000), ManualClock()
    store = WatchedStore(disk, clock)
    assert live(store, clock, LIFE[:6]) == 0
    disk.room = sum(map(len, disk.now().values())) + 10
    assert "queue.reserve" in disk.now()
    assert live(store, clock, (go_on, go_on)) == 0, "the reserve makes room"
    assert "queue.reserve" not in disk.now()
    assert "No space left" in store.trouble and "Free space" in store.trouble
    check_all(disk, store)
    for _ in range(100):
        add_or_not = live(store, clock, (add,))
    assert add_or_not == 1, "the reserve is used up: refused, and nothing is lost"
    check_all(disk, store)
    disk.room = 1_000_000
    assert live(store, clock, (add,)) == 0 and store.trouble, "not before the reserve is back"
    clock.advance(60)
    store.tend()
    assert store.trouble == "" and "queue.reserve" in disk.now()
    check_all(disk, store)


def test_a_disk_with_errors_is_trouble_until_a_person_has_read_it() -> None:
    disk, clock = MemoryDisk(), ManualClock()
    store = WatchedStore(disk, clock)
    disk.fault = lambda call, number: errno.EIO if call == "fsync" else None
    assert live(store, clock, (add,)) == 1
    assert "Input/output error" in store.trouble
    disk.fault = lambda call, number: None
    assert live(store, clock, (add, wait, wait)) == 0 and store.trouble
    store.acknowledge()
    assert store.trouble == ""
    check_all(disk, store)


def test_a_refused_queue_json_costs_no_transition() -> None:
    """The journal takes them all the same."""
    disk, clock = MemoryDisk(), ManualClock()
    store = WatchedStore(disk, clock)
    disk.fault = lambda call, number: errno.EACCES if call == "create" else None
    assert live(store, clock) == 0
    assert "queue.json" in store.trouble
    check_all(disk, store)
