"""The power is cut before every single call, in a life and in the start after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.clock import ManualClock
from job_queue.records import QueueState
from tests.job_queue.store.disks import MemoryDisk, PowerCut
from tests.job_queue.store.store_life import LIFE, WatchedStore, live, small_files

pytestmark = pytest.mark.usefixtures("small_files")
__all__ = ["small_files"]


class Cut:
    """The life up to the ``number``-th call of the disk."""

    def __init__(self, number: int, files: dict[str, bytes] | None = None) -> None:
        self.disk = MemoryDisk(files)
        self.disk.fault = lambda call, count: "cut" if count == number else None
        self.possible: list[QueueState] = []
        self.over = False
        clock = ManualClock()
        try:
            store = WatchedStore(self.disk, clock)
            for step in LIFE:
                try:
                    step(store, clock)
                finally:
                    self.possible = store.possible()
            self.over = True
        except PowerCut:
            pass


def lives() -> Iterator[Cut]:
    for number in range(1, 10_000):
        cut = Cut(number)
        yield cut
        if cut.over:
            return


def test_the_life_is_worth_it() -> None:
    """Otherwise the tests below prove little."""
    disk = MemoryDisk()
    store = WatchedStore(disk, ManualClock())
    live(store, ManualClock())
    assert store.view().rev >= 13 and len(store.view().jobs) == 4
    assert disk.log.count("replace") > 12, "several new queue.json, each with a .bak"
    assert disk.log.count("fsync") > 25


def test_nothing_confirmed_is_ever_lost() -> None:
    found = cuts = 0
    for cut in lives():
        cuts += 1
        for files in cut.disk.outcomes():
            found += 1
            store = WatchedStore(MemoryDisk(files), ManualClock())
            assert store.trouble == "", (cut.disk.log[-12:], sorted(files))
            if cut.possible:
                assert store.view() in cut.possible, (cut.disk.log[-12:], sorted(files))
            else:
                assert store.view().jobs == {} and store.view().rev == 0
    assert cuts > 150 and found > 500


def test_nor_when_the_power_is_cut_again_during_the_start() -> None:
    """The outcomes that a start has to mend are cut at each of its own calls."""
    mended = 0
    for cut in lives():
        for files in cut.disk.outcomes():
            if not cut.possible or starts_without_a_write(files):
                continue
            mended += 1
            for again in interrupted_starts(files):
                store = WatchedStore(MemoryDisk(again), ManualClock())
                assert store.trouble == "" and store.view() in cut.possible
    assert mended > 20


def starts_without_a_write(files: dict[str, bytes]) -> bool:
    disk = MemoryDisk(files)
    WatchedStore(disk, ManualClock())
    return "create" not in disk.log


def interrupted_starts(files: dict[str, bytes]) -> Iterator[dict[str, bytes]]:
    for number in range(1, 1000):
        disk = MemoryDisk(files)
        disk.fault = lambda call, count, number=number: "cut" if count == number else None
        try:
            WatchedStore(disk, ManualClock())
        except PowerCut:
            yield from disk.outcomes()
        else:
            return
    raise AssertionError("the start never came to its end")
