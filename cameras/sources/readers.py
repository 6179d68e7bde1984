"""Which kind of camera is read by what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cameras.frames import Cancelled, Means
from cameras.sources import bambu_jpeg, mjpeg, snapshot, tcp_mjpeg
from printers.base import CameraSource


def _nothing(source: CameraSource) -> Means:
    del source
    return Means()


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind is read."""

    frames: Callable[[CameraSource, Cancelled], Iterator[bytes]]
    """Whole JPEG pictures until cancelled, ending within half a second; raises CameraFailed."""
    means: Callable[[CameraSource], Means] = _nothing
    """With what, for diagnostics. Never raises, never waits."""


READERS: Mapping[str, Reader] = {
    "bambu_jpeg": Reader(bambu_jpeg.frames),
    "mjpeg": Reader(mjpeg.frames),
    "snapshot": Reader(snapshot.frames),
    "tcp_mjpeg": Reader(tcp_mjpeg.frames),
}
"""The kinds that need no other program."""
