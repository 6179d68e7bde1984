"""Reads a camera that is plugged into the farm's computer (V4L2, Linux)."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

from cameras.ffmpeg_program import FfmpegFinder, Program
from cameras.frames import CameraFailed, Cancelled, Means
from cameras.sources.video.child import Child
from cameras.sources.video.command import device_command, shown
from cameras.sources.video.minder import Minder
from printers.base import CameraSource

FIRST_S = 15.0
STALL_S = 10.0
_FORMATS = ("mjpeg", "")
"""The second where the device has not the first."""


class DeviceReader:
    """Kind "v4l2"."""

    def __init__(
        self, finder: FfmpegFinder, first_s: float = FIRST_S, stall_s: float = STALL_S
    ) -> None:
        self._finder = finder
        self._first_s = first_s
        self._stall_s = stall_s

    def means(self, source: CameraSource) -> Means:
        known = self._finder.known
        return Means(command=shown(known, source), version=known.version if known else "")

    def frames(self, source: CameraSource, cancelled: Cancelled) -> Generator[bytes, None, None]:
        """Pictures until ``cancelled()``; close the iterator to let go. Raises CameraFailed."""
        _require(source.device)
        program = self._finder.find()
        problem: CameraFailed | None = None
        for wanted in _FORMATS:
            problem = yield from self._read(program, source, wanted, cancelled)
            if problem is None or problem.error_code != "format":
                break
        if problem is not None:
            raise problem

    def _read(
        self, program: Program, source: CameraSource, wanted: str, cancelled: Cancelled
    ) -> Generator[bytes, None, CameraFailed | None]:
        """Why it ended, None = nobody looks any more."""
        with Child(device_command(program, source, wanted)) as child:
            minder = Minder(child, None, cancelled, self._first_s, self._stall_s)
            try:
                for picture in child.pictures():
                    minder.seen()
                    yield picture
            finally:
                minder.join()
            return None if minder.left else minder.explain() or _words(child, wanted)


def _require(device: str) -> None:
    if not Path(device).exists():
        raise CameraFailed(f"There is no camera at {device}; plug it in", code="no_device")
    if not os.access(device, os.R_OK | os.W_OK):
        raise CameraFailed(
            f"The farm may not open {device}; add its user to the group video", code="no_device"
        )


def _words(child: Child, wanted: str) -> CameraFailed:
    """From ffmpeg's v4l2 words."""
    said = child.words()
    if "Device or resource busy" in said:
        return CameraFailed("Camera is used by another program", code="busy")
    if wanted and ("proper format" in said or "Invalid argument" in said):
        return CameraFailed("Camera has no such format", code="format")
    last = child.last_words()
    if last:
        return CameraFailed(f"Camera cannot be read ({last.rstrip('.')})", code="bad_frames")
    return CameraFailed("Camera connection was lost", code="lost")
