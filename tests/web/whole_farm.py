"""A whole farm as api_server.py puts it together, with fake printers and cameras."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from flask import Flask

from alerts.build import build_alerts
from cameras.book import CameraBook
from cameras.ffmpeg_program import FfmpegFinder
from cameras.final_photos import FinalPhotos
from cameras.hub import CameraHub
from cameras.printer_videos import PrinterVideos, keep_in
from cameras.prusa_connect.subject import finder, printing_in
from cameras.prusa_connect.uploads import Uploads
from cameras.rigs.desk import RigDesk
from cameras.rigs.implicit import with_rigs
from cameras.timelapse.build import build_timelapses
from core.camera_config import RigConfig
from core.clock import SystemClock
from core.config import FarmConfig, LimitsConfig, PrinterConfig, ServerConfig, SlicerConfig
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
from printers.fleet import Fleet
from printers.registry import Registry
from slicer.confirmations import Confirmations
from slicer.library import FileLibrary
from slicer.slicing.build import build_slicing
from tests.web.fakes import CANARY, FakeCameras, FakePrinter
from web.app import create_app
from web.hub import PanelHub
from web.server import FarmServer, Limits
from web.services import Services
from web.temperatures import TemperatureHistory


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
