"""What a camera gives and how it is doing, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import FarmError

Cancelled = Callable[[], bool]
"""Asked by a reader a few times a second: should it hang up?"""


class AgedPicture(bytes):
    """A JPEG that was already so old when it came."""

    age_s: float = 0.0  # seconds

    @classmethod
    def of(cls, jpeg: bytes, age_s: float) -> AgedPicture:
        picture = cls(jpeg)
        picture.age_s = age_s
        return picture


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole picture."""

    jpeg: bytes
    taken_at: float  # epoch s when the farm had it, or earlier where the camera says so
    taken_mono: float  # the same on the monotonic clock
    seq: int  # rises by one per picture of this camera for the life of the process


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """With what a camera is read, for its diagnostics."""

    command: str = ""  # without addresses' passwords, "" = no program is needed
    version: str = ""  # of that program


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStatus:
    """A camera in words, for the panel."""

    mode: str  # "jpeg", "none"
    code: str  # off, misconfigured, idle, starting, live, stale, paused, or a CameraFailed code
    text: str  # "" while live or idle; else why there is no picture, no full stop
    seq: int = 0
    age_s: float | None = None  # of the latest picture, None = none
    failures: int = 0  # in a row
    retry_in_s: float | None = None
    readers_idle_s: float | None = None  # since somebody last asked for a picture
    kind: str = ""  # of its source: bambu_jpeg, mjpeg, snapshot, tcp_mjpeg, rtsp, rtsps, v4l2, push
    fps: float = 0.0  # measured over the last 10 s
    frames: int = 0  # since the farm started
    restarts: int = 0  # how often it was opened again after a failure
    last_error: str = ""  # the last failure in words, kept after the camera works again
    last_error_at: float | None = None  # epoch s
    held: int = 0  # who keeps it on without looking: timelapses, uploads, always_on
    width: int = 0  # pixels of the latest picture
    height: int = 0
    command: str = ""  # what reads it, without secrets
    ffmpeg: str = ""  # its version


class CameraFailed(FarmError):
    """No picture now. ``error_code``: off, unreachable, busy, certificate, not_ready, lost,
    stalled, bad_frames, internal, auth; over HTTP also address, not_found, no_picture,
    not_a_picture, protocol, redirected, server_error; with ffmpeg also no_ffmpeg, liveview_off,
    no_device."""

    code = "camera_failed"
    status = 503
