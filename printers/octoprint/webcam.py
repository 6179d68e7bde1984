"""The webcam OctoPrint's settings name -> addresses a picture can be fetched from."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from printers.octoprint.fields import flag, mapping, path, sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Webcam:
    stream_url: str = ""  # MJPEG
    snapshot_url: str = ""
    flip_h: bool = False
    flip_v: bool = False
    rotate_90: bool = False

    def __bool__(self) -> bool:
        return bool(self.stream_url or self.snapshot_url)


def webcam_of(settings: object, server_url: str) -> Webcam:
    """From /api/settings. Nothing else of it is kept: it holds keys.

    ``server_url``: where OctoPrint's own page is, for relative addresses.
    """
    webcam = mapping(mapping(settings).get("webcam"))
    if webcam.get("webcamEnabled") is False:
        return Webcam()
    chosen = _chosen(webcam)
    compat = mapping(chosen.get("compat"))
    source = chosen or webcam
    return Webcam(
        stream_url=_stream(compat.get("stream") or webcam.get("streamUrl"), server_url),
        snapshot_url=_snapshot(compat.get("snapshot") or webcam.get("snapshotUrl"), server_url),
        flip_h=flag(source.get("flipH")),
        flip_v=flag(source.get("flipV")),
        rotate_90=flag(source.get("rotate90")),
    )


def _chosen(webcam: Mapping[str, Any]) -> Mapping[str, Any]:
    """The default one of several; servers before 1.9 have a single one and no list."""
    cameras = [mapping(item) for item in sequence(webcam.get("webcams"))]
    wanted = webcam.get("defaultWebcam")
    named = (camera for camera in cameras if camera.get("name") == wanted)
    return next(named, cameras[0] if cameras else {})


def _joined(value: object, server_url: str) -> str:
    address = path(value).strip()
    if not address:
        return ""
    try:
        whole = urljoin(server_url.rstrip("/") + "/", address)
        parts = urlsplit(whole)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return whole if usable else ""


def _stream(value: object, server_url: str) -> str:
    """ "" for WebRTC and HLS, which are no MJPEG."""
    whole = _joined(value, server_url)
    return "" if whole.split("?")[0].lower().endswith((".m3u8", ".mp4")) else whole


def _snapshot(value: object, server_url: str) -> str:
    """OctoPrint fetches it itself, so "localhost" there means its machine, not the farm's."""
    whole = _joined(value, server_url)
    if whole and _is_loopback(whole) and not _is_loopback(server_url):
        return ""
    return whole


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
