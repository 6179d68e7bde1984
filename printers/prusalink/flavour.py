"""Which PrusaLink answers, and what it has: from /api/version, /api/v1/info and /api/v1/storage.

There are two programs of that name. Measured on the real one for the Raspberry Pi (0.8.1, MK3
family): it names itself ("original", "sdk"), has storage "local" and the older /api/printer calls
that move and heat. The printers' own firmware (MK4, MINI, XL, CORE One; from its public
specification and sources, not measured) has storage "usb" and nothing but files and the job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from printers.prusalink.models import UNKNOWN, Model, by_name
from printers.prusalink.values import as_int, as_list, as_name, as_number, as_object, as_text


class Flavour(Enum):
    PI = "mk3"
    FIRMWARE = "firmware"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """One place for files, by the name it has in addresses: "local", "sdcard", "usb"."""

    name: str
    available: bool = True
    read_only: bool = False
    free_bytes: int | None = None
    root: str = ""  # the Pi's name of the folder behind "local", as paths of jobs begin

    @property
    def usable(self) -> bool:
        return self.available and not self.read_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What one PrusaLink said of itself when the session began."""

    flavour: Flavour
    text: str = "PrusaLink"
    firmware: str = ""
    serial: str = ""
    nozzle_mm: float | None = None
    model: Model = UNKNOWN
    storages: tuple[Storage, ...] = ()
    camera: bool = False

    @property
    def is_pi(self) -> bool:
        return self.flavour is Flavour.PI

    @property
    def main(self) -> Storage:
        """Where the farm's files go, whether it can be written to now or not."""
        usual = "local" if self.is_pi else "usb"
        ranked = sorted(self.storages, key=lambda s: (not s.usable, s.read_only, s.name != usual))
        return ranked[0] if ranked else Storage(name=usual)

    @property
    def storage_word(self) -> str:
        """PrinterStatus.storage; "" when the server does not tell."""
        if not self.storages:
            return ""
        main = self.main
        if not main.available:
            return "missing"
        return "read_only" if main.read_only else "ok"

    @property
    def file_kinds(self) -> tuple[str, ...]:
        return ("gcode",) if self.is_pi else ("gcode", "bgcode")


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """The replies of the first requests; an empty one was not answered."""

    version: Mapping[str, Any]
    info: Mapping[str, Any] = field(default_factory=dict)
    storage: Mapping[str, Any] = field(default_factory=dict)
    cameras: Mapping[str, Any] = field(default_factory=dict)


def server_of(said: Introduction, model: str) -> Server:
    """``model``: as the owner wrote it, which goes before what the server says."""
    version, info = said.version, said.info
    original = as_text(version.get("original"))
    is_pi = bool(original) or "sdk" in version
    hostname = "" if is_pi else as_text(version.get("hostname"))
    found = by_name(model) or by_name(original) or by_name(hostname)
    nozzle = as_number(info.get("nozzle_diameter")) or as_number(version.get("nozzle_diameter"))
    return Server(
        flavour=Flavour.PI if is_pi else Flavour.FIRMWARE,
        text=as_text(version.get("text")) or "PrusaLink",
        firmware=as_text(version.get("firmware")),
        serial=serial_of(info),
        nozzle_mm=nozzle or None,
        model=found or UNKNOWN,
        storages=storages_of(said.storage),
        camera=has_camera(said.cameras),
    )


def serial_of(info: Mapping[str, Any]) -> str:
    """From /api/v1/info; "" when it does not say."""
    return as_text(info.get("serial"))


def storages_of(reply: Mapping[str, Any]) -> tuple[Storage, ...]:
    """From /api/v1/storage."""
    entries = (as_object(item) for item in as_list(reply.get("storage_list")))
    return tuple(storage for storage in map(_storage, entries) if storage.name)


def _storage(entry: Mapping[str, Any]) -> Storage:
    return Storage(
        name=as_name(entry.get("path")).strip("/"),
        available=entry.get("available") is not False,
        read_only=(entry.get("read_only") or entry.get("ro")) is True,
        free_bytes=as_int(entry.get("free_space")),
        root=as_name(entry.get("name")),
    )


def has_camera(reply: Mapping[str, Any]) -> bool:
    """From /api/v1/cameras, which only the Pi has: is one of them connected?"""
    return any(as_object(c).get("connected") is True for c in as_list(reply.get("camera_list")))
