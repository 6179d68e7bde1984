"""What a camera gives and how it is doing, as data."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import FarmError


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole picture."""

    jpeg: bytes
    taken_at: float  # epoch s when the farm had it
    taken_mono: float  # the same on the monotonic clock
    seq: int  # rises by one per picture of this camera for the life of the process


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStatus:
    """A camera in words, for the panel."""

    mode: str  # "jpeg", "rtsp", "none"
    code: str  # off, idle, starting, live, stale, paused, video, or a CameraFailed code
    text: str  # "" while live or idle; else why there is no picture, no full stop
    seq: int = 0
    age_s: float | None = None  # of the latest picture, None = none
    failures: int = 0  # in a row
    retry_in_s: float | None = None
    readers_idle_s: float | None = None  # since somebody last asked for a picture


class CameraFailed(FarmError):
    """No picture now. ``error_code``: off, unreachable, busy, certificate, not_ready, lost,
    stalled, bad_frames, internal; over HTTP also address, auth, not_found, no_picture,
    not_a_picture, protocol, redirected, server_error."""

    code = "camera_failed"
    status = 503
