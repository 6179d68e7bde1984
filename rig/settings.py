"""The rig's config.json as frozen data. All times in seconds; rig/reading.py reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rig.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """BCM numbers, 0–27."""

    button: int = 22
    red: int = 17
    yellow: int = 23
    green: int = 27
    dht22: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    kind: str = "picamera2"  # or "command", "file", "test"
    width: int = 1920
    height: int = 1080
    fps: float = 5.0  # 0.2–30
    quality: int = 85  # 1–100, of the JPEGs
    stale: float = 10.0  # 2–300, without a picture for so long: the source is started anew
    command: tuple[str, ...] = ()  # kind command: a program that writes JPEGs; () = rpicam-vid
    path: str = ""  # kind file: a JPEG that is replaced now and then, or a folder of them


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSettings:
    kind: str = "dht22"  # by adafruit_dht; "iio" by the kernel's driver; "none"
    path: str = ""  # iio: the device's folder; "" = the first one that measures both


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSettings:
    fps: int = 25  # 5–60
    longest: float = 60.0  # 2–600, a longer one leaves frames out evenly
    hold: float = 2.0  # 0–30, the last picture stays
    crf: int = 22  # 15–35, smaller is better and larger
    deflicker: bool = False
    ffmpeg: str = "ffmpeg"
    ffprobe: str = "ffprobe"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullSettings:
    """For get_timelapses.py, which runs on another computer."""

    raspi_host: str = ""
    raspi_port: int = 22
    username: str = "rig"
    private_key_path: str = "~/.ssh/id_ed25519"
    private_key_passphrase: Secret = field(default_factory=lambda: Secret(""))
    known_hosts: str = "~/.ssh/known_hosts"
    remote_folders: tuple[str, ...] = ("/var/lib/farm-rig/Timelapses",)
    local_folder: str = "Timelapses"
    poll_interval: float = 60.0  # 2–86400
    remove: bool = True  # on the Pi, after the copy here is verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    server: str = ""  # http(s)://farm:8000; "" = work alone
    rig: str = ""
    token: Secret = field(default_factory=lambda: Secret(""))
    tls: str = "system"  # or an authority's file, or sha256:… of the farm's own certificate
    printer: str = ""  # what it looks at, for the log; the farm's config decides
    follow: str = "end"  # "end" ends sessions with the print, "print" also starts them, "off"
    status_delay: float = 10.0  # 1–3600
    temphum_delay: float = 30.0  # 2–3600
    image_delay: float = 1.0  # 0.1–3600, between preview pictures
    click_gap: float = 0.3  # 0.1–2, the longest pause within a multi-click
    bounce: float = 0.01  # 0–0.2
    same_layer: float = 8.0  # 0–60, button and farm within this time mean the same layer
    retry_first: float = 1.0  # 0.1–60, to the next attempt to reach the farm
    retry_last: float = 30.0  # 1–600
    resume_within: float = 3600.0  # 0–86400, after a restart: record on; later: build the video
    keep_days: int = 14  # finished videos, 0 = for ever
    reserve_mb: int = 500  # free space below which no frame is saved
    buffer: int = 2000  # 10–100000 readings and events kept for the farm while it is away
    photos: Path = Path("Photos")
    timelapses: Path = Path("Timelapses")
    pins: Pins = field(default_factory=Pins)
    camera: CameraSettings = field(default_factory=CameraSettings)
    sensor: SensorSettings = field(default_factory=SensorSettings)
    video: VideoSettings = field(default_factory=VideoSettings)
    pull: PullSettings = field(default_factory=PullSettings)
