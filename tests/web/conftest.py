"""A whole farm behind the web room: real registry, fleet, gate, jobs, library; a fake printer."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

from alerts.build import build_alerts
from cameras.book import CameraBook
from cameras.ffmpeg_program import FfmpegFinder
from cameras.final_photos import FinalPhotos
from cameras.frames import CameraFailed, CameraStatus, Frame
from cameras.hub import CameraHub
from cameras.printer_videos import PrinterVideos, keep_in
from cameras.prusa_connect.subject import finder, printing_in
from cameras.prusa_connect.uploads import Uploads
from cameras.rigs.desk import RigDesk
from cameras.rigs.implicit import with_rigs
from cameras.timelapse.build import build_timelapses
from core.camera_config import RigConfig
from core.clock import Clock, SystemClock
from core.config import FarmConfig, LimitsConfig, PrinterConfig, ServerConfig, SlicerConfig
from core.errors import PrinterOffline
from core.events import Bus
from core.secret import Secret
from job_queue.after_slicing import enqueue_with
from job_queue.dispatcher import Dispatcher
from job_queue.forecaster import Forecaster
from job_queue.history.archive import History
from job_queue.history.months import Months
from job_queue.history.particulars import Particulars
from job_queue.service import JobService
from job_queue.store.json_store import JsonJobStore
from mqtt_out.build import MqttOut
from printers.adapters import ADAPTERS
from printers.base import AdapterContext, CameraSource, CommandResult, Printer, Progress
from printers.commands import Command, RemoteFile, StartPrint
from printers.fleet import Fleet
from printers.registry import Registry
from printers.status import (
    AmsUnit,
    Fan,
    Heater,
    JobProgress,
    Link,
    Machine,
    Nozzle,
    PrinterState,
    PrinterStatus,
    Speed,
    Tray,
)
from slicer.confirmations import Confirmations
from slicer.library import FileLibrary
from slicer.slicing.build import build_slicing
from web.app import create_app
from web.hub import PanelHub
from web.server import FarmServer, Limits
from web.services import Services
from web.temperatures import TemperatureHistory

CANARY = "canary-access-code-4711"
PASSWORD = "canary-password-0815"
CAPABILITIES = frozenset(
    {
        "pause", "stop", "home", "jog", "extrude", "gcode", "temperature_nozzle", "temperature_bed",
        "fan_part", "fan_aux", "fan_chamber", "light", "speed_levels", "ams", "external_spool",
        "load", "skip_objects", "calibrate", "clear_fault", "camera_jpeg", "upload",
    }
)  # fmt: skip
MACHINE = Machine(
    file_kinds=("gcode.3mf",),
    code="C12",
    name="P1S",
    volume_mm=(256, 256, 256),
    firmware="01.08.00.00",
    capabilities=CAPABILITIES,
)
TRAYS = tuple(
    Tray(slot=f"A{n + 1}", index=n, type="PLA", color="C4633F", name="PLA Basic", remain=80)
    for n in range(4)
)
AMS = (AmsUnit(id=0, label="A", kind="AMS", humidity_level=4, trays=TRAYS),)


def make_status(
    printer_id: str = "alder", clock: Clock | None = None, **more: Any
) -> PrinterStatus:
    """An idle, connected P1S; ``nozzle`` and ``bed`` are current temperatures."""
    clock = clock or SystemClock()
    heaters = (
        Heater(name="nozzle", current=more.pop("nozzle", 25.0), target=0, maximum=300),
        Heater(name="bed", current=more.pop("bed", 24.0), target=0, maximum=100),
    )
    known: dict[str, Any] = {
        "name": printer_id.capitalize(),
        "kind": "fake",
        "state": PrinterState.IDLE,
        "observed_at": clock.time(),
        "observed_mono": clock.monotonic(),
        "link": Link(online=True, since=1.0),
        "heaters": heaters,
        "fans": (Fan(name="part", percent=0), Fan(name="aux", percent=0)),
        "light": True,
        "speed": Speed(level=2, percent=100),
        "ams": AMS,
        "external": (Tray(slot="Ext", index=254),),
        "homed": "xyz",
        "nozzles": (Nozzle(name="nozzle", diameter_mm=0.4, type="hardened steel"),),
        "door_open": False,
        "wifi_dbm": -50,
        "storage": "ok",
        "machine": MACHINE,
    }
    return PrinterStatus(printer_id=printer_id, **{**known, **more})


def printing(printer_id: str = "alder", percent: int = 10, **more: Any) -> PrinterStatus:
    job = JobProgress(
        name="gear", file="gear.3mf", percent=percent, remaining_min=30, layer=4, layers=100
    )
    return make_status(printer_id, state=PrinterState.PRINTING, job=job, **more)


class FakePrinter(Printer):
    """Takes every command and remembers it; ``refusal`` is raised instead when set."""

    kind = "fake"

    def __init__(self, config: PrinterConfig, context: AdapterContext) -> None:
        super().__init__(config, context)
        self._status = make_status(config.id, context.clock, name=config.name)
        self.commands: list[Command] = []
        self.uploads: list[tuple[str, int]] = []
        self.starts: list[StartPrint] = []
        self.refusal: Exception | None = None

    def start(self) -> None:
        self.context.publish(self._status)

    def stop(self, timeout: float = 5.0) -> None:
        pass

    @property
    def status(self) -> PrinterStatus:
        return self._status

    def report(self, status: PrinterStatus) -> None:
        self._status = status
        self.context.publish(status)

    def execute(self, command: Command, timeout: float = 8.0) -> CommandResult:
        if self.refusal is not None:
            raise self.refusal
        self.commands.append(command)
        return CommandResult(text="taken")

    def upload(
        self, source: Path, remote_name: str, progress: Progress, cancel: threading.Event
    ) -> int:
        size = source.stat().st_size
        progress(size, size)
        self.uploads.append((remote_name, size))
        return size

    def remote_size(self, remote_name: str) -> int | None:
        return dict(self.uploads).get(remote_name)

    def delete_remote(self, path: str) -> None:
        pass

    def list_files(self, folder: str = "/") -> tuple[RemoteFile, ...]:
        return (RemoteFile(path="/gear.3mf", name="gear.3mf", size_bytes=12),)

    def download(self, path: str, target: Path, progress: Progress | None = None) -> None:
        raise PrinterOffline("not in this test")

    def refresh(self, timeout: float = 10.0) -> PrinterStatus:
        self.report(
            replace(
                self._status,
                observed_at=self.context.clock.time(),
                observed_mono=self.context.clock.monotonic(),
            )
        )
        return self._status

    def start_print(self, command: StartPrint, timeout: float = 15.0) -> CommandResult:
        self.starts.append(command)
        return CommandResult()

    def camera(self) -> CameraSource | None:
        return CameraSource(kind="snapshot", url="http://127.0.0.1:1/never-asked")

    def diagnostics(self) -> Mapping[str, Any]:
        return {"session": "fake", "code": self.config.access_code}


class FakeCameras:
    """Pictures by camera id; a stream gives each of them once and then falls silent."""

    def __init__(self, book: CameraBook, clock: Clock) -> None:
        self.pictures: dict[str, list[Frame]] = {}
        self.looked_at: set[str] = set()
        self._book = book
        self._clock = clock

    def show(self, camera_id: str, *jpegs: bytes, age_s: float = 0.0) -> None:
        taken = self._clock.monotonic() - age_s
        self.pictures[camera_id] = [Frame(j, 5.0, taken, n + 1) for n, j in enumerate(jpegs)]

    def frame(self, camera_id: str) -> Frame | None:
        return self.wait_frame(camera_id, 0, 0.0)

    def wait_frame(self, camera_id: str, after_seq: int, timeout: float) -> Frame | None:
        self._book.source(camera_id)  # raises NotFound, as the real one
        return next((f for f in self.pictures.get(camera_id, ()) if f.seq > after_seq), None)

    def hold(self, camera_id: str) -> SimpleNamespace:
        self._book.source(camera_id)
        return SimpleNamespace(close=lambda: None)

    def status(self, camera_id: str) -> CameraStatus:
        return CameraStatus(mode="jpeg", code="starting", text="Waiting for the first picture")

    def push(self, camera_id: str, jpeg: bytes, taken_at: float | None = None) -> None:
        if not jpeg.startswith(b"\xff\xd8\xff"):
            raise CameraFailed("Camera sends broken pictures", code="bad_frames")
        self.show(camera_id, jpeg)

    def is_wanted(self, camera_id: str) -> bool:
        return camera_id in self.looked_at


@dataclass
class Farm:
    services: Services
    app: Flask
    cameras: FakeCameras
    servers: list[FarmServer] = field(default_factory=list)

    def printer(self, printer_id: str = "alder") -> FakePrinter:
        adapter = self.services.fleet.adapter(printer_id)
        assert isinstance(adapter, FakePrinter)
        return adapter

    def serve(self, limits: Limits | None = None) -> FarmServer:
        server = FarmServer("127.0.0.1", 0, self.app, limits=limits)
        server.start()
        self.servers.append(server)
        return server

    def connect(self, limits: Limits | None = None) -> http.client.HTTPConnection:
        server = self.servers[0] if self.servers else self.serve(limits)
        return http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def doc(self, printer_id: str = "alder") -> Mapping[str, Any]:
        return self.services.hub.state.docs[printer_id]


def wait_for(true: Callable[[], object], timeout: float = 20.0) -> None:
    """Wait until ``true()``; fails the test after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    tick = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        tick.wait(0.005)


