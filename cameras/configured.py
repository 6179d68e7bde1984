"""From the settings of a camera to where it is; older dashboards' settings included."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from core.camera_config import CameraConfig
from core.config import PrinterConfig
from core.secret import Secret
from printers.base import CameraSource

Tls = Callable[[], ssl.SSLContext | None]
Trusted = Callable[[CameraConfig, str, int], Tls | None]
"""(camera, host, port) -> the context of its certificate, as CameraSource.tls."""

TURNED_BY_FFMPEG = frozenset({"rtsp", "rtsps", "v4l2"})
"""Kinds whose pictures arrive flipped and turned already."""
_SECURE = frozenset({"https", "rtsps"})
_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
_OLDER_KINDS = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "mjpeg", "https": "mjpeg"}
_BAMBU_PATH = "/streaming/live/1"


@dataclass(frozen=True, slots=True)
class Turn:
    """What is still to be done to a picture: first the flips, then the turn."""

    flip_h: bool = False
    flip_v: bool = False
    rotate: int = 0  # degrees clockwise: 0, 90, 180, 270


NO_TURN = Turn()


def turn_of(source: CameraSource) -> Turn:
    if source.kind in TURNED_BY_FFMPEG:
        return NO_TURN
    counter_clockwise = 90 if source.rotate_90 else 0
    return Turn(source.flip_h, source.flip_v, (source.rotate - counter_clockwise) % 360)


def trust_nobody(camera: CameraConfig, host: str, port: int) -> Tls | None:
    """The system's own authorities decide."""
    del camera, host, port
    return None


def source_of(camera: CameraConfig, trust: Trusted) -> CameraSource:
    """Of an entry without problems."""
    parts = urlsplit(camera.url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    return CameraSource(
        kind=_kind(camera, parts.scheme),
        host=host,
        port=port,
        user=camera.user,
        secret=camera.password,
        tls=trust(camera, host, port) if parts.scheme in _SECURE else None,
        url=camera.url,
        snapshot_url=camera.snapshot_url,
        flip_h=camera.flip_h,
        flip_v=camera.flip_v,
        rotate=camera.rotate,
        device=camera.device,
        fps=camera.fps,
        width=camera.width,
    )


def _kind(camera: CameraConfig, scheme: str) -> str:
    if camera.type == "rig":
        return "push"
    return scheme if camera.type == "rtsp" else camera.type


def older_camera(printer: PrinterConfig, taken: Collection[str]) -> CameraConfig | None:
    """What the older dashboard's camera_url, camera_protocol, camera_path and camera_user mean.

    None when they only say what a Bambu printer's own camera is anyway.
    """
    url = _text(printer.options, "camera_url") or _older_address(printer)
    if not url or not printer.camera_enabled:
        return None
    try:
        parts = urlsplit(url)
        plain = _without_sign_in(parts)
    except ValueError:
        parts, plain = SplitResult("", "", "", "", ""), ""
    kind = _OLDER_KINDS.get(parts.scheme, "")
    usable = kind and parts.hostname
    return CameraConfig(
        id=_free_id(f"{printer.id}-camera", taken),
        name=f"{printer.name} camera",
        type=kind,
        printer=printer.id,
        url=plain,
        user=unquote(parts.username or "") or _text(printer.options, "camera_user"),
        password=_older_password(printer, parts),
        main=True,
        problems=() if usable else (f"camera_url of {printer.id} is no address of a camera",),
    )


def _free_id(wanted: str, taken: Collection[str]) -> str:
    while wanted in taken:
        wanted += "-2"
    return wanted


def _older_address(printer: PrinterConfig) -> str:
    """From protocol and path, where they name another stream than the printer's own."""
    scheme = _text(printer.options, "camera_protocol").lower()
    path = _text(printer.options, "camera_path")
    if scheme not in ("rtsp", "rtsps") or not path or path == _BAMBU_PATH:
        return ""
    return f"{scheme}://{printer.host}:{printer.rtsp_port}/{path.lstrip('/')}"


def _older_password(printer: PrinterConfig, parts: SplitResult) -> Secret:
    """The access code only for the printer itself, never for another address."""
    if parts.password:
        return Secret(unquote(parts.password))
    own = parts.scheme in ("rtsp", "rtsps") and parts.hostname == printer.host.lower()
    return printer.access_code if own else Secret("")


def _without_sign_in(parts: SplitResult) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, host + port, parts.path, parts.query, ""))


def _text(options: Any, name: str) -> str:
    value = options.get(name, "")
    return value.strip() if isinstance(value, str) else ""
