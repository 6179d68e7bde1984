"""Builds everything that has to do with pictures, and starts and stops it in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cameras.book import CameraBook
from cameras.ffmpeg_program import FfmpegFinder
from cameras.final_photos import FinalPhotos
from cameras.hub import CameraHub
from cameras.printer_videos import PrinterVideos, keep_in
from cameras.prusa_connect.subject import finder, printing_in
from cameras.prusa_connect.uploads import Uploads
from cameras.rigs.desk import RigDesk
from cameras.rigs.implicit import with_rigs
from cameras.sources.readers import readers_with
from cameras.timelapse.build import build_timelapses
from cameras.timelapse.service import Timelapses
from cameras.trust import CameraTrust
from cameras.worker import timing_of
from core.clock import Clock
from core.config import FarmConfig
from core.events import Bus
from printers.fleet import Fleet
from printers.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRoom:
    """``start`` once the printers are being connected; ``stop`` before their connections end."""

    book: CameraBook
    hub: CameraHub
    rigs: RigDesk
    prusa_connect: Uploads
    timelapses: Timelapses
    printer_videos: PrinterVideos
    photos: FinalPhotos

    def start(self) -> None:
        self.rigs.start()
        self.photos.start()
        self.prusa_connect.start()
        self.timelapses.start()
        for camera_id in self.book.always_on():
            self.hub.hold(camera_id)

    def stop(self) -> None:
        """Who uses pictures first, then who reads them."""
        self.printer_videos.stop()
        self.timelapses.stop()
        self.prusa_connect.stop()
        self.photos.stop()
        self.hub.stop()
        self.rigs.stop()


def build_cameras(
    config: FarmConfig,
    fleet: Fleet,
    registry: Registry,
    bus: Bus,
    clock: Clock,
    *,
    job_of: Callable[[str], tuple[str, str]],
) -> CameraRoom:
    """``job_of``: printer -> id and file name of its open job, for what is kept of its print.

    The fleet learns when a camera must make way for an upload. Raises StorageError.
    """
    folder = config.data_dir
    book = CameraBook(
        fleet.camera,
        config.printers,
        with_rigs(config.cameras, config.rigs, [printer.id for printer in config.printers]),
        config.rigs,
        CameraTrust(folder / "certificates"),
    )
    programs = FfmpegFinder(config.cameras.ffmpeg)
    hub = CameraHub(
        book.source, clock, timing=timing_of(config.cameras), readers=readers_with(programs)
    )
    fleet.guard_uploads(hub.making_way)
    timelapses = build_timelapses(
        config, hub, book, registry, bus, clock, job_of=job_of, programs=programs
    )
    fleet.observe(timelapses.note_command)
    return CameraRoom(
        book=book,
        hub=hub,
        rigs=RigDesk(
            config.rigs, pictures=hub, cameras_of=book.of_rig, registry=registry, bus=bus,
            clock=clock, folder=folder / "rigs",
        ),
        prusa_connect=Uploads(
            config.prusa_connect, hub, finder(book), printing_in(registry), clock, folder,
            idle_s=config.cameras.idle_s,
        ),
        timelapses=timelapses,
        printer_videos=PrinterVideos(
            fleet, keep_in(timelapses.store, config.printers), folder / "timelapses", clock
        ),
        photos=FinalPhotos(folder / "history" / "photos", hub, book.main_of, clock),
    )  # fmt: skip
