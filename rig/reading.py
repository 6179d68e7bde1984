"""Reads config.json: every mistake at once, each with its path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rig.errors import SettingsError
from rig.secret import Secret
from rig.settings import (
    CameraSettings,
    Pins,
    PullSettings,
    SensorSettings,
    Settings,
    VideoSettings,
)

Check = Callable[[Any], Any]
"""Gives the clean value; raises ValueError with what is wanted."""
MIN_TOKEN = 16
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PIN = re.compile(r"sha256:[0-9a-fA-F]{64}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text in quotes")
    return value.strip()


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError('must be a list of texts, like ["a", "b"]')
    return tuple(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _number(low: float, high: float, *, whole: bool = False) -> Check:
    def check(value: Any) -> Any:
        right = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not right or not low <= value <= high or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            raise ValueError(f"must be {kind} from {low:g} to {high:g}")
        return int(value) if whole else float(value)

    return check


def _one_of(*allowed: str) -> Check:
    def check(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value

    return check


def _secret(value: Any) -> Secret:
    return Secret(_text(value))


def _server(value: Any) -> str:
    address = _text(value).rstrip("/")
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address") from None
    if address and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError('must be an address like "http://192.168.1.10:8000"')
    if parts.username is not None or parts.query or parts.path:
        raise ValueError("must be host and port only; the token has its own setting")
    return address


def _rig_id(value: Any) -> str:
    if not _ID.fullmatch(_text(value)):
        raise ValueError("must be 1 to 64 letters, digits, '.', '_' or '-'")
    return _text(value)


def _tls(value: Any) -> str:
    chosen = _text(value)
    if chosen.startswith("sha256:") and not _PIN.fullmatch(chosen):
        raise ValueError("must be sha256: and 64 hex digits, an authority's file, or system")
    return chosen.lower() if chosen.startswith("sha256:") else chosen


def _folder(value: Any) -> Path:
    if not _text(value):
        raise ValueError("must be a folder")
    return Path(_text(value)).expanduser()


_BCM = _number(0, 27, whole=True)
_PORT = _number(1, 65535, whole=True)
_DELAYS: Mapping[str, Check] = {
    "status_delay": _number(1, 3600),
    "temphum_delay": _number(2, 3600),
    "image_delay": _number(0.1, 3600),
}
_TOP: Mapping[str, Check] = {
    "server": _server, "rig": _rig_id, "token": _secret, "token_file": _text, "tls": _tls,
    "printer": _text, "follow": _one_of("off", "end", "print"), **_DELAYS,
    "click_gap": _number(0.1, 2), "bounce": _number(0, 0.2), "same_layer": _number(0, 60),
    "retry_first": _number(0.1, 60), "retry_last": _number(1, 600),
    "resume_within": _number(0, 86_400), "keep_days": _number(0, 3650, whole=True),
    "reserve_mb": _number(0, 1_000_000, whole=True), "buffer": _number(10, 100_000, whole=True),
    "photos": _folder, "timelapses": _folder,
}  # fmt: skip
_PARTS: Mapping[str, tuple[type[Any], Mapping[str, Check]]] = {
    "pins": (Pins, dict.fromkeys(("button", "red", "yellow", "green", "dht22"), _BCM)),
    "camera": (CameraSettings, {
        "kind": _one_of("picamera2", "command", "file", "test"),
        "width": _number(64, 9152, whole=True), "height": _number(64, 6944, whole=True),
        "fps": _number(0.2, 30), "quality": _number(1, 100, whole=True),
        "stale": _number(2, 300), "command": _texts, "path": _text,
    }),
    "sensor": (SensorSettings, {"kind": _one_of("dht22", "iio", "none"), "path": _text}),
    "video": (VideoSettings, {
        "fps": _number(5, 60, whole=True), "longest": _number(2, 600), "hold": _number(0, 30),
        "crf": _number(15, 35, whole=True), "deflicker": _flag, "ffmpeg": _text, "ffprobe": _text,
    }),
    "pull": (PullSettings, {
        "raspi_host": _text, "raspi_port": _PORT, "username": _text, "private_key_path": _text,
        "private_key_passphrase": _secret, "known_hosts": _text, "remote_folders": _texts,
        "local_folder": _text, "poll_interval": _number(2, 86_400), "remove": _flag,
    }),
}  # fmt: skip


def read_delays(raw: Mapping[str, Any]) -> dict[str, float]:
    """Those of the three delays that are there and right; the others are left out."""
    clean: dict[str, float] = {}
    _clean("", {name: raw[name] for name in _DELAYS if name in raw}, _DELAYS, clean, [])
    return clean


def _clean(
    path: str, raw: Any, checks: Mapping[str, Check], clean: dict[str, Any], problems: list[str]
) -> None:
    if not isinstance(raw, dict):
        problems.append(f"{path or 'config.json'}: must be an object in braces.")
        return
    for key, value in raw.items():
        where = f"{path}.{key}" if path else key
        if key.startswith("_") or (not path and key in _PARTS):
            continue
        if key not in checks:
            problems.append(f"{where}: there is no such setting.")
            continue
        try:
            clean[key] = checks[key](value)
        except ValueError as error:
            problems.append(f"{where}: {error}.")


def parse(raw: Any, base: Path = Path()) -> Settings:
    """``base``: the folder that relative paths start from. Raises SettingsError."""
    problems: list[str] = []
    clean: dict[str, Any] = {}
    _clean("", raw, _TOP, clean, problems)
    for name, (build, checks) in _PARTS.items():
        inner: dict[str, Any] = {}
        if isinstance(raw, dict) and name in raw:
            _clean(name, raw[name], checks, inner, problems)
        clean[name] = build(**inner)
    for folder in ("photos", "timelapses"):
        clean[folder] = base / clean.get(folder, getattr(Settings(), folder))
    _token(clean, base, problems)
    settings = Settings(**clean)
    _together(settings, problems)
    if problems:
        raise SettingsError(problems)
    return settings


def _token(clean: dict[str, Any], base: Path, problems: list[str]) -> None:
    """A file is better: config.json may then be readable for everybody."""
    path = clean.pop("token_file", "")
    if not path:
        return
    if clean.get("token"):
        problems.append("token: is given twice, here and by token_file; keep one.")
    try:
        clean["token"] = Secret((base / path).read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"token_file: {path} cannot be read ({error}).")


def _together(settings: Settings, problems: list[str]) -> None:
    """What single settings cannot know."""
    if settings.server and not settings.rig:
        problems.append("rig: is missing: the id of this rig in the farm's config.json.")
    if settings.server and len(settings.token.reveal()) < MIN_TOKEN and not _named(problems):
        problems.append(f"token: must have at least {MIN_TOKEN} characters; the farm has it too.")
    pins = settings.pins
    numbers = [pins.button, pins.red, pins.yellow, pins.green, pins.dht22]
    if len(set(numbers)) < len(numbers):
        problems.append("pins: two of them are the same.")
    if settings.camera.kind == "file" and not settings.camera.path:
        problems.append("camera.path: is missing: a JPEG, or a folder of them.")
    if settings.retry_last < settings.retry_first:
        problems.append("retry_last: must not be less than retry_first.")


def _named(problems: list[str]) -> bool:
    return any(problem.startswith("token") for problem in problems)


def load(path: Path) -> Settings:
    """Raises SettingsError."""
    try:
        raw = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError([f"{path} cannot be read ({error.strerror or error})."]) from error
    except ValueError as error:
        raise SettingsError([f"{path} is no JSON: {error}."]) from error
    return parse(raw, path.resolve().parent)
