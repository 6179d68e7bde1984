"""What a dispatch pass costs with thousands of jobs and a hundred printers.

``python -m bench.queue [--jobs N] [--printers N]``. The worst cases, in which nothing is sent: all
printers busy, and one printer free that nothing fits. Real gates, records and reports; no network.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import cast

from bench.rows import Row
from bench.store import Timed
from core import memory
from core.clock import SystemClock
from core.config import DispatchConfig, PrinterConfig
from core.events import Bus
from job_queue.dispatcher import Dispatcher
from job_queue.job import Job, JobState
from job_queue.matching.ordering import in_order
from job_queue.records import BedRecord
from job_queue.service import JobService
from job_queue.store.base import JobStore
from job_queue.store.json_store import JsonJobStore
from job_queue.target import Target
from printers.conditions import Conditions
from printers.fleet import Fleet
from printers.registry import Registry
from printers.status import (
    AmsUnit,
    Heater,
    JobProgress,
    Link,
    Machine,
    Nozzle,
    PrinterState,
    PrinterStatus,
    Tray,
)
from slicer.bounds.result import Box, PlateBounds
from slicer.library import FileLibrary, StoredFile
from slicer.printfile import Filament, Plate, PrintFile

AIM_MS = 200.0
FILES = 200
RUNS = 7
MODELS = (("C12", "P1S"), ("BL-P001", "X1C"), ("N2S", "A1"), ("C11", "P1P"))
MOVES = PlateBounds(marked=True, model=Box(80, 80, 0.2, 120, 120, 20), flavours=("Bambu",),
                    ended=True)  # fmt: skip


class Shelf:
    """As many different print files as asked for, without their bytes."""

    def __init__(self, count: int) -> None:
        self._files = {f"{number:032x}": _stored(number) for number in range(count)}

    def protect(self, _guard: Callable[[str], str]) -> None:
        return

    def get(self, file_id: str) -> StoredFile:
        return self._files[file_id]

    def bounds(self, _file_id: str, _plate: int) -> PlateBounds:
        return MOVES


def _stored(number: int) -> StoredFile:
    code, _ = MODELS[number % len(MODELS)]
    filament = Filament(index=1, type=("PLA", "PETG")[number % 2], color="C4633F", grams=12.0)
    plate = Plate(
        index=1, seconds=3600, height_mm=20.0, nozzle_mm=(0.4,), models=(code,),
        model_sources=("slice_info", "project_settings"),
        filaments=(filament,),
    )  # fmt: skip
    return StoredFile(
        id=f"{number:032x}", name=f"part {number}.gcode.3mf", size_bytes=1, sha256=f"{number}",
        md5="", added_at=0.0,
        file=PrintFile(kind="gcode.3mf", filament_count=1, plates=(plate,)),
    )  # fmt: skip


def _status(number: int, *, busy: bool, clock: SystemClock) -> PrinterStatus:
    code, name = MODELS[number % len(MODELS)]
    trays = tuple(
        Tray(slot=f"A{n + 1}", index=n, type="PLA", color="C4633F", remain=80) for n in range(4)
    )
    return PrinterStatus(
        printer_id=f"p-{number}",
        name=f"Printer {number}",
        kind="bambu",
        state=PrinterState.PRINTING if busy else PrinterState.IDLE,
        observed_at=clock.time(),
        observed_mono=clock.monotonic() + 3600,  # it stays fresh for as long as this takes
        link=Link(online=True),
        job=JobProgress(name="gear", file="gear.3mf") if busy else None,
        heaters=(Heater(name="nozzle", current=25, target=0, maximum=300),
                 Heater(name="bed", current=25, target=0, maximum=100)),
        nozzles=(Nozzle(name="nozzle", diameter_mm=0.4),),
        ams=(AmsUnit(id=0, label="A", kind="AMS", trays=trays),),
        storage="ok",
        machine=Machine(code=code, name=name, volume_mm=(256, 256, 256),
                        file_kinds=("gcode.3mf",), capabilities=frozenset({"upload", "ams"})),
    )  # fmt: skip


class Queue:
    """A farm with everything real but the printers and the files."""

    def __init__(self, folder: Path, jobs: int, printers: int) -> None:
        self.clock = SystemClock()
        bus = Bus()
        self.registry = Registry(bus)
        configs = [
            PrinterConfig(id=f"p-{n}", name=f"Printer {n}", type="fake", model=MODELS[n % 4][1],
                          tags=(f"shelf {n % 5}",))
            for n in range(printers)
        ]  # fmt: skip
        self.printers = printers
        self.fleet = Fleet(configs, self.registry, self.clock, folder)
        library = cast(FileLibrary, Shelf(FILES))
        store = JsonJobStore(folder, self.clock)
        fill(store, jobs, printers, self.clock.time())
        self.jobs = JobService(store, self.fleet, self.registry, library, bus, self.clock)
        self.dispatcher = Dispatcher(
            self.jobs, self.fleet, library, self.clock, DispatchConfig(max_uploads=64)
        )
        self.report(free=0)
        memory.settle()  # as the server does once it has read its queue

    def report(self, free: int) -> None:
        for number in range(self.printers):
            self.registry.publish(_status(number, busy=number >= free, clock=self.clock))
        for number in range(self.printers):
            self.registry.set_conditions(f"p-{number}", Conditions(bed_clear=True, bed_since=1.0))


def fill(store: JobStore, jobs: int, printers: int, now: float) -> None:
    """Targets of every kind; nothing is for the first printer with what it has loaded."""
    with store.transaction() as tx:
        for number in range(printers):
            tx.set_bed(f"p-{number}", BedRecord(clear=True, since=now, why="Marked clear"))
        for number in range(jobs):
            tx.add(_job(number, printers, now))


def _job(number: int, printers: int, now: float) -> Job:
    file = _stored(number % FILES if number % FILES % 4 else (number + 1) % FILES)
    model = MODELS[number % 4][1]
    target = (
        Target(), Target("tag", (f"shelf {number % 5}",)), Target("model", (model,)),
        Target.printer(f"p-{1 + number % (printers - 1)}"),
    )[number // 7 % 4]  # fmt: skip
    return Job(
        id=f"j-{number}", state=JobState.QUEUED, from_queue=True, file_id=file.id,
        file_name=file.name, target=target, priority=number % 3, rank=float(number),
        waiting_since=now - number, created_at=now, seconds=1800 + number % 9 * 900,
    )  # fmt: skip


def measured(act: Callable[[], object], runs: int = RUNS) -> Timed:
    """Milliseconds of each run: on a busy machine the processor's own tell more."""
    times = Timed()
    for _ in range(runs):
        times.run(act)
    return times


