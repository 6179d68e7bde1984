"""The running dispatcher against simulated printers of every make, over their real protocols."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import DispatchConfig, PrinterConfig
from core.events import Bus
from core.secret import Secret
from job_queue.dispatcher import Dispatcher
from job_queue.job import Job, JobState
from job_queue.runner import Runner
from job_queue.service import JobService
from job_queue.store.json_store import JsonJobStore
from job_queue.target import Target
from job_queue.timing import Timing
from printers.fleet import Fleet
from printers.registry import Registry
from simulator.farm import SimulatedFarm
from simulator.plain_gcode import build_gcode
from simulator.plates import PlateSpec, build_gcode_3mf
from simulator.specs import make_spec
from slicer.library import FileLibrary
from tests.waiting import wait_for

NAMES = ("alder", "birch")
MAKES = {"bambu": "P1S", "octoprint": "MK3S", "moonraker": "Voron 2.4", "prusalink": "MK4"}
MINUTES = 20.0
"""2 s of real time: a print must be seen between two reports to be believed."""
TIME_SCALE = 600.0


def starts_of(make: str, requests: list[dict[str, Any]]) -> int:
    """How often a printer was told to print, read from what reached it."""
    if make == "bambu":
        bodies = (body for one in requests for body in one.values() if isinstance(body, dict))
        return sum(body.get("command") == "project_file" for body in bodies)
    if make == "moonraker":
        return str(requests).count("'printer.print.start'")
    if make == "octoprint":
        return sum(bool((r.get("body") or {}).get("print")) for r in requests
                   if isinstance(r.get("body"), dict))  # fmt: skip
    paths = [r for r in requests if str(r.get("path", "")).startswith("/api/v1/files/")]
    return sum(r.get("method") == "POST" and r.get("status", 204) < 300 for r in paths)


class Server:
    """One run of the farm's queue, with its threads."""

    def __init__(self, sim: SimulatedFarm, make: str, folder: Path) -> None:
        clock = SystemClock()
        self.bus = Bus()
        self.registry = Registry(self.bus)
        configs = [config_of(sim, make, name) for name in NAMES]
        self.fleet = Fleet(configs, self.registry, clock, folder)
        self.library = FileLibrary(folder / "files", clock, 50_000_000, bus=self.bus)
        self.jobs = JobService(
            JsonJobStore(folder, clock), self.fleet, self.registry, self.library, self.bus, clock,
            Timing(cleanup_delay_s=0.2, tick_s=0.2),
        )  # fmt: skip
        self.dispatcher = Dispatcher(
            self.jobs, self.fleet, self.library, clock, DispatchConfig(interval_s=1)
        )
        self.runner = Runner(self.dispatcher, self.bus, clock)
        self.parts = (self.library, self.jobs, self.fleet, self.runner)
        for part in self.parts:
            part.start()

    def stop(self) -> None:
        self.runner.stop()
        self.jobs.end_transfers()
        for part in (self.fleet, self.jobs, self.library):
            part.stop()

    def states(self, jobs: list[Job]) -> list[JobState]:
        return [self.jobs.job(job.id).state for job in jobs]

    def count(self, jobs: list[Job], state: JobState) -> int:
        return self.states(jobs).count(state)


def config_of(sim: SimulatedFarm, make: str, name: str) -> PrinterConfig:
    end = sim.endpoints[name]
    return PrinterConfig(
        simulate=True, id=name, name=name.capitalize(), type=make, model=MAKES[make],
        host=end.host, serial=end.serial, access_code=Secret(end.access_code),
        mqtt_port=end.mqtt_port, ftps_port=end.ftps_port, camera_port=end.camera_port,
        url=end.url, api_key=Secret(end.api_key), user=end.user, password=Secret(end.password),
    )  # fmt: skip


