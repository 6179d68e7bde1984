"""Starting a file: project_file, gcode_file, and the touch screen (A8, B2.7, B2.8)."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.ams import EXTERNAL, NONE
from simulator.bambu.requests.ams_commands import external_tray
from simulator.bambu.requests.outcome import Body, Refused
from simulator.gcode import Timeline, timeline_of
from simulator.print_run import Start
from simulator.state import (
    BAD_MAPPING,
    BUSY_REFUSED,
    CANCELLED,
    NO_MAPPING,
    NOT_PARSED,
    STORAGE_ERROR,
)
from simulator.storage import StorageError

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_EMPTY = Timeline(600.0, 0, (), ())
_URLS = re.compile(
    r"^(?:ftp://|file:///sdcard/|file:///mnt/sdcard/|file:///media/usb0/)(?P<path>.+)$"
)
_MD5 = re.compile(r"^[0-9A-Fa-f]{32}$")
_PLATE = re.compile(r"^Metadata/plate_(\d+)\.gcode$")
_OBJECT = re.compile(rb'<object identify_id="(\d+)"')
_COLOR = re.compile(rb'"filament_colou?rs":\s*\[\s*"#([0-9A-Fa-f]{6})')
_MAX_GCODE = 256_000_000


class _Bad(Exception):
    """The job will end with this print_error after PREPARE."""

    def __init__(self, error: int) -> None:
        super().__init__(f"{error:08X}")
        self.error = error


def project_file(machine: BambuMachine, body: Body) -> Body:
    """Accepted at once; what is wrong with the file shows as a state later (B2.8)."""
    if machine.job.busy:
        if machine.knobs.a1mini_cancel and machine.run is not None:
            machine.run.fail(CANCELLED)
        raise Refused("busy", BUSY_REFUSED, echo=True)
    match = _PLATE.match(str(body.get("param", "")))
    plate = int(match[1]) if match else 1
    path = _path_of(body)
    try:
        if match is None or path is None:
            raise _Bad(NOT_PARSED)
        start = _read(machine, path, plate, body)
    except _Bad as bad:
        start = Start(timeline=_EMPTY, error=bad.error)
    if machine.knobs.bad_file:
        start.error = NOT_PARSED
    _delayed(machine, lambda: _accept(machine, path or "", plate, body, start))
    return {"result": "success"}


def _delayed(machine: BambuMachine, action: Callable[[], None]) -> None:
    knobs = machine.knobs
    wait = knobs.start_delay_s
    if machine.job.gcode_state == "FINISH":
        wait = max(wait, knobs.finish_linger_s)
    if wait > 0:
        machine.after(wait, action)
    else:
        action()


def _accept(machine: BambuMachine, path: str, plate: int, body: Body, start: Start) -> None:
    if machine.job.busy:
        return
    job = machine.job
    name = path.rsplit("/", 1)[-1]
    job.file, job.plate = name, plate
    job.subtask_name = str(body.get("subtask_name") or name.removesuffix(".gcode.3mf"))
    for key in job.ids:
        job.ids[key] = str(body.get(key, "0"))
    job.print_type = "local"
    job.started_at = machine.wall_time
    mapping = body.get("ams_mapping")
    job.mapping = [i for i in mapping if isinstance(i, int)] if isinstance(mapping, list) else []
    job.timelapse = bool(body.get("timelapse"))
    machine.health.print_error = 0
    machine.begin(start)


def _path_of(body: Body) -> str | None:
    """The path on the storage a url means (A8.1); None for schemes that cannot satisfy it."""
    url = body.get("url")
    if not url:
        name = body.get("file")
        return f"/{name}" if name and body.get("md5") == "from_sd_card" else None
    match = _URLS.match(str(url))
    return "/" + match["path"].lstrip("/") if match else None


def _read(machine: BambuMachine, path: str, plate: int, body: Body) -> Start:
    knobs = machine.knobs
    if knobs.sd_missing:
        raise _Bad(STORAGE_ERROR)
    try:
        data = machine.storage.read(path)
    except StorageError:
        raise _Bad(NOT_PARSED) from None
    md5 = str(body.get("md5", ""))
    if _MD5.match(md5) and _md5(data) != md5.upper():
        raise _Bad(NOT_PARSED)
    timeline, color, objects = _plate_of(data, plate)
    trays = _trays(machine, timeline, body)
    air = machine.model.name == "P1S" and bool(body.get("use_ams")) and "ams_mapping2" not in body
    return Start(timeline=timeline, trays=trays, color=color, air=air, objects=objects)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest().upper()


def _plate_of(data: bytes, plate: int) -> tuple[Timeline, str, tuple[int, ...]]:
    """Timeline, first colour and object ids of a plate; _Bad when anything does not fit."""
    member = f"Metadata/plate_{plate}.gcode"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as container:
            names = set(container.namelist())
            if member not in names or container.getinfo(member).file_size > _MAX_GCODE:
                raise _Bad(NOT_PARSED)
            gcode = container.read(member)
            if f"{member}.md5" in names:
                stored = container.read(f"{member}.md5").strip().decode("ascii", "replace")
                if stored != _md5(gcode):
                    raise _Bad(NOT_PARSED)
            details, info = b"", b""
            if f"Metadata/plate_{plate}.json" in names:
                details = container.read(f"Metadata/plate_{plate}.json")
            if "Metadata/slice_info.config" in names:
                info = container.read("Metadata/slice_info.config")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise _Bad(NOT_PARSED) from None
    found = _COLOR.search(details)
    parts = info.split(b"<plate>")
    objects = tuple(int(i) for i in _OBJECT.findall(parts[min(plate, len(parts) - 1)]))
    return timeline_of(gcode), found[1].decode() if found else "8B95A1", objects


def _trays(machine: BambuMachine, timeline: Timeline, body: Body) -> list[int | None]:
    """Flat tray per project filament; _Bad with the mapping errors of A8.2."""
    count = max(timeline.filaments, default=0) + 1
    if not body.get("use_ams"):
        return [EXTERNAL] * count
    if not machine.ams.units:
        raise _Bad(NO_MAPPING)
    mapping = body.get("ams_mapping")
    second = body.get("ams_mapping2")
    if not mapping:
        return [n if machine.ams.find(n) is not None else EXTERNAL for n in range(count)]
    if not isinstance(mapping, list) or not all(isinstance(i, int) for i in mapping):
        raise _Bad(NO_MAPPING)
    return [
        _tray(machine, i, mapping, second, used=i in timeline.filaments)
        for i in range(max(count, len(mapping)))
    ]


def _tray(
    machine: BambuMachine, i: int, mapping: list[int], second: object, *, used: bool
) -> int | None:
    value = mapping[i] if i < len(mapping) else -1
    if value in (EXTERNAL, NONE):
        raise _Bad(NO_MAPPING)
    if value == -1:
        if not used:
            return None
        ams_id = NONE
        if isinstance(second, list) and i < len(second) and isinstance(second[i], dict):
            named = second[i].get("ams_id", NONE)
            ams_id = named if isinstance(named, int) else NONE
        return external_tray(machine, ams_id)
    if machine.ams.find(value) is None:
        if used:
            raise _Bad(BAD_MAPPING)
        return None
    return value


def local_start(machine: BambuMachine, name: str, plate: int) -> None:
    """Someone picks a file at the touch screen; trays by the file's own order.

    Raises StorageError when the file is not there.
    """
    machine.storage.read(name)
    count = len(machine.ams.units[0].slots) if machine.ams.units else 0
    filled = [f for f, _, _, s in machine.ams.trays() if s is not None and f < 16]
    body: Body = {
        "subtask_name": name.rsplit("/", 1)[-1].removesuffix(".gcode.3mf"),
        "use_ams": bool(filled) and count > 0,
        "ams_mapping": [filled[i % len(filled)] for i in range(count)] if filled else [],
        "ams_mapping2": [],
        "timelapse": machine.options.timelapse,
    }
    try:
        start = _read(machine, name, plate, body)
    except _Bad as bad:
        start = Start(timeline=_EMPTY, error=bad.error)
    _accept(machine, name, plate, body, start)


def gcode_file(machine: BambuMachine, body: Body) -> None:
    """Legacy: a plain G-code file on the storage."""
    if machine.job.busy:
        raise Refused("busy", BUSY_REFUSED)
    path = str(body.get("param", ""))
    try:
        data = machine.storage.read(path)
    except StorageError:
        raise Refused("file not found", NOT_PARSED) from None
    _accept(machine, path, 1, {}, Start(timeline=timeline_of(data)))
