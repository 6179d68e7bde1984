"""Puts the timelapses of a farm together."""

from __future__ import annotations

from cameras.book import CameraBook, CameraInfo
from cameras.ffmpeg_program import FfmpegFinder
from cameras.hub import CameraHub
from cameras.timelapse.encoder import Tools, with_probe
from cameras.timelapse.recorder import JobOf
from cameras.timelapse.service import Timelapses
from core.clock import Clock
from core.config import FarmConfig
from core.events import Bus
from printers.registry import Registry


def build_timelapses(
    config: FarmConfig, cameras: CameraHub, book: CameraBook, registry: Registry, bus: Bus,
    clock: Clock, *, job_of: JobOf, programs: FfmpegFinder,
) -> Timelapses:  # fmt: skip
    """Nothing runs before its ``start``."""

    def camera_of(printer_id: str) -> CameraInfo | None:
        return next((camera for camera in book.of(printer_id) if camera.main), None)

    def tools() -> Tools:
        return with_probe(programs.find().path)

    return Timelapses(
        config.data_dir, cameras, camera_of, registry, bus, config.timelapse, clock,
        tools=tools, job_of=job_of,
    )  # fmt: skip