def build_farm(
    folder: Path,
    server: ServerConfig,
    names: tuple[str, ...],
    slicer: SlicerConfig,
    rigs: tuple[RigConfig, ...] = (),
    **sections: Any,
) -> Farm:
    """``sections``: further ones of the configuration."""
    clock, bus = SystemClock(), Bus()
    configs = tuple(
        PrinterConfig(
            simulate=True,
            id=name,
            name=name.capitalize(),
            type="fake",
            model="P1S",
            host="127.0.0.1",
            serial=f"01P00A{name.upper():0<9}",
            access_code=Secret(CANARY),
        )
        for name in names
    )
    config = FarmConfig(
        printers=configs, server=server, data_dir=folder, limits=LimitsConfig(upload_mb=8),
        slicer=slicer, rigs=rigs, **sections,
    )  # fmt: skip
    registry = Registry(bus)
    fleet = Fleet(configs, registry, clock, folder)
    limit = config.limits.upload_mb * 1_000_000
    library = FileLibrary(folder / "files", clock, limit, models=slicer.enabled)
    jobs = JobService(
        JsonJobStore(folder, clock), fleet, registry, library, bus, clock,
        confirmations=Confirmations(folder / "confirmations.json", clock),
    )  # fmt: skip
    fleet.observe(jobs.note_command)
    archive = History(
        jobs.view, Particulars(fleet, registry, library).describe,
        Months(folder / "history", clock), bus, clock,
    )  # fmt: skip
    slicing = build_slicing(slicer, folder, library, clock, bus, enqueue_with(jobs))
    history = TemperatureHistory()
    dispatcher = Dispatcher(jobs, fleet, library, clock, config.dispatch)
    forecaster = Forecaster(jobs, fleet, library, bus, clock, config.dispatch, folder)
    every_camera = with_rigs(config.cameras, config.rigs, names)
    book = CameraBook(fleet.camera, config.printers, every_camera, config.rigs)
    cameras = FakeCameras(book, clock)
    desk = RigDesk(
        config.rigs, pictures=cameras, cameras_of=book.of_rig, registry=registry, bus=bus,
        clock=clock, folder=folder / "rigs",
    )  # fmt: skip
    hub_of = cast(CameraHub, cameras)
    photos = FinalPhotos(folder / "history" / "photos", hub_of, book.main_of, clock)
    alerts = build_alerts(
        config, registry=registry, fleet=fleet, bus=bus, jobs=jobs, library=library,
        clock=clock, cameras=hub_of, book=book, final_photo=photos.path,
        own_url=lambda: "http://127.0.0.1:1",
    )  # fmt: skip
    hub = PanelHub(
        registry=registry, bus=bus, clock=clock, configs=fleet.configs, jobs=jobs,
        dispatcher=dispatcher, history=history, env=desk.env, rigs=desk.for_pages,
        alerts=alerts, watch=alerts.defects.panel,
    )  # fmt: skip
    timelapses = build_timelapses(
        config, hub_of, book, registry, bus, clock,
        job_of=lambda _: ("", ""), programs=FfmpegFinder(),
    )  # fmt: skip
    services = Services(
        config=config, registry=registry, bus=bus, fleet=fleet, clock=clock, jobs=jobs,
        dispatcher=dispatcher, forecaster=forecaster, library=library, slicing=slicing,
        cameras=hub_of, rigs=desk, hub=hub, book=book,
        prusa_connect=Uploads(
            config.prusa_connect, hub_of, finder(book), printing_in(registry), clock, folder
        ),
        timelapses=timelapses,
        photos=photos,
        printer_videos=PrinterVideos(
            fleet, keep_in(timelapses.store, configs), folder / "timelapses", clock
        ),
        history=history, archive=archive,
        alerts=alerts, mqtt=MqttOut(config.mqtt, None),
        started_at=clock.time(), version="0.0.1",
    )  # fmt: skip
    archive.start()
    jobs.start()
    slicing.start()
    fleet.start()
    desk.start()
    hub.start()
    services.timelapses.start()
    services.alerts.start()
    return Farm(services, create_app(services), cameras)