@pytest.fixture(params=MAKES)
def make(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sim(make: str, tmp_path: Path) -> Iterator[SimulatedFarm]:
    specs = [
        make_spec(name, name.capitalize(), MAKES[make], number, kind=make)
        for number, name in enumerate(NAMES)
    ]
    with SimulatedFarm(specs, time_scale=TIME_SCALE, data_dir=tmp_path / "sim") as farm:
        yield farm


@pytest.fixture
def boot(sim: SimulatedFarm, make: str, tmp_path: Path) -> Iterator[Callable[[], Server]]:
    runs: list[Server] = []

    def run() -> Server:
        if runs:
            runs.pop().stop()
        runs.append(Server(sim, make, tmp_path / "data"))
        return runs[-1]

    yield run
    for server in runs:
        server.stop()


def add_file(server: Server, make: str, minutes: float = MINUTES) -> str:
    if make == "bambu":
        content = build_gcode_3mf([PlateSpec(name="gear", minutes=minutes, layers=20)], model="P1S")
        return server.library.add(io.BytesIO(content), "Gear.gcode.3mf").id
    content = build_gcode("gear", MAKES[make], minutes, 20)
    return server.library.add(io.BytesIO(content), "Gear.gcode").id


def test_three_jobs_on_two_printers(
    boot: Callable[[], Server], sim: SimulatedFarm, make: str
) -> None:
    server = boot()
    file_id = add_file(server, make)
    jobs = [server.jobs.add(file_id, 1, Target(), confirm=("all",)) for _ in range(3)]
    wait_for(lambda: server.count(jobs, JobState.FINISHED) == 2)
    server.dispatcher.once()
    last = next(job for job in jobs if server.jobs.job(job.id).state is JobState.QUEUED)
    codes = {reason.code for reason in server.dispatcher.explain(server.jobs.job(last.id))}
    assert codes == {"bed_not_clear"}
    told = {name: starts_of(make, sim.printer(name).requests()) for name in NAMES}
    assert told == {"alder": 1, "birch": 1}, "one start per approval, two approvals"
    server.jobs.mark_clear("birch")
    wait_for(lambda: server.count(jobs, JobState.FINISHED) == 3)
    told = {name: starts_of(make, sim.printer(name).requests()) for name in NAMES}
    assert told == {"alder": 1, "birch": 2}
    assert server.jobs.job(last.id).made == 1


@pytest.mark.parametrize("make", ["moonraker"], indirect=True)  # no make has a part in this
def test_hold_pause_and_a_time_not_before(boot: Callable[[], Server], make: str) -> None:
    server = boot()
    file_id = add_file(server, make)
    server.jobs.desk.pause(True)
    here = Target.printer("alder")
    held = server.jobs.add(file_id, 1, here, held=True, confirm=("all",))
    soon = server.jobs.add(
        file_id, 1, Target.printer("birch"), not_before=time.time() + 1.5, confirm=("all",)
    )
    wait_for(lambda: server.library.bounds(file_id, 1) is not None)
    wait_for(lambda: all(p.closed is None for p in server.dispatcher.standing().printers))
    assert server.dispatcher.once().sent == ()
    server.jobs.desk.pause(False)
    assert server.dispatcher.once().sent == (), "one is held, the other not due"
    assert server.states([held, soon]) == [JobState.HELD, JobState.QUEUED]
    wait_for(lambda: server.count([soon], JobState.FINISHED) == 1)
    began = server.jobs.job(soon.id).started_at
    assert began is not None and soon.not_before is not None and began >= soon.not_before
    server.jobs.desk.release(held.id)
    wait_for(lambda: server.count([held], JobState.FINISHED) == 1)


def test_a_restart_in_the_middle_repeats_nothing(
    boot: Callable[[], Server], sim: SimulatedFarm, make: str
) -> None:
    first = boot()
    file_id = add_file(first, make, minutes=40)
    jobs = [first.jobs.add(file_id, 1, Target(), confirm=("all",)) for _ in range(3)]
    wait_for(lambda: first.count(jobs, JobState.PRINTING) == 2)
    second = boot()
    assert second.count(jobs, JobState.PRINTING) == 2, "as the records say"
    wait_for(lambda: second.count(jobs, JobState.FINISHED) == 2)
    told = {name: starts_of(make, sim.printer(name).requests()) for name in NAMES}
    assert told == {"alder": 1, "birch": 1}
    for name in NAMES:
        second.jobs.mark_clear(name)
    wait_for(lambda: second.count(jobs, JobState.FINISHED) == 3)
    assert sum(starts_of(make, sim.printer(name).requests()) for name in NAMES) == 3
