"""Which certificate a configured camera must show; a printer's own camera has its printer's.

As with printers: "" remembers the one seen first, "system" asks the system's authorities, anything
else is the file of an authority.
"""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

from cameras.configured import Tls
from cameras.frames import CameraFailed
from core.camera_config import CameraConfig
from printers.lan.certificates import Pin
from printers.lan.dialer import Dialer


class CameraTrust:
    """Thread-safe. Remembered certificates lie in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str, int], Tls] = {}

    def __call__(self, camera: CameraConfig, host: str, port: int) -> Tls | None:
        """As CameraSource.tls: gives the context, or raises CameraFailed."""
        if camera.tls == "system":
            return None
        key = (camera.id, host, port)
        with self._lock:
            if key not in self._known:
                self._known[key] = self._make(camera, host, port)
            return self._known[key]

    def _make(self, camera: CameraConfig, host: str, port: int) -> Tls:
        if camera.tls:
            return lambda: _authority(camera.tls)
        return _Remembered(self._folder / f"camera-{camera.id}-{port}.pem", host, port)


class _Remembered:
    def __init__(self, path: Path, host: str, port: int) -> None:
        self._pin = Pin(path)
        self._host = host
        self._port = port
        self._lock = threading.Lock()

    def __call__(self) -> ssl.SSLContext:
        """The first time it looks who answers, which sends no secret. Raises FarmError."""
        with self._lock:
            try:
                context = self._pin.check(Dialer(self._host), self._port)
            except OSError as error:
                raise CameraFailed("Camera cannot be reached", code="unreachable") from error
            self._pin.save()
            return context


def _authority(path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise CameraFailed(
            f'The camera\'s setting "tls" names {path!r}, which is no certificate', code="not_ready"
        ) from error
