"""Settings of cameras, timelapses, Prusa Connect and rigs as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from core.secret import Secret

CameraKind = Literal["mjpeg", "snapshot", "rtsp", "tcp_mjpeg", "v4l2", "rig"]
Rotation = Literal[0, 90, 180, 270]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraConfig:
    """One entry of ``cameras.list``: a camera that no printer brings along itself."""

    id: str  # unique among cameras and printers: a printer's own camera has the printer's id
    name: str
    type: str  # a CameraKind; anything else comes with a problem
    printer: str = ""  # the printer it looks at, "" = the room
    url: str = ""  # mjpeg, snapshot: http(s); rtsp: rtsp(s); tcp_mjpeg: tcp://host:port
    snapshot_url: str = ""  # mjpeg: where single pictures are, "" = none
    device: str = ""  # v4l2: /dev/video0
    rig: str = ""  # type rig: an id of ``rigs``
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    tls: str = ""  # as of a printer: "" pins on first use, "system", or an authority's file
    fps: float = 5.0  # 0.2–30, pictures a second wanted of rtsp and v4l2
    width: int = 0  # pixels, 160–3840; rtsp and v4l2 scale down to it, 0 = as it comes
    main: bool = False  # show it instead of the printer's own
    always_on: bool = False  # read also while nobody looks
    flip_h: bool = False
    flip_v: bool = False
    rotate: int = 0  # degrees clockwise, after flipping: 0, 90, 180, 270
    problems: tuple[str, ...] = ()
    """What is wrong with this entry. Not empty: shown as misconfigured; the others work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CamerasConfig:
    idle_s: float = 20.0  # 5–3600, hang up so long after the last reader
    stale_s: float = 30.0  # 2–300, an older picture is never shown as live
    ffmpeg: str = ""  # path; "" = PATH, else the one of imageio-ffmpeg
    list: tuple[CameraConfig, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelapseConfig:
    enabled: bool = False
    printers: tuple[str, ...] = ()  # ids; empty = all
    mode: str = "auto"  # "layer", "interval"; auto = by layer where the printer tells it
    every_layers: int = 1  # 1–100
    every_s: float = 30.0  # 1–3600
    delay_s: float = 0.0  # 0–60, from the new layer to the picture (the head is parked by then)
    fps: int = 25  # 5–60, of the video
    max_s: float = 60.0  # 2–600, a longer video leaves frames out
    hold_s: float = 2.0  # 0–30, the last picture stays
    deflicker: bool = False
    render_cancelled: bool = True
    keep_days: int = 0  # videos, 0 = for ever; 0–3650
    keep_frames: bool = False  # after a verified video
    reserve_mb: int = 1024  # free disk below which nothing is recorded; 0–1000000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectCamera:
    """A camera that Prusa Connect is to show."""

    camera: str  # a camera's id; a printer's id means its main camera
    token: Secret
    fingerprint: str = ""  # 16–80 characters; "" = made once and kept in the data folder


@dataclass(frozen=True, slots=True, kw_only=True)
class PrusaConnectConfig:
    enabled: bool = False
    host: str = "https://webcam.connect.prusa3d.com"
    interval_s: float = 10.0  # 10–3600
    only_printing: bool = False
    cameras: tuple[ConnectCamera, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RigConfig:
    """A Raspberry Pi beside a printer (rig/) that may send pictures and readings."""

    id: str
    name: str
    sha256: str  # of its token, lower-case hex
    printer: str = ""
