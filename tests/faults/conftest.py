"""A whole farm around simulated printers, seen as an operator sees it.

Each test names the knobs and actions it is about with ``@pytest.mark.fault("name", …)``; the mark
counts only when the test really used them, and test_catalogue.py finds what has no test.
"""

from __future__ import annotations

import io
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cameras.ffmpeg_program import FfmpegFinder
from cameras.hub import CameraHub
from cameras.sources import bambu_jpeg
from cameras.sources.readers import Reader
from cameras.sources.video.rtsp import RtspReader
from cameras.worker import Timing as CameraTiming
from core.clock import SystemClock
from core.config import PrinterConfig
from core.errors import FarmError
from core.events import Bus
from core.secret import Secret
from job_queue.job import Job
from job_queue.service import JobService
from job_queue.starting import evidence
from job_queue.store.json_store import JsonJobStore
from job_queue.timing import Timing as JobTiming
from printers import safety
from printers.adapters import ADAPTERS
from printers.bambu.adapter import BambuPrinter
from printers.bambu.watchdog import Timing
from printers.base import AdapterContext
from printers.commands import Command
from printers.fleet import Fleet
from printers.registry import Registry
from printers.status import PrinterStatus
from simulator.farm import PrinterHandle, SimulatedFarm
from simulator.octoprint import application as octoprint_application
from simulator.plates import PlateSpec, build_gcode_3mf
from simulator.specs import make_spec
from slicer.library import FileLibrary
from tests.waiting import wait_for
from web.panel import PanelView

