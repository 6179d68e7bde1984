"""What the routes work with: built once by api_server, handed to create_app, never global."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import current_app

from core.clock import Clock
from core.config import FarmConfig
from core.events import Bus
from printers.fleet import Fleet
from printers.registry import Registry

if TYPE_CHECKING:
    from alerts.build import AlertRoom
    from cameras.book import CameraBook
    from cameras.final_photos import FinalPhotos
    from cameras.hub import CameraHub
    from cameras.printer_videos import PrinterVideos
    from cameras.prusa_connect.uploads import Uploads
    from cameras.rigs.desk import RigDesk
    from cameras.timelapse.service import Timelapses
    from job_queue.dispatcher import Dispatcher
    from job_queue.forecaster import Forecaster
    from job_queue.history.archive import History
    from job_queue.service import JobService
    from mqtt_out.build import MqttOut
    from slicer.library import FileLibrary
    from slicer.slicing.service import SlicingService
    from web.hub import PanelHub
    from web.temperatures import TemperatureHistory


EXTENSION = "farm"
STATIC = Path(__file__).resolve().parent.parent / "static"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a request may need. ``started_at`` is epoch seconds."""

    config: FarmConfig
    registry: Registry
    bus: Bus
    fleet: Fleet
    clock: Clock
    jobs: JobService
    dispatcher: Dispatcher
    archive: History
    forecaster: Forecaster
    library: FileLibrary
    slicing: SlicingService
    cameras: CameraHub
    photos: FinalPhotos
    rigs: RigDesk
    book: CameraBook
    prusa_connect: Uploads
    timelapses: Timelapses
    printer_videos: PrinterVideos
    hub: PanelHub
    history: TemperatureHistory
    alerts: AlertRoom
    mqtt: MqttOut
    started_at: float
    version: str
    static_dir: Path = STATIC


def services() -> Services:
    """The services of the app that handles this request."""
    return cast(Services, current_app.extensions[EXTENSION])