def close_farm(farm: Farm) -> None:
    for server in farm.servers:
        server.stop()
    farm.services.alerts.stop()
    farm.services.printer_videos.stop()
    farm.services.timelapses.stop()
    farm.services.rigs.stop()
    farm.services.hub.stop()
    farm.services.slicing.stop()
    farm.services.jobs.stop()
    farm.services.archive.stop()
    farm.services.fleet.stop()


@pytest.fixture
def make_farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Farm]]:
    """make_farm(names=("alder", "birch"), **server config) -> Farm, closed at the end."""
    monkeypatch.setitem(ADAPTERS, "fake", FakePrinter)
    farms: list[Farm] = []

    def make(
        names: tuple[str, ...] = ("alder", "birch"),
        *,
        queue: bytes = b"",
        slicer: SlicerConfig | None = None,
        rigs: tuple[RigConfig, ...] = (),
        sections: Mapping[str, Any] | None = None,
        **server: Any,
    ) -> Farm:
        folder = tmp_path / str(len(farms))
        folder.mkdir()
        if queue:
            (folder / "queue.json").write_bytes(queue)
        settings = ServerConfig(**server)
        parts = (slicer or SlicerConfig(), rigs)
        farms.append(build_farm(folder, settings, names, *parts, **(sections or {})))
        return farms[-1]

    yield make
    for farm in farms:
        close_farm(farm)


