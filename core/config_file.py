"""config.json -> FarmConfig: every mistake at once, each with its path and a suggestion.

A mistake in the server's own settings stops the start (ConfigError). A mistake in one printer's
entry only makes that printer ``misconfigured``; the rest of the farm runs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from core.alert_settings import read_alerts
from core.bridge_settings import read_ai, read_feed, read_metrics, read_mqtt
from core.camera_settings import read_cameras, read_connect, read_rigs, read_timelapse
from core.checks import (
    PORT,
    Check,
    Problems,
    clean_entries,
    flag,
    mapping,
    number,
    one_of,
    secret,
    suggest,
    text,
    texts,
)
from core.config import (
    DispatchConfig,
    FarmConfig,
    HeatingConfig,
    LimitsConfig,
    PrinterConfig,
    SendKey,
    ServerConfig,
    SimulationConfig,
    SlicerConfig,
)
from core.errors import ConfigError
from core.jsonio import JSONDecodeError, loads


def send_keys(value: Any) -> tuple[SendKey, ...]:
    """Each {"name", "key"} or, so that the file holds no secret, {"name", "sha256"}."""
    wanted = 'must be a list like [{"name": "Workshop PC", "key": "at least 16 characters"}]'
    if not isinstance(value, list):
        raise ValueError(wanted)
    keys: list[SendKey] = []
    for item in value:
        if not isinstance(item, dict) or not set(item) <= {"name", "key", "sha256"}:
            raise ValueError(wanted)
        name, key, digest = (item.get(field, "") for field in ("name", "key", "sha256"))
        if not all(isinstance(part, str) for part in (name, key, digest)) or not name.strip():
            raise ValueError(wanted)
        if key and len(key) < 16:
            raise ValueError(f'the key of "{name}" is shorter than 16 characters')
        digest = hashlib.sha256(key.encode()).hexdigest() if key else digest.lower()
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise ValueError(f'"{name}" needs a "key", or a "sha256" of 64 hex digits')
        keys.append(SendKey(name=name.strip(), sha256=digest))
    return tuple(keys)


def heating(value: Any) -> HeatingConfig:
    """{"max": printers} and, or, {"circuits": {"bench 1": watts}}."""
    raw = mapping(value)
    unknown = sorted(set(raw) - {"max", "circuits"})
    if unknown:
        raise ValueError(f'has no setting "{unknown[0]}"; known are max, circuits')
    most = raw.get("max")
    circuits = raw.get("circuits", {})
    if not isinstance(circuits, dict) or not all(name.strip() for name in circuits):
        raise ValueError('"circuits" must be like {"bench 1": 2000}, in watts')
    watts = number(50, 100_000)
    return HeatingConfig(
        most=None if most is None else number(1, 1000, whole=True)(most),
        circuits={name.strip(): watts(value) for name, value in circuits.items()},
    )


_SERVER: dict[str, Check] = {
    "host": text,
    "port": number(0, 65535, whole=True),
    "allowed_hosts": texts,
    "trusted_proxies": texts,
    "send_keys": send_keys,
}
_DISPATCH: dict[str, Check] = {
    "enabled": flag,
    "interval_s": number(0.2, 3600),
    "auto_assign": flag,
    "require_bed_clear": flag,
    "max_uploads": number(1, 64, whole=True),
    "clear_s": number(10, 86_400),
    "heating": heating,
    "prestage": texts,
}
_SLICER: dict[str, Check] = {
    "enabled": flag,
    "preferred": one_of("auto", "orca", "bambu", "prusa", "cura"),
    "orca_paths": texts,
    "bambu_paths": texts,
    "prusa_paths": texts,
    "cura_paths": texts,
    "cura_definitions": texts,
    "timeout_s": number(10, 7200),
    "memory_mb": number(256, 65536, whole=True),
    "model_mb": number(1, 2000, whole=True),
}
_LIMITS: dict[str, Check] = {"upload_mb": number(1, 4096, whole=True)}
_SIMULATION: dict[str, Check] = {
    "time_scale": number(0.1, 1000),
    "control_port": number(0, 65535, whole=True),
}
_PRINTER: dict[str, Check] = {
    "id": text,
    "name": text,
    "type": text,
    "model": text,
    "printer_ip": text,
    "serial": text,
    "access_code": secret,
    "url": text,
    "api_key": secret,
    "user": text,
    "password": secret,
    "tls": text,
    "mqtt_port": PORT,
    "ftps_port": PORT,
    "camera_port": PORT,
    "rtsp_port": PORT,
    "tags": texts,
    "group": text,
    "nozzle_mm": number(0.1, 2.0),
    "build_plate": text,
    "circuit": text,
    "heating_w": number(10, 20_000),
    "simulate": flag,
    "camera_enabled": flag,
    "options": mapping,
}
_RENAMED = {"printer_ip": "host"}
_OLD_PRINTER = frozenset(
    {"camera_protocol", "camera_path", "camera_user", "camera_url", "poll_interval_sec"}
)
"""Of the owner's earlier dashboard: read without complaint, kept in options for the camera room."""
_OLD_TOP = frozenset({"poll_interval_sec", "dispatch_interval_sec"})
_TYPES = ("bambu", "octoprint", "moonraker", "prusalink", "feed")
_WANTED = {
    "bambu": ("printer_ip", "serial", "access_code"),
    "octoprint": ("url", "api_key"),
}
"""What a printer cannot be reached without; Moonraker may trust this machine without a key."""
_TOP = (
    "server", "printers", "dispatch", "slicer", "limits", "simulation", "cameras", "timelapse",
    "prusa_connect", "rigs", "alerts", "ai", "mqtt", "metrics", "feed",
)  # fmt: skip
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def _require_printer(entry: Mapping[str, Any], path: str, problems: Problems) -> None:
    kind = entry.get("type", "bambu")
    if kind not in _TYPES:
        problems.append(f'{path}.type: no such type "{kind}".{suggest(str(kind), _TYPES)}')
        return
    if entry.get("simulate"):
        return
    for key in _WANTED.get(kind, ("url",)):
        if not entry.get(key) and not any(p.startswith(f"{path}.{key}:") for p in problems):
            problems.append(f"{path}.{key}: is missing.")
    signed_in = entry.get("api_key") or (entry.get("user") and entry.get("password"))
    if kind == "prusalink" and not signed_in:
        problems.append(f'{path}.api_key: is missing (or give "user" and "password").')


