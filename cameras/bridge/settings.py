"""The bridge's settings: environment variables only, so that no token is in a process list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.camera_config import CameraConfig, PrusaConnectConfig
from core.camera_settings import read_cameras, read_connect
from core.errors import ConfigError

CAMERA = "camera"
"""The id of the only camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    camera: CameraConfig
    connect: PrusaConnectConfig  # enabled with PC_TOKEN
    host: str = "127.0.0.1"
    port: int = 8081  # 0 = a free one
    stale_s: float = 10.0  # 2–300, an older picture is not served
    max_streams: int = 16  # 1–256 viewers of /stream.mjpg
    folder: Path = Path()  # keeps the fingerprint


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Raises ConfigError with every mistake."""
    problems: list[str] = []
    camera = _camera(environ, problems)
    settings = Settings(
        camera=camera,
        connect=_connect(environ, problems),
        host=environ.get("HOST") or "127.0.0.1",
        port=round(_number(environ, "PORT", 8081, 0, 65535, problems)),
        stale_s=_number(environ, "STALE_SECONDS", 10, 2, 300, problems),
        max_streams=round(_number(environ, "MAX_CLIENTS", 16, 1, 256, problems)),
        folder=_folder(environ),
    )
    if problems:
        raise ConfigError(" ".join(problems), details={"problems": problems})
    return settings


def _camera(environ: Mapping[str, str], problems: list[str]) -> CameraConfig:
    entry = {
        "id": CAMERA,
        "name": environ.get("PC_NAME") or "Camera",
        "type": "tcp_mjpeg",
        "url": environ.get("MJPEG_URL") or "tcp://127.0.0.1:9000",
    }
    found = read_cameras({"list": [entry]}, (), problems).list[0]
    problems += [text.replace("cameras.list[0].url", "MJPEG_URL") for text in found.problems]
    return found


def _connect(environ: Mapping[str, str], problems: list[str]) -> PrusaConnectConfig:
    token = environ.get("PC_TOKEN", "").strip()
    if not token:
        return PrusaConnectConfig()
    entry = {
        "camera": CAMERA,
        "token": token,
        "fingerprint": environ.get("PC_FINGERPRINT", "").strip(),
    }
    raw = {
        "enabled": True,
        "host": environ.get("PC_HOST") or PrusaConnectConfig().host,
        "interval_s": _number(environ, "INTERVAL_SECONDS", 10, 10, 3600, problems),
        "cameras": [entry],
    }
    wrong: list[str] = []
    found = read_connect(raw, (CAMERA,), wrong)
    names = {
        "prusa_connect.cameras[0].fingerprint": "PC_FINGERPRINT",
        "prusa_connect.host": "PC_HOST",
    }
    for text in wrong:
        for path, name in names.items():
            text = text.replace(path, name)
        problems.append(text)
    return found


def _number(
    environ: Mapping[str, str],
    name: str,
    default: float,
    low: float,
    high: float,
    problems: list[str],
) -> float:
    text = environ.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        problems.append(f"{name}: must be a number from {low:g} to {high:g}.")
        return default
    return value


def _folder(environ: Mapping[str, str]) -> Path:
    """systemd's StateDirectory=, else the user's own."""
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    home = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or "/") / ".local" / "state"
    return Path(home) / "camera-bridge"
