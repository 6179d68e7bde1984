"""Which kind of camera is read by what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cameras.ffmpeg_program import FfmpegFinder
from cameras.frames import Cancelled, Means
from cameras.sources import bambu_jpeg, feed, mjpeg, snapshot, tcp_mjpeg
from cameras.sources.video.rtsp import RtspReader
from cameras.sources.video.v4l2 import DeviceReader
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
    "feed": Reader(feed.frames),
}
"""The kinds that need no other program."""


def readers_with(finder: FfmpegFinder) -> Mapping[str, Reader]:
    """All kinds."""
    rtsp, device = RtspReader(finder), DeviceReader(finder)
    return {
        **READERS,
        "rtsp": Reader(rtsp.frames, rtsp.means),
        "rtsps": Reader(rtsp.frames, rtsp.means),
        "v4l2": Reader(device.frames, device.means),
    }
