"""Which camera an entry of the settings means now, and what the farm offers of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cameras.book import CameraBook, CameraInfo
from cameras.frames import CameraFailed, CameraStatus, Frame
from core.errors import NotFound
from printers.registry import Registry

Find = Callable[[str], CameraInfo]
"""What an entry's ``camera`` means now. Raises NotFound, or CameraFailed while there is none."""

Printing = Callable[[str], bool]
"""Whether that printer has a job; "" = any printer."""


class Held(Protocol):
    def close(self) -> None: ...


class Cameras(Protocol):
    """What is needed of the CameraHub."""

    def hold(self, camera_id: str) -> Held: ...

    def wait_frame(self, camera_id: str, after_seq: int, timeout: float) -> Frame | None: ...

    def status(self, camera_id: str) -> CameraStatus: ...


def finder(book: CameraBook) -> Find:
    """A printer's id means its main camera, whichever that is now; else a camera's own id."""

    def find(camera_id: str) -> CameraInfo:
        try:
            looking = book.of(camera_id)
        except NotFound:
            for info in book.all():
                if info.id == camera_id:
                    return info
            raise
        if not looking:
            raise CameraFailed("The printer has no camera, or it is not connected", code="off")
        return looking[0]

    return find


def printing_in(registry: Registry) -> Printing:
    """A job that has begun and not ended, paused ones included: then people want to look."""

    def printing(printer_id: str) -> bool:
        if printer_id:
            known = registry.get(printer_id)
            return known is not None and known.status.state.has_job
        return any(known.status.state.has_job for known in registry.all())

    return printing
