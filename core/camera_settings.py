"""``cameras``, ``timelapse``, ``prusa_connect`` and ``rigs`` of config.json, checked.

As with printers: a mistake in one camera's entry only makes that camera misconfigured.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args
from urllib.parse import urlsplit

from core.camera_config import (
    CameraConfig,
    CameraKind,
    CamerasConfig,
    ConnectCamera,
    PrusaConnectConfig,
    RigConfig,
    TimelapseConfig,
)
from core.checks import (
    Check,
    Problems,
    clean_entries,
    entries,
    flag,
    number,
    one_of,
    secret,
    suggest,
    text,
    texts,
)
from core.secret import Secret

KINDS: tuple[str, ...] = get_args(CameraKind)
_SCHEMES: Mapping[str, tuple[str, ...]] = {
    "mjpeg": ("http", "https"),
    "snapshot": ("http", "https"),
    "rtsp": ("rtsp", "rtsps"),
    "tcp_mjpeg": ("tcp",),
}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
MIN_TOKEN = 16


def _turn(value: Any) -> int:
    if isinstance(value, bool) or value not in (0, 90, 180, 270):
        raise ValueError("must be 0, 90, 180 or 270")
    return int(value)


def _width(value: Any) -> int:
    return 0 if value == 0 and value is not False else int(number(160, 3840, whole=True)(value))


_CAMERA: dict[str, Check] = {
    "id": text,
    "name": text,
    "type": text,
    "printer": text,
    "url": text,
    "snapshot_url": text,
    "device": text,
    "rig": text,
    "user": text,
    "password": secret,
    "tls": text,
    "fps": number(0.2, 30),
    "width": _width,
    "main": flag,
    "always_on": flag,
    "flip_h": flag,
    "flip_v": flag,
    "rotate": _turn,
}
_CAMERAS: dict[str, Check] = {
    "idle_s": number(5, 3600),
    "stale_s": number(2, 300),
    "ffmpeg": text,
    "list": entries,
}
_TIMELAPSE: dict[str, Check] = {
    "enabled": flag,
    "printers": texts,
    "mode": one_of("auto", "layer", "interval"),
    "every_layers": number(1, 100, whole=True),
    "every_s": number(1, 3600),
    "delay_s": number(0, 60),
    "fps": number(5, 60, whole=True),
    "max_s": number(2, 600),
    "hold_s": number(0, 30),
    "deflicker": flag,
    "render_cancelled": flag,
    "keep_days": number(0, 3650, whole=True),
    "keep_frames": flag,
    "reserve_mb": number(0, 1_000_000, whole=True),
}
_CONNECT: dict[str, Check] = {
    "enabled": flag,
    "host": text,
    "interval_s": number(10, 3600),
    "only_printing": flag,
    "cameras": entries,
}
_CONNECT_CAMERA: dict[str, Check] = {"camera": text, "token": secret, "fingerprint": text}
_RIG: dict[str, Check] = {
    "id": text, "name": text, "printer": text, "token": secret, "sha256": text,
}  # fmt: skip


def read_cameras(raw: Any, printers: Collection[str], problems: Problems) -> CamerasConfig:
    """``printers``: the ids that exist, which a camera may look at and must not take."""
    clean = clean_entries("cameras", raw, _CAMERAS, problems)
    taken = set(printers)
    listed = [
        _camera(item, index, printers, taken) for index, item in enumerate(clean.pop("list", []))
    ]
    return CamerasConfig(**clean, list=tuple(listed))


def _camera(raw: Any, index: int, printers: Collection[str], taken: set[str]) -> CameraConfig:
    path = f"cameras.list[{index}]"
    problems: Problems = []
    clean = clean_entries(path, raw, _CAMERA, problems)
    camera_id = _own_id(clean.get("id") or "", f"camera-{index + 1}", path, taken, problems)
    kind = clean.get("type", "")
    if kind not in KINDS:
        problems.append(f"{path}.type: must be one of {', '.join(KINDS)}.{suggest(kind, KINDS)}")
    else:
        _require(clean, kind, path, problems)
    _known_printer(clean.get("printer", ""), path, printers, problems)
    clean.update(id=camera_id, name=clean.get("name") or camera_id, type=kind)
    return CameraConfig(**clean, problems=tuple(problems))


def _require(clean: Mapping[str, Any], kind: str, path: str, problems: Problems) -> None:
    """Without these the camera cannot be reached."""
    if kind == "v4l2":
        if not clean.get("device", "").startswith("/dev/"):
            problems.append(f'{path}.device: is missing, like "/dev/video0".')
    elif kind == "rig":
        if not clean.get("rig"):
            problems.append(f"{path}.rig: is missing: the id of one of your rigs.")
    else:
        _address(clean.get("url", ""), kind, f"{path}.url", problems)
        if kind == "mjpeg" and clean.get("snapshot_url"):
            _address(clean["snapshot_url"], kind, f"{path}.snapshot_url", problems)


def _address(url: str, kind: str, path: str, problems: Problems) -> None:
    wanted = " or ".join(f"{scheme}://" for scheme in _SCHEMES[kind])
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        problems.append(f"{path}: is not an address.")
        return
    if parts.scheme not in _SCHEMES[kind] or not parts.hostname:
        problems.append(f"{path}: must be an address that begins with {wanted}.")
    elif parts.username is not None or parts.password is not None:
        problems.append(f'{path}: must not hold a password; give "user" and "password".')
    elif kind == "tcp_mjpeg" and not port:
        problems.append(f"{path}: needs a port, like tcp://127.0.0.1:9000.")


def _own_id(wanted: str, fallback: str, path: str, taken: set[str], problems: Problems) -> str:
    if not _ID.fullmatch(wanted):
        problems.append(f"{path}.id: must be 1 to 64 letters, digits, '.', '_' or '-'.")
        wanted = fallback
    if wanted in taken:
        problems.append(f'{path}.id: "{wanted}" is used twice (printers have cameras too).')
        wanted = f"{wanted}-{fallback}"
    taken.add(wanted)
    return wanted


def _known_printer(printer: str, path: str, printers: Collection[str], problems: Problems) -> None:
    if printer and printer not in printers:
        near = suggest(printer, printers)
        problems.append(f'{path}.printer: there is no printer "{printer}".{near}')


def read_timelapse(raw: Any, printers: Collection[str], problems: Problems) -> TimelapseConfig:
    clean = clean_entries("timelapse", raw, _TIMELAPSE, problems)
    for printer in clean.get("printers", ()):
        _known_printer(printer, "timelapse", printers, problems)
    return TimelapseConfig(**clean)


def read_connect(raw: Any, cameras: Collection[str], problems: Problems) -> PrusaConnectConfig:
    """``cameras``: ids of cameras and printers."""
    clean = clean_entries("prusa_connect", raw, _CONNECT, problems)
    host = clean.get("host", PrusaConnectConfig().host)
    if urlsplit(host).scheme not in ("http", "https") or not urlsplit(host).hostname:
        problems.append("prusa_connect.host: must be an address that begins with https://.")
    listed = []
    for index, item in enumerate(clean.pop("cameras", [])):
        path = f"prusa_connect.cameras[{index}]"
        entry = clean_entries(path, item, _CONNECT_CAMERA, problems)
        if entry.get("camera") not in cameras:
            problems.append(f"{path}.camera: must be the id of a camera or printer.")
        if not entry.get("token"):
            problems.append(f"{path}.token: is missing; Prusa Connect shows it for a new camera.")
        fingerprint = entry.get("fingerprint", "")
        if fingerprint and not 16 <= len(fingerprint) <= 80:
            problems.append(f"{path}.fingerprint: must have 16 to 80 characters.")
        listed.append(
            ConnectCamera(
                camera=entry.get("camera", ""),
                token=entry.get("token", Secret("")),
                fingerprint=fingerprint,
            )
        )
    return PrusaConnectConfig(**clean, cameras=tuple(listed))


def read_rigs(raw: Any, printers: Collection[str], problems: Problems) -> tuple[RigConfig, ...]:
    """Each {"id", "name", "printer", "token"}, or "sha256" of the token instead of it."""
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        problems.append("rigs: must be a list in brackets.")
        return ()
    taken: set[str] = set()
    return tuple(_rig(item, index, printers, taken, problems) for index, item in enumerate(raw))


def _rig(
    raw: Any, index: int, printers: Collection[str], taken: set[str], problems: Problems
) -> RigConfig:
    path = f"rigs[{index}]"
    clean = clean_entries(path, raw, _RIG, problems)
    rig_id = _own_id(clean.get("id") or "", f"rig-{index + 1}", path, taken, problems)
    token = clean.get("token", Secret("")).reveal()
    digest = clean.get("sha256", "").lower()
    if token and len(token) < MIN_TOKEN:
        problems.append(f"{path}.token: must have at least {MIN_TOKEN} characters.")
    elif token:
        digest = hashlib.sha256(token.encode()).hexdigest()
    elif not _SHA256.fullmatch(digest):
        problems.append(f'{path}: needs a "token", or its "sha256" of 64 hex digits.')
    _known_printer(clean.get("printer", ""), path, printers, problems)
    return RigConfig(
        id=rig_id, name=clean.get("name") or rig_id, printer=clean.get("printer", ""), sha256=digest
    )
