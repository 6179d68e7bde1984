"""A farm of one or two strict fake printers around the real fleet, gate, registry and store."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.clock import ManualClock
from core.config import DispatchConfig, PrinterConfig
from core.errors import NotFound, PrinterOffline, UploadCancelled
from core.events import Bus
from job_queue.dispatcher import Dispatcher
from job_queue.job import Job, JobState
from job_queue.service import JobService
from job_queue.store.json_store import JsonJobStore
from job_queue.target import Target
from job_queue.timing import Timing
from printers.adapters import ADAPTERS
from printers.base import AdapterContext, CommandResult, Printer, Progress
from printers.commands import Command, RemoteFile, StartPrint
from printers.fleet import Fleet
from printers.registry import Registry
from printers.status import (
    AmsUnit,
    Fault,
    JobProgress,
    Machine,
    Nozzle,
    PrinterState,
    PrinterStatus,
    Severity,
    Tray,
)
from slicer.bounds.result import Box, PlateBounds
from slicer.library import StoredFile
from slicer.printfile import Filament, Plate, PrintFile

FILE_ID = "f" * 32
MOVES = PlateBounds(
    marked=True, model=Box(80, 80, 0.2, 120, 120, 20), flavours=("Bambu",), ended=True
)
CONTENT = b"PK not really a zip, but bytes that travel" * 50


class FakePrinter(Printer):
    """As strict as a printer: it starts only what lies on it whole, and only at rest."""

    kind = "fake"

    def __init__(self, config: PrinterConfig, context: AdapterContext) -> None:
        super().__init__(config, context)
        self.files: dict[str, int] = {}
        self.started: list[StartPrint] = []
        self.executed: list[Command] = []
        self.during_upload: Callable[[], None] = lambda: None
        self.cut_bytes = 0
        self.on_start: Callable[[StartPrint], None] = self.begin
        self.refuse_delete: Exception | None = None
        self.upload_error: Exception | None = None
        self._status = PrinterStatus(
            printer_id=config.id,
            name=config.name,
            kind="fake",
            state=PrinterState.CONNECTING,
            nozzles=(Nozzle(name="nozzle", diameter_mm=0.4),),
            ams=(
                AmsUnit(
                    id=0,
                    label="A",
                    kind="AMS",
                    trays=(
                        Tray(slot="A1", index=0, type="PLA", color="C4633F"),
                        Tray(slot="A2", index=1, type="PETG", color="000000"),
                        Tray(slot="A3", index=2, empty=True),
                    ),
                ),
            ),
            external=(Tray(slot="Ext", index=254, type="PLA", color="FFFFFF"),),
            storage="ok",
            machine=Machine(
                code="C12",
                name="P1S",
                file_kinds=("gcode.3mf",),
                capabilities=frozenset({"upload", "pause", "stop", "ams"}),
            ),
        )

    # what the test makes the printer say

    def report(self, state: PrinterState | None = None, **changes: Any) -> None:
        clock = self.context.clock
        self._status = replace(
            self._status,
            state=state or self._status.state,
            observed_at=clock.time(),
            observed_mono=clock.monotonic(),
            **changes,
        )
        self.context.publish(self._status)

    def shows(self, command: StartPrint, state: PrinterState, **changes: Any) -> None:
        token = str(command.token)
        job = JobProgress(
            name=command.display_name, file=command.remote_name, task_id=token, subtask_id=token
        )
        self.report(state, job=replace(job, **changes), faults=())

    def shows_other(self, state: PrinterState, name: str = "their_vase") -> None:
        job = JobProgress(name=name, file=f"{name}.gcode.3mf", percent=12)
        self.report(state, job=job)

    def begin(self, command: StartPrint) -> None:
        self.shows(command, PrinterState.PREPARING)

    # the adapter's interface

    def start(self) -> None:
        self.report(PrinterState.IDLE)

    def stop(self, timeout: float = 5.0) -> None:
        return

    @property
    def status(self) -> PrinterStatus:
        return self._status

    def execute(self, command: Command, timeout: float = 8.0) -> CommandResult:
        self.executed.append(command)
        return CommandResult()

    def upload(
        self, source: Path, remote_name: str, progress: Progress, cancel: threading.Event
    ) -> int:
        content = source.read_bytes()
        self.files[remote_name] = 0
        for sent in range(0, len(content), 512):
            progress(sent, len(content))
            self.during_upload()
            if cancel.is_set():
                raise UploadCancelled(f"The transfer to {self.config.name} was cancelled.")
        if self.upload_error:
            raise self.upload_error
        progress(len(content), len(content))
        self.files[remote_name] = len(content) - self.cut_bytes
        return self.files[remote_name]

    def remote_size(self, remote_name: str) -> int | None:
        return self.files.get(remote_name)

    def delete_remote(self, path: str) -> None:
        if self.refuse_delete:
            raise self.refuse_delete
        if path not in self.files:
            raise NotFound(f"{path} is not there.")
        del self.files[path]

    def list_files(self, folder: str = "/") -> tuple[RemoteFile, ...]:
        return tuple(RemoteFile(path=n, name=n, size_bytes=s) for n, s in self.files.items())

    def download(self, path: str, target: Path, progress: Progress | None = None) -> None:
        raise NotFound(f"{path} is not there.")

    def refresh(self, timeout: float = 10.0) -> PrinterStatus:
        if not self._status.state.is_connected:
            raise PrinterOffline(f"{self.config.name} is offline.")
        self.report()
        return self._status

    def start_print(self, command: StartPrint, timeout: float = 15.0) -> CommandResult:
        self.started.append(command)
        assert self.files.get(command.remote_name) == len(CONTENT), "started a cut file"
        assert self._status.state.is_at_rest, "started a busy printer"
        self.on_start(command)
        return CommandResult()

    def diagnostics(self) -> Mapping[str, Any]:
        return {}


class FakeLibrary:
    """One sliced file, two plates; the second is for another printer model."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "library.gcode.3mf"
        self._path.write_bytes(CONTENT)
        self.guards: list[Callable[[str], str]] = []
        self.moves: PlateBounds | None = MOVES
        one = Plate(
            index=1,
            seconds=3600,
            height_mm=20.0,
            nozzle_mm=(0.4,),
            models=("C12",),
            model_sources=("slice_info", "project_settings"),
            filaments=(Filament(index=1, type="PLA", color="C4633F", grams=12.0),),
        )
        two = replace(one, index=2, models=("N1",))
        three = replace(one, index=3, models=())
        self.stored = StoredFile(
            id=FILE_ID,
            name="Gear.gcode.3mf",
            size_bytes=len(CONTENT),
            sha256=hashlib.sha256(CONTENT).hexdigest(),
            md5="A" * 32,
            added_at=0.0,
            file=PrintFile(kind="gcode.3mf", filament_count=2, plates=(one, two, three)),
        )

    def protect(self, guard: Callable[[str], str]) -> None:
        self.guards.append(guard)

    def get(self, file_id: str) -> StoredFile:
        if file_id != FILE_ID:
            raise NotFound("There is no such file.", code="file_not_found")
        return self.stored

    def path(self, file_id: str) -> Path:
        self.get(file_id)
        return self._path

    def bounds(self, file_id: str, plate: int) -> PlateBounds | None:
        self.get(file_id)
        return self.moves

    def await_bounds(self, file_id: str, plate: int, timeout_s: float) -> PlateBounds | None:
        return self.bounds(file_id, plate)


