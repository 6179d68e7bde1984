"""Puts the watch together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from alerts.model import Event, Sink
from alerts.watch.disk import free_in
from alerts.watch.eyes import Pictures
from alerts.watch.memory import MemoryFile
from alerts.watch.pauses import PausedBy
from alerts.watch.plates import Library, grams_in
from alerts.watch.watcher import Watcher
from core.alert_config import AlertsConfig
from core.clock import Clock
from core.events import Bus
from job_queue.service import JobService
from printers.fleet import Fleet
from printers.registry import Registry


def build_watch(
    config: AlertsConfig,
    registry: Registry,
    bus: Bus,
    jobs: JobService,
    fleet: Fleet,
    library: Library,
    sink: Sink,
    clock: Clock,
    folder: Path,
    *,
    cameras: Pictures,
    main_camera: Callable[[str], str | None],
    paused_by: PausedBy = lambda _: "",
    standing: Callable[[], Iterable[Event]] = tuple,
) -> Watcher:
    """``start`` it once ``jobs`` have been recovered, ``stop`` it before they are. ``folder``: the
    farm's data folder; ``cameras``, ``main_camera``: the hub and CameraBook.main_of.
    ``paused_by``: DefectRoom.pause_text;
    ``standing``: what began the alerts that are open."""
    watch = Watcher(
        sink, MemoryFile(folder / "alerts" / "watch.json", clock), registry, bus, clock, config,
        view=jobs.view, outlook=jobs.outlook, grams=grams_in(library),
        groups={name: printer.group for name, printer in fleet.configs.items()},
        cameras=cameras, main_camera=main_camera, free=free_in(folder),
        paused_by=paused_by, standing=standing,
    )  # fmt: skip
    fleet.observe(watch.note_command)
    return watch
