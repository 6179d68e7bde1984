"""Damaged, missing and mixed-up files: all is there, or a person is told; never silently less."""

from __future__ import annotations

import itertools

import pytest

from core.clock import ManualClock
from core.errors import StorageError
from job_queue.job import JobState
from job_queue.records import QueueState
from job_queue.store import json_store
from tests.job_queue.store.disks import MemoryDisk
from tests.job_queue.store.store_life import (
    LIFE,
    WatchedStore,
    add,
    claim,
    go_on,
    live,
    small_files,
    wait,
)

pytestmark = pytest.mark.usefixtures("small_files")
__all__ = ["small_files"]

FILES = ("queue.json", "queue.json.bak", "queue.journal", "queue.journal.bak")


def lived(steps: int = 14) -> tuple[dict[str, bytes], QueueState]:
    """The files of a life in which all four matter."""
    disk, clock = MemoryDisk(), ManualClock()
    store = WatchedStore(disk, clock)
    live(store, clock, LIFE[:steps])
    assert set(FILES) < set(disk.now())
    return disk.now(), store.view()


def started(files: dict[str, bytes]) -> tuple[WatchedStore, MemoryDisk]:
    disk = MemoryDisk(files)
    return WatchedStore(disk, ManualClock()), disk


def check(files: dict[str, bytes], state: QueueState, original: dict[str, bytes]) -> str:
    """What the start made of it."""
    store, disk = started(files)
    after = disk.now()
    again, _ = started(after)
    assert again.view() == store.view() and again.trouble == store.trouble, "it stays told"
    if not store.trouble:
        assert store.view() == state
        return "unharmed"
    assert store.view().rev > state.rev or not any(
        name.startswith("queue.journal") for name in files
    )
    for name, raw in files.items():
        if raw != original[name] and name in FILES and raw not in after.values():
            assert name in ("queue.json.bak", "queue.journal.bak"), f"{name} must be kept"
    if {j: job for j, job in store.view().jobs.items()} == dict(state.jobs):
        return "whole, told"
    assert not any(
        job.state is JobState.QUEUED or job.state.is_before_start
        for job in store.view().jobs.values()
    ), "what may have been started meanwhile waits for a person"
    return "in part, told"


def ways(raw: bytes) -> dict[str, bytes | None]:
    half = len(raw) // 2
    return {
        "missing": None, "empty": b"", "cut": raw[:half], "zeros": bytes(len(raw)),
        "flipped": raw[:half] + bytes([raw[half] ^ 1]) + raw[half + 1 :],
    }  # fmt: skip


def test_any_one_or_two_files_damaged_in_any_way() -> None:
    original, state = lived()
    found: dict[str, set[str]] = {}
    for names in (*itertools.combinations(FILES, 1), *itertools.combinations(FILES, 2)):
        for how in itertools.product(ways(b"01"), repeat=len(names)):
            files = dict(original)
            for name, way in zip(names, how, strict=True):
                raw = ways(original[name])[way]
                files.pop(name)
                if raw is not None:
                    files[name] = raw
            if ("queue.journal", "cut") in zip(names, how, strict=True):
                continue  # looks like a line that was never whole: below
            found.setdefault("+".join(names), set()).add(check(files, state, original))
    assert found["queue.json"] == {"whole, told"}
    assert found["queue.json.bak"] == found["queue.journal.bak"] == {"unharmed"}
    assert found["queue.json+queue.json.bak"] == {"in part, told"}


def test_every_byte_of_the_journal_counts() -> None:
    original, _ = lived()
    raw = original["queue.journal"]
    for at in range(len(raw)):  # and each of its bits: test_journal.py
        flipped = raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :]
        store, _ = started({**original, "queue.journal": flipped})
        assert store.trouble, at


def test_every_byte_of_queue_json_counts() -> None:
    original, state = lived()
    raw = original["queue.json"]
    for at in range(0, len(raw), 3):
        flipped = raw[:at] + bytes([raw[at] ^ 4]) + raw[at + 1 :]
        try:
            store, _ = started({**original, "queue.json": flipped})
        except StorageError as error:
            assert "later version" in error.message, "the schema's own digit"
            continue
        assert store.trouble and store.view().jobs == state.jobs


def test_a_line_that_was_cut_short_is_dropped_and_told_but_no_trouble() -> None:
    original, state = lived()
    raw = original["queue.journal"]
    last = raw.rindex(b"\n", 0, -1) + 1
    for cut in range(last + 1, len(raw)):
        store, disk = started({**original, "queue.journal": raw[:cut]})
        assert store.trouble == "" and store.view().rev == state.rev - 1
        assert any("never confirmed" in note for note in store.notes)
        assert started(disk.now())[0].notes == (), "told once"


def test_a_journal_of_another_day_is_told() -> None:
    """A queue.json or a journal put back by hand from a copy."""
    early, _ = lived(12)
    late, state = lived(len(LIFE))
    for name in ("queue.json", "queue.journal"):
        files = {**late, name: early[name]}
        assert check(files, state, late) in ("in part, told", "whole, told")


def test_queue_json_alone_is_no_farm_that_was_stopped() -> None:
    original, _ = lived()
    store, disk = started({"queue.json": original["queue.json"]})
    assert "queue.journal is missing" in store.trouble
    assert "queue.journal" in disk.now()


def test_from_the_first_journal_everything_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_store, "JOURNAL_BYTES", 10_000)
    disk, clock = MemoryDisk(), ManualClock()
    store = WatchedStore(disk, clock)
    live(store, clock, (add,))
    files = {"queue.journal": disk.now()["queue.journal"]}
    again, _ = started(files)
    assert again.view().jobs == store.view().jobs and "queue.json" in again.trouble


def test_nothing_left_begins_empty_and_says_so() -> None:
    store, disk = started({name: b"?" for name in FILES})
    assert store.view().jobs == {} and "begins without jobs" in store.trouble
    assert sum(".corrupt-" in name for name in disk.now()) == 4
    live(store, ManualClock(), (add, claim, go_on, wait))
    again, _ = started(disk.now())
    assert again.view() == store.view()
    assert started({})[0].trouble == "", "a new folder is no damage"
