"""Everything known of one printer at one moment: what parse.py turns into a Report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from printers.moonraker.history import HistoryJob
from printers.moonraker.layout import Layout
from printers.moonraker.metadata import Metadata
from printers.moonraker.values import mapping, text
from printers.status import Notice

Objects = Mapping[str, Mapping[str, Any]]

_URGENT = {
    "print_stats": ("state", "filename", "message", "info"),
    "webhooks": ("state",),
    "pause_resume": ("is_paused",),
    "idle_timeout": ("state",),
    "exclude_object": ("excluded_objects",),
}
"""Changes that are published at once; the rest is gathered for a moment."""
READY, STARTUP, SHUTDOWN, ERROR = "ready", "startup", "shutdown", "error"
DISCONNECTED, SILENT, RESTARTING = "disconnected", "silent", "restarting"


@dataclass(frozen=True, slots=True)
class Klippy:
    """Klipper itself: one of Moonraker's words, or "silent" and "restarting" of our own."""

    state: str = STARTUP
    message: str = ""

    @property
    def is_up(self) -> bool:
        """Its objects are alive; stopped or not."""
        return self.state in (READY, SHUTDOWN, ERROR)


@dataclass(frozen=True, slots=True)
class Sensed:
    """What only shows over time (sense.py)."""

    asked_pause: bool = False  # this pause was asked for through the farm
    moving: bool = False  # motion without a job, longer than a moment
    ran_out: str = ""  # name of the filament sensor behind this pause
    filament_back: bool = False
    cancelled: bool = False  # a cancel was seen a moment ago
    z: float | None = None  # mm, lowest of the last samples
    object_ids: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Immutable; may be read by any thread."""

    name: str = ""  # of the printer, for sentences
    model: str = ""
    klippy: Klippy = field(default_factory=Klippy)
    layout: Layout = field(default_factory=Layout)
    objects: Objects = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    metadata: Metadata | None = None  # of the file print_stats names, None = not known (yet)
    plain_progress: bool = False  # the server has no metadata of it: count the whole file
    last: HistoryJob | None = None
    sensed: Sensed = field(default_factory=Sensed)
    ordered: str = ""  # "pause" or "cancel" that Klipper has not got to yet
    firmware: str = ""
    camera: bool = False
    notices: tuple[Notice, ...] = ()

    def object(self, name: str) -> Mapping[str, Any]:
        return self.objects.get(name) or mapping(None)

    @property
    def print_state(self) -> str:
        """Klipper's word for the print: standby, printing, paused, complete, cancelled, error."""
        return text(self.object("print_stats").get("state"), 40)


def merge(objects: Objects, status: object) -> Objects:
    """notify_status_update laid over what was known: only changed fields come (4.Moonraker)."""
    changed = {
        key: {**objects.get(key, {}), **fields}
        for key, fields in mapping(status).items()
        if isinstance(fields, dict)
    }
    return {**objects, **changed}


def is_urgent(changed: Mapping[str, Any]) -> bool:
    """Whether a difference report carries more than temperatures and positions."""
    for section, fields in changed.items():
        if section.startswith("filament_"):
            return True
        wanted = _URGENT.get(section)
        if wanted and any(field in wanted for field in mapping(fields)):
            return True
    return False
