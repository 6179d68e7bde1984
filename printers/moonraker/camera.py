"""Moonraker's list of webcams -> where the farm finds the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from core.secret import Secret
from printers.base import CameraSource
from printers.lan.address import Address
from printers.lan.trust import Trust
from printers.moonraker.values import text, whole

_MJPEG = ("mjpegstreamer", "ipstream", "uv4l-mjpeg")
_URL_MAX = 1000
_OWN_PORTS = range(7125, 7140)
"""Moonraker's usual port, and those of several on one computer: no web server is behind them."""


def choose(webcams: Iterable[Mapping[str, Any]], wanted: str = "") -> Mapping[str, Any] | None:
    """The first enabled one with an address, or the one the owner names."""
    for webcam in webcams:
        named = not wanted or text(webcam.get("name")) == wanted
        if named and webcam.get("enabled") is not False and (_stream(webcam) or _snapshot(webcam)):
            return webcam
    return None


def source_of(
    webcam: Mapping[str, Any],
    address: Address,
    trust: Trust,
    headers: Callable[[], Mapping[str, str]],
) -> CameraSource | None:
    """None when its addresses cannot be used. The key goes along only to our own server."""
    stream, snapshot = (absolute(url, address) for url in (_stream(webcam), _snapshot(webcam)))
    url = stream or snapshot
    if not url:
        return None
    own = address.owns(url) and (not snapshot or address.owns(snapshot))
    turned, flip_h, flip_v = _turned(webcam)
    parts = urlsplit(url)
    return CameraSource(
        kind="mjpeg" if stream else "snapshot",
        host=parts.hostname or "",
        port=parts.port or (443 if parts.scheme == "https" else 80),
        secret=Secret(""),
        tls=trust.context if own else None,
        url=url,
        snapshot_url=snapshot,
        headers=headers if own else dict,
        flip_h=flip_h,
        flip_v=flip_v,
        rotate_90=turned,
    )


def absolute(url: str, address: Address) -> str:
    """Relative addresses lie behind the web server on the printer's computer, not behind
    Moonraker's own port (octoprint-moonraker 4.Moonraker.12). "" = unusable."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    front = f"{address.scheme}://{host}" if address.port in _OWN_PORTS else address.origin
    try:
        found = urljoin(f"{front}/", url) if url else ""
        parts = urlsplit(found)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return found if usable else ""


def _stream(webcam: Mapping[str, Any]) -> str:
    """Only services whose stream is a row of JPEG pictures."""
    service = text(webcam.get("service"), 60).casefold()
    return text(webcam.get("stream_url"), _URL_MAX) if service in _MJPEG else ""


def _snapshot(webcam: Mapping[str, Any]) -> str:
    return text(webcam.get("snapshot_url"), _URL_MAX)


def _turned(webcam: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    """(a quarter turn left, flips before it) for Moonraker's clockwise ``rotation``."""
    flip_h, flip_v = (webcam.get(f"flip_{way}") is True for way in ("horizontal", "vertical"))
    rotation = (whole(webcam.get("rotation")) or 0) % 360
    if rotation in (90, 180):
        flip_h, flip_v = not flip_h, not flip_v
    return rotation in (90, 270), flip_h, flip_v