WAIT_S = 60.0
SHORT = Timing(
    tick=0.05,
    publish=0.2,
    connack=1.0,
    probe=0.5,
    first_again=0.4,
    first_report=1.2,
    active=(1.2, 2.0, 3.0),
    idle=(1.2, 2.0, 3.0),
    offline=1.5,
    dead=2.5,
    pushall_gap=0.8,
    hold=3.0,
    retry=(0.05, 0.2),
    steady=1.0,
    auth_retry=0.3,
    proof=0.4,
)
JOBS = JobTiming(
    evidence_s=3.0, quiet_s=0.5, stopping_s=6.0, cleanup_delay_s=0.1, batch_s=0.02, tick_s=0.1
)
CAMERA = CameraTiming(idle_s=5.0, stale_s=1.0, first_retry_s=0.1, last_retry_s=0.3, settled_s=0.5)
NAMES = (
    "Alder", "Aspen", "Beech", "Birch", "Cedar", "Elder",
    "Hazel", "Holly", "Larch", "Linden", "Maple", "Myrtle",
    "Oak", "Olive", "Pine", "Poplar", "Rowan", "Spruce",
    "Sycamore", "Tamarack", "Willow", "Yew", "Acacia", "Almond",
    "Apple", "Bamboo", "Cherry", "Cypress", "Ebony", "Fig",
    "Ginkgo", "Hornbeam", "Juniper", "Laurel", "Lemon", "Mango",
    "Medlar", "Plane", "Plum", "Quince",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(*names): knobs and actions this test is about")
    config.addinivalue_line("markers", "http_fault(*names, kinds): the same of print servers")


class RememberingRegistry(Registry):
    """Keeps every state and sentence that was ever shown: some last for milliseconds only."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self.history: dict[str, list[PrinterStatus]] = defaultdict(list)

    def publish(self, status: PrinterStatus) -> None:
        self.history[status.printer_id].append(status)
        super().publish(status)


class Sim:
    """The simulated side of one printer; remembers which faults were used."""

    def __init__(self, handle: PrinterHandle, used: set[str]) -> None:
        self.handle = handle
        self._used = used

    def set(self, **knobs: Any) -> None:
        self._used.update(knobs)
        self.handle.set(**knobs)

    def do(self, action: str, **arguments: Any) -> Any:
        self._used.add(action)
        return self.handle.do(action, **arguments)


class Seat:
    """One printer and the person who watches it."""

    every = 0.01  # seconds from one look at its panel to the next

    def __init__(self, farm: Farm, printer_id: str, model: str) -> None:
        self.farm = farm
        self.id = printer_id
        self.model = model
        self.config = farm.fleet.configs[printer_id]
        self.name = self.config.name
        self.sim = Sim(farm.simulated.printer(printer_id), farm.used)

    def panel(self, later: float = 0.0) -> dict[str, Any]:
        """The panel's JSON of this printer, now or in so many seconds."""
        view = PanelView(self.config)
        view.update(self.farm.fleet.snapshot(self.id), time.monotonic() + later)
        return view.doc

    def until(
        self,
        holds: Callable[[dict[str, Any]], Any],
        what: str = "never happened",
        seconds: float = WAIT_S,
    ) -> dict[str, Any]:
        """Wait for a panel that ``holds``; fails with the last one."""

        def found() -> dict[str, Any] | None:
            panel = self.panel()
            return panel if holds(panel) else None

        panel: dict[str, Any] = wait_for(
            found, lambda: f"{what}; {self.told()}", seconds, every=self.every
        )
        return panel

    def told(self) -> str:
        """What is shown now, for a failure's message."""
        keys = ("state", "sub", "message", "conn", "notices", "faults", "pause", "job")
        panel = self.panel()
        return f"{self.name} shows { {key: panel[key] for key in (*keys, 'bed', 'stage')} }"

    def in_state(self, state: str, seconds: float = WAIT_S) -> dict[str, Any]:
        return self.until(lambda p: p["state"] == state, f"never {state}", seconds)

    def noticed(self, code: str) -> str:
        """Wait for a notice; its text."""
        panel = self.until(lambda p: code in [n["code"] for n in p["notices"]], f"no {code}")
        text: str = next(n["text"] for n in panel["notices"] if n["code"] == code)
        return text

    def stays(self, holds: Callable[[dict[str, Any]], Any], seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            panel = self.panel()
            assert holds(panel), (panel["state"], panel["message"], panel["notices"])
            time.sleep(self.every)

    @property
    def history(self) -> list[PrinterStatus]:
        return self.farm.registry.history[self.id]

    def said(self) -> set[tuple[str, str]]:
        """Every (state, sentence) shown since the test began."""
        return {(s.state.value, s.message) for s in self.history}

    def order(self, command: Command) -> str:
        return self.farm.fleet.execute(self.id, command).text

    def refusal(self, command: Command) -> str:
        """The sentence with which a command comes back."""
        with pytest.raises(FarmError) as caught:
            self.order(command)
        return caught.value.message

    def blocked(self, act: str = "start") -> tuple[str, str]:
        """(code, sentence) of an act's gate, which must be closed."""
        gate = self.panel()["gates"][act]
        assert not gate["ok"], f"{act} is open on {self.name}"
        with pytest.raises(FarmError) as caught:
            safety.check_act(act, self.farm.fleet.snapshot(self.id), time.monotonic())
        assert caught.value.message == gate["why"]
        return gate["code"], gate["why"]

    def start(self, file_id: str = "", **options: Any) -> Job:
        file_id = file_id or self.farm.sliced(self.model)
        return self.farm.jobs.start_file(self.id, file_id, confirm=("all",), **options)

    def stored(self) -> str:
        """A sliced file that lies on the printer's card from the beginning."""
        files = self.sim.handle.peek(lambda m: m.storage.list("/"))
        return next(e.name for e in files if e.name.endswith(".3mf") and "Gear" not in e.name)

    def job_until(self, job: Job, *states: str, seconds: float = WAIT_S) -> Job:
        def found() -> Job | None:
            now = self.farm.jobs.job(job.id)
            return now if now.state.value in states else None

        told = lambda: f"never {states}: {self.farm.jobs.job(job.id)}"  # noqa: E731
        now: Job = wait_for(found, told, seconds, every=self.every)
        return now

    def not_started(self, **options: Any) -> str:
        """Start a file that must not start; the job's sentence. The bed's permission stays."""
        job = self.job_until(self.start(**options), "failed", "cancelled")
        assert self.sim.handle.requests("project_file") == [], "it was sent all the same"
        assert job.error is not None
        self.until(lambda p: p["bed"]["clear"] and p["job"] is None, "the bed lost its permission")
        return job.error.text


class Farm:
    """One server run around simulated printers; ``take`` hands each printer to one test."""

    def __init__(self, simulated: SimulatedFarm, models: list[tuple[str, str]], data: Path) -> None:
        self.simulated = simulated
        self.used: set[str] = set()
        self._free = list(enumerate(models))
        self._files: dict[tuple[str, float], str] = {}
        clock = SystemClock()
        self.bus = Bus()
        self.registry = RememberingRegistry(self.bus)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(ADAPTERS, "bambu", _impatient)
            configs = [self._config(f"p{i}", *model) for i, model in self._free]
            self.fleet = Fleet(configs, self.registry, clock, data)
        self.library = FileLibrary(data / "files", clock, 50_000_000)
        self.jobs = JobService(
            JsonJobStore(data, clock),
            self.fleet,
            self.registry,
            self.library,
            self.bus,
            clock,
            JOBS,
        )
        self.fleet.observe(self.jobs.note_command)
        video = RtspReader(FfmpegFinder(), stall_s=1.0)
        readers = {
            "bambu_jpeg": Reader(partial(bambu_jpeg.frames, stall_s=1.0)),
            "rtsps": Reader(video.frames, video.means),
        }
        self.cameras = CameraHub(self.fleet.camera, clock, timing=CAMERA, readers=readers)

    def _config(self, printer_id: str, model: str, scenario: str) -> PrinterConfig:
        end = self.simulated.endpoints[printer_id]
        return PrinterConfig(
            simulate=True,
            id=printer_id,
            name=NAMES[int(printer_id[1:])],
            type="bambu",
            model=model,
            host=end.host,
            serial=end.serial,
            access_code=Secret(end.access_code),
            mqtt_port=end.mqtt_port,
            ftps_port=end.ftps_port,
            camera_port=end.camera_port,
            rtsp_port=end.rtsp_port or 322,
        )

    def start(self) -> None:
        self.jobs.start()
        self.fleet.start()

    def stop(self) -> None:
        self.cameras.stop()
        self.jobs.stop()
        self.fleet.stop()

    def take(self, model: str = "P1S", scenario: str = "idle", state: str = "") -> Seat:
        """The next unused printer of that kind, when it is seen in its first state."""
        for number, kind in self._free:
            if kind == (model, scenario):
                self._free.remove((number, kind))
                seat = Seat(self, f"p{number}", model)
                first = {"idle": "ready", "printing": "printing"}
                seat.in_state(state or first[scenario])
                seat.history.clear()
                return seat
        raise LookupError(f"PRINTERS of this module has no further {model} ({scenario})")

    def sliced(self, model: str, minutes: float = 30.0) -> str:
        """The id of a sliced file in the library."""
        if (model, minutes) not in self._files:
            plates = [PlateSpec(name="gear", minutes=minutes, layers=20)]
            content = io.BytesIO(build_gcode_3mf(plates, model=model))
            self._files[model, minutes] = self.library.add(content, "Gear wheel.gcode.3mf").id
        return self._files[model, minutes]


def _impatient(config: PrinterConfig, context: AdapterContext) -> BambuPrinter:
    return BambuPrinter(config, context, SHORT)


@pytest.fixture(scope="module")
def farm(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Farm]:
    """The printers of the module's PRINTERS ((model, scenario), …) at its TIME_SCALE."""
    models: list[tuple[str, str]] = list(request.module.PRINTERS)
    specs = [
        make_spec(f"p{i}", NAMES[i], model, i + 1, scenario)
        for i, (model, scenario) in enumerate(models)
    ]
    folder = tmp_path_factory.mktemp("faults")
    scale = float(getattr(request.module, "TIME_SCALE", 1.0))
    with SimulatedFarm(specs, time_scale=scale, tick_s=0.05) as simulated:
        for spec in specs:
            simulated.printer(spec.id).set(push_interval_s=0.2)
        farm = Farm(simulated, models, folder)
        farm.start()
        try:
            yield farm
        finally:
            farm.stop()
    left = [t.name for t in threading.enumerate() if t.name.startswith(("printer:", "job:"))]
    assert left == []


@pytest.fixture(autouse=True)
def _marks_are_earned(request: pytest.FixtureRequest) -> Iterator[None]:
    """A mark is a claim; what was used is the evidence."""
    named = {name for mark in request.node.iter_markers("fault") for name in mark.args}
    if not named:
        yield
        return
    farm: Farm = request.getfixturevalue("farm")
    farm.used.clear()
    yield
    assert named <= farm.used, f"claimed but never used: {sorted(named - farm.used)}"


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """stage("octoprint", …, scale=…): printers behind print servers, beside a healthy neighbour;
    no name: one of each. Afterwards threads and neighbour are looked at, and the marks."""
    from tests.faults import http_farm, http_seat  # which need this module

    monkeypatch.setattr(evidence, "SETTLE_LOST_S", 2.0)
    monkeypatch.setattr(octoprint_application, "SAMPLE_S", 0.4)
    open_stages: list[http_farm.Stage] = []

    def make(*cast: str, **options: Any) -> http_farm.Stage:
        made = http_farm.Stage(cast or http_seat.KINDS, tmp_path / "stage", **options)
        open_stages.append(made)
        made.start()
        return made

    try:
        yield make
        for one in open_stages:
            one.check()
    finally:
        for one in open_stages:
            one.stop()
    named = {
        (kind, name)
        for mark in request.node.iter_markers("http_fault")
        for kind in mark.kwargs["kinds"]
        for name in mark.args
    }
    used = set().union(*(one.used for one in open_stages))
    assert named <= used, f"claimed but never used: {sorted(named - used)}"
    assert [t.name for t in threading.enumerate() if t.name.startswith(("printer:", "job:"))] == []
