"""What one durable transition of the queue costs, next to its floor.

``python -m bench.store [--jobs N] [--folder DIR]``. One job of the queue changes its state, as many
times, in a queue of N jobs; the floor appends the same bytes to a file and syncs it. Also what a
new queue.json and a start take. DIR says which disk.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.rows import Row, percentile
from core.clock import SystemClock
from job_queue.job import Evidence, Job, JobState
from job_queue.records import BedRecord
from job_queue.store.json_store import JsonJobStore
from job_queue.store.restore import JOURNAL, QUEUE
from job_queue.target import Target

AIM_MS = 2.0
ROUNDS = 60
_STATES = (
    JobState.CLAIMED, JobState.UPLOADING, JobState.UPLOADED, JobState.STARTING, JobState.PRINTING,
    JobState.FINISHED,
)  # fmt: skip


def _job(number: int, now: float) -> Job:
    return Job(
        id=f"j-{number}", state=JobState.QUEUED, from_queue=True, file_id=f"{number % 200:032x}",
        file_name=f"part {number % 200}.gcode.3mf", sha256="0" * 64, md5="0" * 32,
        size_bytes=1_000_000, target=Target("tag", ("shelf 3",)), rank=float(number),
        waiting_since=now, created_at=now, created_by="eve", options={"timelapse": True},
        evidence=(Evidence(at=now, text="The printer reported state idle and no job of ours"),),
    )  # fmt: skip


def filled(folder: Path, jobs: int) -> JsonJobStore:
    clock = SystemClock()
    store = JsonJobStore(folder, clock)
    with store.transaction() as tx:
        for number in range(jobs):
            tx.add(_job(number, clock.time()))
    store.close()
    return store


def transition(store: JsonJobStore, number: int, state: JobState) -> None:
    """Jobs go from the claim to the end, and the bed goes with the start."""
    with store.transaction() as tx:
        if state is JobState.CLAIMED:
            token = tx.new_token(frozenset())
            tx.move(f"j-{number}", state, printer_id=f"p-{number}", token=token)
            return
        tx.move(f"j-{number}", state)
        if state is JobState.STARTING:
            tx.set_bed(f"p-{number}", BedRecord(why="A start was sent"))


def plain(path: Path, line: bytes) -> None:
    """The floor: the same bytes, appended and synced."""
    with path.open("ab", buffering=0) as file:
        file.write(line)
        os.fsync(file.fileno())


@dataclass
class Timed:
    """Milliseconds of each run, by the clock and of the processor."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def run(self, act: Callable[[], object]) -> None:
        wall, processor = time.perf_counter(), time.thread_time()
        act()
        self.processor.append((time.thread_time() - processor) * 1000)
        self.wall.append((time.perf_counter() - wall) * 1000)


def both(store: JsonJobStore, folder: Path, rounds: int) -> tuple[Timed, Timed, int]:
    """Transitions and the floor in turns, so that the disk is as busy for both; bytes of a line."""
    ours, floor = Timed(), Timed()
    journal, bare = folder / JOURNAL, folder / "floor"
    size = before = journal.stat().st_size
    line = 0
    for number in range(rounds):
        for state in _STATES:
            ours.run(partial(transition, store, number, state))
            size, before = journal.stat().st_size, size
            line = size - before if size > before else line  # else it has just begun anew
            floor.run(partial(plain, bare, b"x" * line))
    return ours, floor, line


def took(act: Callable[[], object], runs: int = 5) -> float:
    """The median in milliseconds."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def figures(folder: Path, jobs: int) -> Iterator[Row]:
    store = filled(folder, jobs)
    ours, floor, line = both(store, folder, ROUNDS)
    yield Row("durable transition, p50", percentile(ours.wall, 50), "ms", AIM_MS)
    yield Row("durable transition, p99", percentile(ours.wall, 99), "ms")
    ends = ours.wall[len(_STATES) - 1 :: len(_STATES)]
    yield Row("  ends of prints alone, p50", percentile(ends, 50), "ms", AIM_MS)
    yield Row("  of it processor time, p50", percentile(ours.processor, 50), "ms")
    yield Row(f"  floor: append and fsync {line} bytes, p50", percentile(floor.wall, 50), "ms")
    yield Row("  floor: p99", percentile(floor.wall, 99), "ms")
    yield Row("start, with what the journal holds", took(lambda: _start(store, folder)), "ms")
    yield Row("queue.json written anew", _rewrite(store), "ms")
    yield Row("queue.json", (folder / QUEUE).stat().st_size / 1e6, "MB")


def _start(store: JsonJobStore, folder: Path) -> None:
    again = JsonJobStore(folder, SystemClock())
    if again.view() != store.view() or again.trouble:
        raise RuntimeError("the store did not come back as it was")


def _rewrite(store: JsonJobStore) -> float:
    with store.transaction() as tx:
        tx.touch("j-0", notes="x")
    return took(store.close, runs=1)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.store", description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="*", default=[100, 1_000, 10_000])
    parser.add_argument("--folder", type=Path, help="on the disk to measure (default: here)")
    wanted = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(dir=wanted.folder or Path.cwd(), prefix=".bench-") as folder:
        for jobs in wanted.jobs:
            print(f"\n{jobs} jobs in the queue", flush=True)
            for row in figures(Path(folder) / str(jobs), jobs):
                print(row.text(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