def _printer(raw: Any, index: int, taken: set[str], notes: list[str]) -> PrinterConfig:
    path = f"printers[{index}]"
    problems: Problems = []
    clean = clean_entries(path, raw, _PRINTER, problems, also=_OLD_PRINTER)
    old = {k: v for k, v in raw.items() if k in _OLD_PRINTER} if isinstance(raw, dict) else {}
    if old.pop("poll_interval_sec", None) is not None:
        notes.append(f"{path}.poll_interval_sec is ignored: printers report by themselves.")
    printer_id = clean.get("id") or ""
    if not _ID.fullmatch(printer_id):
        problems.append(f"{path}.id: must be 1 to 64 letters, digits, '.', '_' or '-'.")
        printer_id = f"printer-{index + 1}"
    if printer_id in taken:
        problems.append(f'{path}.id: "{printer_id}" is used twice.')
        printer_id = f"{printer_id}-{index + 1}"
    taken.add(printer_id)
    _require_printer(clean, path, problems)
    clean["options"] = {**clean.get("options", {}), **old}
    values = {_RENAMED.get(key, key): value for key, value in clean.items()}
    values.update(id=printer_id, name=clean.get("name") or printer_id)
    values["serial"] = values.get("serial", "").upper()
    values.setdefault("type", "bambu")
    values.setdefault("model", "")
    return PrinterConfig(**values, problems=tuple(problems))


def _printers(raw: Any, problems: Problems, notes: list[str]) -> tuple[PrinterConfig, ...]:
    if not isinstance(raw, list):
        problems.append("printers: must be a list in brackets.")
        return ()
    taken: set[str] = set()
    printers = [_printer(entry, index, taken, notes) for index, entry in enumerate(raw)]
    first: dict[str, PrinterConfig] = {}
    for index, printer in enumerate(printers):
        same = first.setdefault(_address(printer) or f"#{index}", printer)
        if same is not printer:
            text = f'printers[{index}]: is the same printer as "{same.id}", at the same address.'
            printers[index] = replace(printer, problems=(*printer.problems, text))
    return tuple(printers)


def _address(printer: PrinterConfig) -> str:
    """Where two entries would meet; "" for one that has no address of its own."""
    if printer.simulate or printer.type == "feed":  # who only looks is in nobody's way
        return ""
    if printer.type == "bambu":
        return f"bambu {printer.serial}" if printer.serial else ""
    return printer.url.rstrip("/").casefold().removeprefix("http://")


