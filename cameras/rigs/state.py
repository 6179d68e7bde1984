"""One rig: its connection, its report, and both in words for the panel."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cameras.rigs.memory import RigMemory
from cameras.rigs.printing import PrinterWatch
from cameras.rigs.report import Report
from core.camera_config import RigConfig

Json = dict[str, Any]
_MAX_WAITING = 64
"""Messages to a rig whose connection does not take them; then it is as good as gone."""
_SHOWN_EVENTS = 20
_PAGE_EVENTS = 6
_ANSWERS = 5
"""To orders, for pages that wait for theirs: more than people give within a second."""


class Visit:
    """One connection of a rig. ``wake`` is called when there is something to send."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._queue: deque[Json] = deque()
        self.replaced = False
        self.failed = False

    def say(self, message: Json) -> None:
        if len(self._queue) >= _MAX_WAITING:
            self.failed = True
        else:
            self._queue.append(message)
        self._wake()

    def leave(self) -> None:
        """Another connection of the same rig has taken over."""
        self.replaced = True
        self._wake()

    @property
    def is_over(self) -> bool:
        return self.replaced or self.failed

    def next(self) -> Json | None:
        return self._queue.popleft() if self._queue else None


@dataclass
class RigState:
    """The desk's lock guards it."""

    config: RigConfig
    memory: RigMemory
    watch: PrinterWatch = field(default_factory=PrinterWatch)
    report: Report = field(default_factory=Report)
    visit: Visit | None = None
    arrived_at: float | None = None  # epoch s
    seen_mono: float | None = None
    seen_at: float | None = None
    trouble: str = ""  # of its pictures, by the farm


def is_live(rig: RigState, mono: float) -> bool:
    """Whether its last reading is young enough to be shown as what is now."""
    climate = rig.report.climate
    return climate is not None and mono - climate.mono <= rig.report.stale_after()


def _state(rig: RigState) -> str:
    return (rig.report.state or "idle") if rig.visit is not None else "offline"


def environment(rig: RigState, mono: float) -> Json:
    """For a printer's card: a reading too old to be live is left out, its time is not."""
    climate, live = rig.report.climate, is_live(rig, mono)
    return {
        "temperature": climate.temperature if climate and live else None,
        "humidity": climate.humidity if climate and live else None,
        "at": int(climate.at) if climate else None,
        "rig": rig.config.id,
        "state": _state(rig),
    }


def in_words(rig: RigState, cameras: Sequence[str], mono: float) -> Json:
    """For GET /api/rigs."""
    climate, readings = rig.report.climate, None
    if climate is not None:
        readings = {
            "temperature": climate.temperature, "humidity": climate.humidity,
            "at": round(climate.at, 1), "age_s": round(mono - climate.mono, 1),
            "live": is_live(rig, mono),
        }  # fmt: skip
    return {
        "id": rig.config.id, "name": rig.config.name, "printer_id": rig.config.printer,
        "cameras": list(cameras), "online": rig.visit is not None,
        "age_s": None if rig.seen_mono is None else round(mono - rig.seen_mono, 1),
        "seen_at": rig.seen_at, "state": _state(rig),
        **_recording(rig), "readings": readings,
        "events": list(rig.memory.events)[-_SHOWN_EVENTS:],
    }  # fmt: skip


def for_pages(rig: RigState, cameras: Sequence[str], mono: float) -> Json:
    """For the panel's live line: no ages, so that it changes only when something has. ``since``:
    when it came, or was last heard of; ``state``: as it said last, "" = nothing yet."""
    events = list(rig.memory.events)
    told = [event for event in events if event.get("event") != "done"]
    answers = [event for event in events if event.get("event") == "done"]
    since = rig.seen_at if rig.visit is None else rig.arrived_at
    return {
        "id": rig.config.id, "name": rig.config.name, "printer_id": rig.config.printer,
        "cameras": list(cameras), "online": rig.visit is not None,
        "since": None if since is None else int(since), **_recording(rig),
        "state": rig.report.state, "env": environment(rig, mono), "wanted": dict(rig.memory.delays),
        "events": told[-_PAGE_EVENTS:], "answers": answers[-_ANSWERS:],
    }  # fmt: skip


def _recording(rig: RigState) -> Json:
    report = rig.report
    return {
        "session": report.session, "print": report.name, "started_at": report.started_at,
        "frames": report.frames, "progress": report.progress,
        "error": report.error or report.camera or rig.trouble, "sensor": report.sensor,
        "disk_free_mb": report.disk_free_mb, "waiting": report.waiting,
        "delays": dict(report.delays), "version": report.version,
    }  # fmt: skip