class Farm:
    """Everything of one server run; ``reboot`` is the next run on the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.timing = Timing(hold_s=0.0)  # a cleared bed is used at once, unless a test waits
        self.clock = ManualClock()
        self.library = FakeLibrary(folder)
        self.dispatch = DispatchConfig()
        self.configs = [
            PrinterConfig(id=name.lower(), name=name, type="fake", model="P1S", simulate=True)
            for name in ("Alder", "Birch")
        ]
        self.boot()

    def boot(self) -> None:
        self.bus = Bus()
        self.registry = Registry(self.bus)
        self.fleet = Fleet(self.configs, self.registry, self.clock, self.folder)
        self.store = JsonJobStore(self.folder / "jobs", self.clock)
        self.service = JobService(
            self.store,
            self.fleet,
            self.registry,
            self.library,  # type: ignore[arg-type]
            self.bus,
            self.clock,
            self.timing,
        )
        self.fleet.observe(self.service.note_command)
        self.dispatcher = Dispatcher(
            self.service, self.fleet, self.library, self.clock, self.dispatch  # type: ignore[arg-type]
        )  # fmt: skip

    def open(self) -> None:
        """The first report of every printer: idle."""
        self.service.recover()
        self.fleet.start()
        self.look()

    def reboot(self, carry: bool = True) -> None:
        """A new process: everything in memory is gone, the printers are what they were."""
        before = {c.id: self.fleet.adapter(c.id) for c in self.configs}
        self.join()
        self.service._watch.close()  # as a tick may have done just before
        self.boot()
        for printer_id, old in before.items():
            new = self.fleet.adapter(printer_id)
            assert isinstance(new, FakePrinter) and isinstance(old, FakePrinter)
            new.files = old.files
            new.started = old.started
            if carry:
                new._status = replace(new._status, job=old.status.job)
        self.service.recover()

    def printer(self, printer_id: str = "alder") -> FakePrinter:
        adapter = self.fleet.adapter(printer_id)
        assert isinstance(adapter, FakePrinter)
        return adapter

    def look(self) -> None:
        """As the watcher does, but what its barrier would only log fails the test."""
        for snapshot in self.registry.all():
            self.service._watch.look(snapshot)

    def wait(self, seconds: float) -> None:
        """Time passes second by second while the printers keep reporting."""
        left = seconds
        while left > 0:
            self.clock.advance(min(1.0, left))
            left -= 1.0
            for config in self.configs:
                if self.printer(config.id).status.state.is_connected:
                    self.printer(config.id).report()
            self.look()
            self.service.tick()
        self.join()

    def join(self) -> None:
        """Until no job or clean-up thread is left."""
        for thread in threading.enumerate():
            if thread.name.startswith(("job:", "jobs:cleanup", "stage:")):
                thread.join(10.0)
                assert not thread.is_alive(), thread.name

    def start(self, **arguments: Any) -> Job:
        """Start and see the job's thread to its end."""
        job = self.service.start_file("alder", FILE_ID, **arguments)
        self.join()
        return self.service.job(job.id)

    def add(self, target: Target | None = None, plate: int = 1, **wishes: Any) -> Job:
        """Into the queue; Alder unless told otherwise."""
        return self.service.add(FILE_ID, plate, target or Target.printer("alder"), **wishes)

    def dispatch_once(self) -> list[tuple[str, str]]:
        """One pass, with the transfers it began seen to their end: (job, printer) of each."""
        sent = self.dispatcher.once().sent
        self.join()
        self.look()
        return [(match.job_id, match.printer_id) for match in sent]

    def finish(self, printer_id: str = "alder") -> None:
        """The print there ends well, and a person takes the part away."""
        printer = self.printer(printer_id)
        printer.shows(printer.started[-1], PrinterState.FINISHED)
        self.wait(3)
        self.service.mark_clear(printer_id)

    def starting(self) -> Job:
        """A job whose start was sent and is not yet proved."""
        self.printer().on_start = lambda command: None
        job = self.start()
        assert job.state is JobState.STARTING
        return job

    def printing(self) -> Job:
        job = self.start()
        self.look()
        job = self.service.job(job.id)
        assert job.state is JobState.PRINTING
        return job

    def job(self, job: Job) -> Job:
        return self.service.job(job.id)

    def bed(self, printer_id: str = "alder") -> tuple[bool, str]:
        conditions = self.fleet.snapshot(printer_id).conditions
        return conditions.bed_clear, conditions.bed_why


@pytest.fixture
def new_farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    """A farm whose printers have not reported yet."""
    monkeypatch.setitem(ADAPTERS, "fake", FakePrinter)
    farm = Farm(tmp_path)
    yield farm
    farm.join()


@pytest.fixture
def farm(new_farm: Farm) -> Farm:
    """A farm with two idle printers, beds clear."""
    new_farm.open()
    return new_farm


@pytest.fixture
def fault() -> Callable[[str, str], Fault]:
    return lambda code, text: Fault(code=code, text=text, severity=Severity.SERIOUS)