def shown(name: str, wall: float, processor: float) -> Iterator[Row]:
    yield Row(name, wall, "ms", AIM_MS)
    yield Row("  of it processor time", processor, "ms")


def figures(jobs: int, printers: int) -> Iterator[Row]:
    """Of each case the first pass, which has to ask the gates, and the median of later ones."""
    with tempfile.TemporaryDirectory() as folder:
        queue = Queue(Path(folder), jobs, printers)
        for case, free in (("all busy", 0), ("one free, nothing fits", 1)):
            queue.report(free=free)
            first = measured(queue.dispatcher.once, 1)
            settle(queue.dispatcher)
            later = measured(queue.dispatcher.once)
            name = f"dispatch pass, {case}"
            yield from shown(f"{name}: first", first.wall[0], first.processor[0])
            yield from shown(f"{name}: later", median(later.wall), median(later.processor))
        waiting = in_order(queue.jobs.view().jobs.values(), queue.clock.time())
        times = measured(lambda: queue.dispatcher.explain(waiting[0]))
        yield Row("every reason of one job", median(times.wall), "ms")
        times = measured(queue.dispatcher.advice)
        yield Row("what would free the most work, worst", max(times.wall), "ms")
        yield Row("  of it processor time, median", median(times.processor), "ms")
    yield from status(jobs, printers)


def status(jobs: int, printers: int) -> Iterator[Row]:
    """Every reason of the first jobs, as a page asks for it: when nothing is known, and later."""
    with tempfile.TemporaryDirectory() as folder:
        queue = Queue(Path(folder), jobs, printers)
        times = measured(queue.dispatcher.standing)
    yield Row("reasons of the first 200 jobs: cold", times.wall[0], "ms")
    yield Row("  of it processor time", times.processor[0], "ms")
    yield Row("reasons of the first 200 jobs: later", median(times.wall), "ms")


def settle(dispatcher: Dispatcher) -> None:
    """Until every waiting job has been told why it waits."""
    while dispatcher.once().unfinished:
        continue


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--printers", type=int, default=100)
    wanted = parser.parse_args(argv)
    logging.disable(logging.WARNING)  # the printers of this farm have no adapter
    print(f"{wanted.jobs} jobs of {FILES} files, {wanted.printers} printers")
    for row in figures(wanted.jobs, wanted.printers):
        print(row.text())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
