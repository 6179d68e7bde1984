"""A printer and cameras that do as they are told, at once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cameras.book import CameraBook
from cameras.frames import CameraFailed, CameraStatus, Frame
from core.clock import Clock, SystemClock
from core.config import PrinterConfig
from core.errors import PrinterOffline
from printers.base import AdapterContext, CameraSource, CommandResult, Printer, Progress
from printers.commands import Command, RemoteFile, StartPrint
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

CANARY = "canary-access-code-4711"
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
