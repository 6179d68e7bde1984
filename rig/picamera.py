"""Picamera2 (cameras-and-rig 3): imported when it is needed, because only a Pi has it."""

from __future__ import annotations

import contextlib
import importlib
import io
import queue
from collections.abc import Callable, Generator
from typing import Any

from rig.errors import CameraFailed
from rig.settings import CameraSettings

_POLL_S = 0.5


class _Newest(io.BufferedIOBase):
    """What the encoder writes to: one whole JPEG per call. Keeps the newest."""

    def __init__(self) -> None:
        self._slot: queue.Queue[bytes] = queue.Queue(1)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        jpeg = bytes(data)
        with contextlib.suppress(queue.Empty):  # the usual case: the former one was fetched
            self._slot.get_nowait()
        self._slot.put_nowait(jpeg)
        return len(jpeg)

    def take(self, timeout: float) -> bytes | None:
        try:
            return self._slot.get(timeout=timeout)
        except queue.Empty:
            return None


def pictures(
    settings: CameraSettings, cancelled: Callable[[], bool]
) -> Generator[bytes, None, None]:
    """JPEGs of the Pi's camera, autofocus on where it has one. Raises CameraFailed."""
    camera, newest = _open(settings)
    try:
        silent = 0.0
        while not cancelled():
            jpeg = newest.take(_POLL_S)
            silent = 0.0 if jpeg else silent + _POLL_S
            if silent > settings.stale:
                raise CameraFailed(f"the camera gave no picture for {settings.stale:g} s")
            if jpeg:
                yield jpeg
    finally:
        camera.stop_recording()
        camera.close()


def _open(settings: CameraSettings) -> tuple[Any, _Newest]:
    try:
        library = importlib.import_module("picamera2")
        encoders = importlib.import_module("picamera2.encoders")
        outputs = importlib.import_module("picamera2.outputs")
    except ImportError as error:
        raise CameraFailed(
            f"picamera2 is missing ({error}): install python3-picamera2 with apt and make the "
            "venv with --system-site-packages, or set camera.kind to command"
        ) from error
    try:
        return _start(library.Picamera2(), encoders, outputs, settings)
    except (RuntimeError, IndexError, OSError) as error:
        raise CameraFailed(f"the camera cannot be opened ({error})") from error


def _start(
    camera: Any, encoders: Any, outputs: Any, settings: CameraSettings
) -> tuple[Any, _Newest]:
    newest = _Newest()
    try:
        size = (settings.width, settings.height)
        camera.configure(
            camera.create_video_configuration(
                main={"size": size}, controls={"FrameRate": settings.fps}
            )
        )
        if "AfMode" in camera.camera_controls:
            camera.set_controls({"AfMode": 2})  # continuous (libcamera's AfModeContinuous)
        encoder = encoders.JpegEncoder(q=settings.quality)
        camera.start_recording(encoder, outputs.FileOutput(newest))
    except BaseException:
        camera.close()
        raise
    return camera, newest
