"""One printer in front of a tracker, on a clock of the test's own."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from alerts.model import Event, Kind
from alerts.watch.memory import PrinterMemory
from alerts.watch.sight import Own, Sight
from alerts.watch.tracker import PrinterTracker
from core.alert_config import AlertsConfig
from core.clock import ManualClock
from printers.conditions import Conditions
from printers.registry import Snapshot
from printers.status import (
    Fault,
    Heater,
    JobProgress,
    Link,
    PrinterState,
    PrinterStatus,
    Severity,
)

S = PrinterState
SERIES = "s1"
CONFIG = AlertsConfig(progress_step=25, photo_interval_s=0.0, due_min=0.0)


def fault(code: str = "0300-4002", severity: Severity = Severity.SERIOUS) -> Fault:
    return Fault(code=code, text="The hotend fan is too slow", severity=severity)


class Scene:
    """``look`` is the next report; what it makes the tracker tell is returned and kept."""

    def __init__(self, config: AlertsConfig = CONFIG, kind: str = "bambu") -> None:
        self.clock = ManualClock()
        self.config = config
        self.memory = PrinterMemory()
        self.tracker = PrinterTracker("alder", self.memory, SERIES, config, "north")
        self.told: list[Event] = []
        self.states: list[Event] = []  # changes of the state are kept apart: there are many
        self.own: Own | None = None
        self.conditions = Conditions(bed_clear=True)
        self.saved = copy.deepcopy(self.memory)
        self.status = PrinterStatus(
            printer_id="alder",
            name="Alder",
            kind=kind,
            state=S.CONNECTING,
            heaters=(Heater(name="nozzle", current=219.6, target=220.0, maximum=300),),
        )

    # -- the printer ---------------------------------------------------------------------------

    def look(self, state: PrinterState | None = None, **changes: Any) -> list[Event]:
        """A report, seen at once."""
        self.status = replace(
            self.status,
            state=state or self.status.state,
            observed_at=self.clock.time(),
            observed_mono=self.clock.monotonic(),
            **changes,
        )
        return self.see()

    def see(self) -> list[Event]:
        """The last report once more."""
        snapshot = Snapshot(status=self.status, conditions=self.conditions, revision=1)
        sight = Sight(
            snapshot=snapshot, now=self.clock.time(), mono=self.clock.monotonic(), own=self.own
        )
        events = self.tracker.see(sight)
        self.states += [event for event in events if event.kind is Kind.STATE_CHANGED]
        events = [event for event in events if event.kind is not Kind.STATE_CHANGED]
        self.told += events
        return events

    def prints(self, percent: int | None, name: str = "gear", **more: Any) -> list[Event]:
        """It is at work on this."""
        state = more.pop("state", S.PRINTING)
        job = JobProgress(name=name, file=more.pop("file", f"{name}.gcode.3mf"), percent=percent)
        return self.look(state, job=replace(job, **more), faults=(), pause_reason="", pause_kind="")

    def pauses(self, reason: str = "", kind: str = "printer", **changes: Any) -> list[Event]:
        return self.look(S.PAUSED, pause_reason=reason, pause_kind=kind, **changes)

    def goes(self, state: PrinterState = S.OFFLINE, text: str = "") -> list[Event]:
        """The connection is lost; what was reported last stays."""
        link = Link(online=False, text=text)
        self.status = replace(self.status, state=state, message=text, link=link)
        return self.see()

    def wait(self, seconds: float, *, reports: bool = True) -> list[Event]:
        """Time passes, a look every second."""
        told: list[Event] = []
        left = seconds
        while left > 0:
            self.clock.advance(min(1.0, left))
            left -= 1.0
            told += self.look() if reports else self.see()
        return told

    # -- the farm ------------------------------------------------------------------------------

    def ours(self, phase: str = "printing", attempt: int = 1, **more: Any) -> None:
        """The farm's own job holds the printer."""
        more.setdefault("started_at", self.clock.time())
        self.own = Own(
            run=f"j-1-{attempt}", job_id="j-1", file="Gear.gcode.3mf", phase=phase, **more
        )

    def save(self) -> None:
        self.saved = copy.deepcopy(self.memory)

    def restart(self, away_s: float = 0.0) -> None:
        """A new process with what was saved last."""
        self.clock.advance(away_s)
        self.memory = copy.deepcopy(self.saved)
        self.tracker = PrinterTracker("alder", self.memory, SERIES, self.config, "north")

    # -- what was told -------------------------------------------------------------------------

    def kinds(self) -> list[str]:
        """Everything told so far, ends with a stroke."""
        return [kind_of(event) for event in self.told]

    def fresh(self) -> list[str]:
        """Everything told since the last call."""
        kinds = self.kinds()
        self.told = []
        return kinds


def kind_of(event: Event) -> str:
    """ "paused", "/paused" for its end, "progress 25"."""
    detail = f" {event.key}" if event.kind.value in ("progress", "photo") else ""
    again = f" again {event.repeat}" if event.repeat else ""
    return f"{'/' if event.ends else ''}{event.kind.value}{detail}{again}"