def read_config(content: bytes, source: str, data_dir: Path) -> FarmConfig:
    """Parse one configuration. Raises ConfigError listing everything wrong outside printers."""
    try:
        raw = loads(content)
    except JSONDecodeError as error:
        raise ConfigError(f"{source} is not valid JSON: {error}") from error
    problems: Problems = []
    notes: list[str] = []
    if not isinstance(raw, dict):
        raise ConfigError(f"{source} must be one object in braces.")
    for key in raw:
        if key not in _TOP and key not in _OLD_TOP and not key.startswith("_"):
            problems.append(f'unknown setting "{key}".{suggest(key, _TOP)}')
    if "poll_interval_sec" in raw:
        notes.append("poll_interval_sec is ignored: printers report by themselves.")
    dispatch = dict(raw["dispatch"]) if isinstance(raw.get("dispatch"), dict) else {}
    if "dispatch_interval_sec" in raw:
        dispatch.setdefault("interval_s", raw["dispatch_interval_sec"])
    old_slicer = {"command_args", "max_wait_sec"}
    printers = _printers(raw.get("printers", []), problems, notes)
    ids = {printer.id for printer in printers}
    cameras = read_cameras(raw.get("cameras", {}), ids, problems)
    config = FarmConfig(
        printers=printers,
        server=ServerConfig(**clean_entries("server", raw.get("server", {}), _SERVER, problems)),
        dispatch=DispatchConfig(**clean_entries("dispatch", dispatch, _DISPATCH, problems)),
        slicer=SlicerConfig(
            **clean_entries("slicer", raw.get("slicer", {}), _SLICER, problems, also=old_slicer)
        ),
        limits=LimitsConfig(**clean_entries("limits", raw.get("limits", {}), _LIMITS, problems)),
        simulation=SimulationConfig(
            **clean_entries("simulation", raw.get("simulation", {}), _SIMULATION, problems)
        ),
        cameras=cameras,
        timelapse=read_timelapse(raw.get("timelapse", {}), ids, problems),
        prusa_connect=read_connect(
            raw.get("prusa_connect", {}), {*ids, *(camera.id for camera in cameras.list)}, problems
        ),
        rigs=read_rigs(raw.get("rigs", []), ids, problems),
        alerts=read_alerts(
            raw.get("alerts", {}), ids, {item.group for item in printers} - {""}, problems, notes
        ),
        ai=read_ai(raw.get("ai", {}), ids, problems),
        mqtt=read_mqtt(raw.get("mqtt", {}), problems),
        metrics=read_metrics(raw.get("metrics", {}), problems),
        feed=read_feed(raw.get("feed", {}), problems),
        data_dir=data_dir,
        source=source,
        notes=tuple(notes),
    )
    config = _with_circuits(config)
    if not config.dispatch.require_bed_clear:
        config = replace(config, notes=(*config.notes, _BED_NOTE))
    if problems:
        listed = "\n  ".join(problems)
        raise ConfigError(f"{source} has mistakes:\n  {listed}", details={"problems": problems})
    return config


_BED_NOTE = (
    "dispatch.require_bed_clear: false has no effect. Every print waits until its bed is marked "
    "clear: only a proven auto-eject could stand in for a person, and this version has none."
)


def _with_circuits(config: FarmConfig) -> FarmConfig:
    """A printer on a circuit that nobody has heard of, or that it overloads alone."""
    circuits = config.dispatch.heating.circuits
    printers = []
    for index, printer in enumerate(config.printers):
        path, wrong = f"printers[{index}]", ""
        budget = circuits.get(printer.circuit)
        if printer.circuit and budget is None:
            near = suggest(printer.circuit, circuits)
            wrong = f'{path}.circuit: dispatch.heating has no circuit "{printer.circuit}".{near}'
        elif budget is not None and (printer.heating_w or 0) > budget:
            wrong = f"{path}.heating_w: is more than its whole circuit has, {budget:g} W."
        problems = (*printer.problems, wrong) if wrong else printer.problems
        printers.append(replace(printer, problems=problems))
    return replace(config, printers=tuple(printers))


def printer_settings() -> tuple[str, ...]:
    """Every setting a printer entry may have, for the documentation's own test."""
    return tuple(_PRINTER)


def config_fields() -> tuple[str, ...]:
    """Every top-level setting, for the documentation's own test."""
    return tuple(field.name for field in fields(FarmConfig) if field.name in _TOP)
