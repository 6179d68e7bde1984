"""One start end to end: real adapter, real library, simulated printer on loopback."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.events import Bus
from core.secret import Secret
from job_queue.job import Job, JobState
from job_queue.service import JobService
from job_queue.store.json_store import JsonJobStore
from job_queue.timing import Timing
from printers.commands import Stop
from printers.fleet import Fleet
from printers.registry import Registry
from printers.status import PrinterState
from simulator.farm import SimulatedFarm
from simulator.plates import PlateSpec, build_gcode_3mf
from simulator.specs import make_spec
from slicer.library import FileLibrary
from tests.waiting import wait_for

CONFIRM = ("all",)


class Bench:
    """One server run against one simulated P1S."""

    def __init__(self, simulated: SimulatedFarm, folder: Path, timing: Timing) -> None:
        clock = SystemClock()
        end = simulated.endpoints["p1s"]
        config = PrinterConfig(
            simulate=True,
            id="p1s",
            name="Alder",
            type="bambu",
            model="P1S",
            host=end.host,
            serial=end.serial,
            access_code=Secret(end.access_code),
            mqtt_port=end.mqtt_port,
            ftps_port=end.ftps_port,
            camera_port=end.camera_port,
            rtsp_port=end.rtsp_port or 322,
        )
        self.bus = Bus()
        self.registry = Registry(self.bus)
        self.fleet = Fleet([config], self.registry, clock, folder)
        self.library = FileLibrary(folder / "files", clock, 50_000_000)
        store = JsonJobStore(folder, clock)
        self.jobs = JobService(
            store, self.fleet, self.registry, self.library, self.bus, clock, timing
        )
        self.fleet.observe(self.jobs.note_command)
        self.jobs.start()
        self.fleet.start()

    def stop(self) -> None:
        self.jobs.stop()
        self.fleet.stop()

    def is_ready(self) -> bool:
        snapshot = self.fleet.snapshot("p1s")
        return snapshot.status.state is PrinterState.IDLE and snapshot.conditions.bed_clear

    def has(self, job: Job, *states: JobState) -> bool:
        return self.jobs.job(job.id).state in states


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[SimulatedFarm]:
    specs = [make_spec("p1s", "Alder", "P1S", 7)]
    with SimulatedFarm(specs, time_scale=600.0, data_dir=tmp_path / "sim") as farm:
        yield farm


@pytest.fixture
def boot(simulated: SimulatedFarm, tmp_path: Path) -> Iterator[Callable[[], Bench]]:
    runs: list[Bench] = []

    def run() -> Bench:
        bench = Bench(simulated, tmp_path / "data", Timing(cleanup_delay_s=0.2, tick_s=0.2))
        runs.append(bench)
        return bench

    yield run
    for bench in runs:
        bench.stop()


def a_file(bench: Bench, minutes: float = 30) -> str:
    content = build_gcode_3mf([PlateSpec(name="gear", minutes=minutes, layers=20)], model="P1S")
    return bench.library.add(io.BytesIO(content), "Gear wheel.gcode.3mf").id


def test_start_print_finish_and_clear(boot: Callable[[], Bench], simulated: SimulatedFarm) -> None:
    bench = boot()
    wait_for(bench.is_ready)
    job = bench.jobs.start_file("p1s", a_file(bench), confirm=CONFIRM)
    wait_for(lambda: bench.has(job, JobState.PRINTING, JobState.FINISHED, JobState.FAILED))
    wait_for(lambda: bench.has(job, JobState.FINISHED, JobState.FAILED, JobState.CANCELLED))
    done = bench.jobs.job(job.id)
    assert done.state is JobState.FINISHED, done
    assert len(simulated.printer("p1s").requests("project_file")) == 1
    conditions = bench.fleet.snapshot("p1s").conditions
    assert not conditions.bed_clear and conditions.bed_why == "Gear wheel.gcode.3mf finished"
    bench.jobs.mark_clear("p1s")
    assert bench.fleet.snapshot("p1s").conditions.bed_clear
    adapter = bench.fleet.adapter("p1s")
    wait_for(lambda: adapter.remote_size(job.remote_name) is None)


def test_a_restarted_server_finds_its_print_and_stops_it(
    boot: Callable[[], Bench], simulated: SimulatedFarm
) -> None:
    first = boot()
    wait_for(first.is_ready)
    job = first.jobs.start_file("p1s", a_file(first, minutes=600), confirm=CONFIRM)
    wait_for(lambda: first.has(job, JobState.PRINTING))
    first.stop()
    second = boot()
    assert second.has(job, JobState.PRINTING), "as the file says, before anything is heard"
    wait_for(lambda: second.fleet.snapshot("p1s").status.state.has_job)
    assert second.has(job, JobState.PRINTING)
    second.fleet.execute("p1s", Stop())
    wait_for(lambda: second.has(job, JobState.CANCELLED))
    assert not second.fleet.snapshot("p1s").conditions.bed_clear
    assert len(simulated.printer("p1s").requests("project_file")) == 1
