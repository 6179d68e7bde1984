"""A farm's queue and watch around simulated printers, with their threads; no web, no alerts."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

from alerts.model import Event, Kind
from alerts.watch.build import build_watch
from alerts.watch.watcher import Watcher
from cameras.frames import CameraStatus, Frame
from core.alert_config import AlertsConfig
from core.clock import SystemClock
from core.config import DispatchConfig, PrinterConfig
from core.events import Bus
from job_queue.dispatcher import Dispatcher
from job_queue.service import JobService
from job_queue.store.json_store import JsonJobStore
from job_queue.timing import Timing
from printers.fleet import Fleet
from printers.registry import Registry
from slicer.library import FileLibrary
from tests.alerts.watch.scene import kind_of
from tests.waiting import wait_for


class Desk:
    """Takes each identity once, as the real one does, and keeps what came twice."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.again: list[Event] = []
        self._lock = threading.Lock()

    def take(self, event: Event) -> bool:
        with self._lock:
            if any(event.identity == known.identity for known in self.events):
                self.again.append(event)
                return False
            self.events.append(event)
            return True

    def kinds(self, *, states: bool = False) -> list[str]:
        with self._lock:
            told = [e for e in self.events if states or e.kind is not Kind.STATE_CHANGED]
        return [kind_of(event) for event in told]

    def has(self, kind: str) -> bool:
        return kind in self.kinds()


class NoCameras:
    def status(self, camera_id: str) -> CameraStatus:
        return CameraStatus(mode="none", code="off", text="Camera is off")

    def frame(self, camera_id: str) -> Frame | None:
        return None


class Server:
    """One run of the farm."""

    def __init__(self, config: PrinterConfig, folder: Path, alerts: AlertsConfig) -> None:
        self.clock, self.bus, self.desk = SystemClock(), Bus(), Desk()
        self.folder, self.alerts = folder, alerts
        self.registry = Registry(self.bus)
        self.fleet = Fleet([config], self.registry, self.clock, folder)
        self.library = FileLibrary(folder / "files", self.clock, 50_000_000, bus=self.bus)
        self.store = JsonJobStore(folder, self.clock)
        self.jobs = JobService(
            self.store, self.fleet, self.registry, self.library, self.bus, self.clock,
            Timing(cleanup_delay_s=0.2, tick_s=0.2, hold_s=0.0),
        )  # fmt: skip
        self.fleet.observe(self.jobs.note_command)
        self.dispatcher = Dispatcher(
            self.jobs, self.fleet, self.library, self.clock, DispatchConfig()
        )
        self.library.start()
        self.jobs.start()
        self.watch = self.new_watch()
        self.fleet.start()

    def new_watch(self) -> Watcher:
        """Another life of the watch, on what the file says."""
        watch = build_watch(
            self.alerts, self.registry, self.bus, self.jobs, self.fleet, self.library, self.desk,
            self.clock, self.folder, cameras=NoCameras(), main_camera=lambda _: None,
        )  # fmt: skip
        watch.start()
        return watch

    @property
    def memory(self) -> Path:
        return self.folder / "alerts" / "watch.json"

    def status(self) -> Any:
        return self.fleet.snapshot("alder").status

    def add(self, content: bytes, name: str) -> str:
        file_id = self.library.add(io.BytesIO(content), name).id
        wait_for(lambda: self.library.bounds(file_id, 1), "the moves of the file")
        return file_id

    def stop(self) -> None:
        self.watch.stop()
        self.jobs.end_transfers()
        for part in (self.fleet, self.jobs, self.library, self.store):
            getattr(part, "stop", getattr(part, "close", lambda: None))()