@pytest.fixture
def farm(make_farm: Callable[..., Farm]) -> Farm:
    return make_farm()


@pytest.fixture
def locked_farm(make_farm: Callable[..., Farm]) -> Farm:
    """A farm with a password."""
    return make_farm(user="owner", password=Secret(PASSWORD))


@pytest.fixture
def kit() -> SimpleNamespace:
    """The builders above, for test modules (which cannot import this file)."""
    return SimpleNamespace(
        canary=CANARY, password=PASSWORD, make_status=make_status, printing=printing,
        wait_for=wait_for, basic=basic, page=Page,
    )  # fmt: skip


def basic(user: str = "owner", password: str = PASSWORD) -> dict[str, str]:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


class Page:
    """A browser's end of /api/ws over wsproto: it reads only when told to."""

    def __init__(self, farm: Farm, query: str = "", headers: dict[str, str] | None = None) -> None:
        server = farm.servers[0] if farm.servers else farm.serve()
        self.sock = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        self._ws = WSConnection(ConnectionType.CLIENT)
        extra = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        target = f"/api/ws{query}"
        host = f"127.0.0.1:{server.port}"
        self.sock.sendall(self._ws.send(Request(host=host, target=target, extra_headers=extra)))
        self._texts: list[str] = []
        self._text = ""
        self.status = 0
        self.closed: int | None = None
        while not self.status:
            self._read()

    def _read(self) -> None:
        data = self.sock.recv(65_536)
        if not data:
            self.closed = self.closed or 1006
            self.status = self.status or -1
            return
        self._ws.receive_data(data)
        for event in self._ws.events():
            if isinstance(event, AcceptConnection):
                self.status = 101
            elif isinstance(event, RejectConnection):
                self.status = event.status_code
            elif isinstance(event, Ping):
                self.sock.sendall(self._ws.send(event.response()))
            elif isinstance(event, CloseConnection):
                self.closed = int(event.code)
            elif isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    self._texts.append(self._text)
                    self._text = ""

    def read(self, timeout: float = 20.0) -> dict[str, Any]:
        """The next message; {} when none came in time or the socket was closed."""
        self.sock.settimeout(timeout)
        try:
            while not self._texts and self.closed is None:
                self._read()
        except TimeoutError:
            return {}
        return dict(json.loads(self._texts.pop(0))) if self._texts else {}

    def until(self, kind: str, timeout: float = 20.0) -> dict[str, Any]:
        """The next message of this kind; others are dropped."""
        while message := self.read(timeout):
            if message["t"] == kind:
                return message
        raise AssertionError(f"no {kind} came")

    def send(self, message: dict[str, Any]) -> None:
        self.send_text(json.dumps(message))

    def send_text(self, text: str) -> None:
        self.sock.sendall(self._ws.send(TextMessage(text)))

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()
