"""Where the figures come from: all of it answers from memory or from the farm's own files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cameras.book import CameraBook
from cameras.frames import CameraStatus
from core.clock import Clock
from job_queue.history.tallies import Statistics
from job_queue.history.wanted import Wanted
from job_queue.records import QueueState
from printers.counts import Counts
from printers.registry import Snapshot


class Cameras(Protocol):
    """What is used of cameras.hub.CameraHub."""

    def status(self, camera_id: str) -> CameraStatus: ...

    def is_wanted(self, camera_id: str) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFigures:
    """What was sent, and what is still to be."""

    sent: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (channel, outcome)
    pending: Mapping[str, int] = field(default_factory=dict)  # by channel
    open_incidents: Mapping[str, int] = field(default_factory=dict)  # by level


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFigures:
    """The defect watch of one printer."""

    score: float | None = None  # 0–1, None = nothing was judged in this print
    blind: bool = False  # it should look and cannot
    calls: int = 0  # today, UTC
    cost_usd: float = 0.0  # likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Each is called once per scrape, from the thread of the request."""

    version: str
    started_at: float  # epoch s
    clock: Clock
    folder: Path  # the farm's data
    snapshots: Callable[[], list[Snapshot]]
    counts: Callable[[], Counts]
    queue: Callable[[], QueueState]
    statistics: Callable[[Wanted], Statistics]  # raises StorageError
    cameras: Cameras
    book: CameraBook
    browsers: Callable[[], int] = lambda: 0  # pages that listen
    alerts: Callable[[], AlertFigures] = AlertFigures
    watch: Callable[[], Mapping[str, WatchFigures]] = dict  # by printer
    mqtt_connected: Callable[[], bool | None] = lambda: None  # None = it is off
