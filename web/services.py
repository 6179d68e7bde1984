"""What the routes work with: built once by api_server, handed to create_app, never global."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from flask import current_app

from core.clock import Clock
from core.config import FarmConfig
from core.events import Bus
from printers.fleet import Fleet
from printers.registry import Registry

if TYPE_CHECKING:
    from job_queue.service import JobService
    from slicer.library import FileLibrary
    from web.hub import PanelHub
    from web.temperatures import TemperatureHistory


class CameraFrame(Protocol):
    """One picture."""

    @property
    def jpeg(self) -> bytes: ...

    @property
    def at(self) -> float:
        """Epoch seconds of its arrival."""
        ...

    @property
    def number(self) -> int:
        """Grows with every frame of this camera."""
        ...


class CameraHub(Protocol):
    """What the web needs of cameras/: one owner per camera, many readers."""

    def latest(self, printer_id: str, timeout: float = 0.0) -> CameraFrame | None:
        """The newest frame; asking keeps the camera open for a while. Waits for a first one."""
        ...

    def frames(self, printer_id: str) -> Iterator[CameraFrame]:
        """Each newest frame as it comes; closing the iterator lets go of the camera."""
        ...

    def diagnostics(self, printer_id: str) -> Mapping[str, Any]: ...


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
    library: FileLibrary
    cameras: CameraHub
    hub: PanelHub
    history: TemperatureHistory
    started_at: float
    version: str
    static_dir: Path = STATIC


def services() -> Services:
    """The services of the app that handles this request."""
    return cast(Services, current_app.extensions[EXTENSION])
