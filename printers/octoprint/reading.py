"""All that is known of one printer, from frames, events and REST alike. Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from core.clock import Clock
from core.config import PrinterConfig
from printers.lan.report import Report
from printers.octoprint.fields import mapping, sequence, text
from printers.octoprint.heat import Reading as Heat
from printers.octoprint.heat import newest
from printers.octoprint.machine import Profile, machine_of, nozzles_of
from printers.octoprint.memory import Memory
from printers.octoprint.parse import Facts, Shown, Trouble, build, shown_of
from printers.octoprint.settings import Limits
from printers.octoprint.states import Activity, Phase, activity_of
from printers.status import Notice, PrinterState

_RELEARN = frozenset(
    {"Connected", "SettingsUpdated", "PrinterProfileModified", "PrinterProfileAdded"}
)


class Unreadable(ValueError):
    """A frame without what every frame has."""


class Reading:
    """``publish`` gets every report, in the order in which they were made."""

    def __init__(
        self,
        config: PrinterConfig,
        limits: Limits,
        clock: Clock,
        publish: Callable[[Report], None],
    ) -> None:
        self._config = config
        self._limits = limits
        self._clock = clock
        self._publish = publish
        self._lock = threading.RLock()
        self._memory = Memory()
        self._activity = Activity(Phase.UNKNOWN, PrinterState.UNKNOWN)
        self._shown = Shown()
        self._heat: dict[str, Heat] = {}
        self._trouble: Trouble | None = None
        self._notices: tuple[Notice, ...] = ()
        self._server, self._profile, self._has_camera = "", Profile(), False
        self._facts = self._make_facts()
        self._fresh = False
        self.events = 0
        self.frames = 0
        self.facts_are_old = False

    # -- what the session tells ------------------------------------------------------------------

    def opened(self, server: str, profile: Profile, *, has_camera: bool) -> None:
        """A session begins: nobody watched in between."""
        with self._lock:
            self._fresh = True
            self._memory.forget_motion()
            self._memory.forget_layers()
            self._heat = {}
            self._trouble = None
            self.learn(server, profile, has_camera=has_camera)

    def learn(self, server: str, profile: Profile, *, has_camera: bool) -> None:
        with self._lock:
            self._server, self._profile, self._has_camera = server, profile, has_camera
            self.facts_are_old = False
            self._facts = self._make_facts()

    def notice(self, *notices: Notice) -> None:
        """What stands beside the printer's own words until the next call."""
        with self._lock:
            self._notices = notices

    def frame(self, data: object, *, live: bool = True) -> None:
        """A ``current`` frame, or the same from REST. Raises Unreadable. ``live`` False: its
        terminal lines are old ones."""
        frame = mapping(data)
        if not frame.get("state"):
            raise Unreadable("a frame without a state")
        with self._lock:
            if live:
                self._terminal(frame)
            self._take(frame)
            self.frames += 1
            self._report()

    def event(self, data: object) -> None:
        event = mapping(data)
        kind = text(event.get("type"))
        if not kind:
            raise Unreadable("an event without a type")
        with self._lock:
            self.events += 1
            firmware = self._memory.firmware
            self._memory.event(kind, event.get("payload"), self._clock.monotonic())
            if self._memory.firmware != firmware:
                self._facts = self._make_facts()
            if kind in _RELEARN:
                self.facts_are_old = True

    def sent(self, *lines: str) -> None:
        """The farm itself had these lines sent."""
        with self._lock:
            for line in lines:
                self._memory.line(f"Send: {line}", self._clock.monotonic())

    def cancelled(self) -> None:
        """The server has taken the farm's own stop."""
        with self._lock:
            self._memory.cancelling = bool(self._memory.running)

    def explain(self, trouble: Trouble) -> None:
        with self._lock:
            self._trouble = trouble
            self._report()

    def learn_last(self, path: str, entry: Mapping[str, Any] | None) -> None:
        """The statistics of a file that was printed, when a session begins or a job has ended."""
        with self._lock:
            self._memory.learn_last(path, entry)
            if not self._fresh:
                self._report()

    def resolve(self, path: str, entry: Mapping[str, Any] | None) -> None:
        """The statistics of the file whose print ended unseen."""
        last = mapping(mapping(mapping(entry).get("prints")).get("last")).get("success")
        success = last if isinstance(last, bool) else None
        with self._lock:
            self._memory.resolve(path, success, self._clock.monotonic())
            self._report()

    # -- what the session asks ---------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        return self._activity.phase

    @property
    def raw_state(self) -> str:
        return self._activity.raw

    @property
    def wants_explanation(self) -> bool:
        return self._activity.phase is Phase.ERROR and self._trouble is None

    @property
    def unresolved(self) -> str:
        return self._memory.unresolved

    @property
    def undated(self) -> str:
        return self._memory.undated(self._clock.monotonic())

    @property
    def heated(self) -> tuple[str, ...]:
        """Names of the heaters that can be set."""
        with self._lock:
            report = self._build()
        return tuple(heater.name for heater in report.heaters if heater.maximum is not None)

    # -- under the lock ------------------------------------------------------------------------

    def _terminal(self, frame: Mapping[str, Any]) -> None:
        for line in sequence(frame.get("logs")):
            if isinstance(line, str):
                self._memory.line(line, self._clock.monotonic())

    def _take(self, frame: Mapping[str, Any]) -> None:
        activity = activity_of(frame.get("state"))
        shown = shown_of(frame.get("job"), frame.get("progress"))
        self._heat = newest(sequence(frame.get("temps"))) or self._heat
        if activity.phase is not Phase.ERROR:
            self._trouble = None
        if activity.phase in (Phase.CLOSED, Phase.ERROR, Phase.OPENING):
            self._heat = {}
        if self._fresh:
            self._memory.reopened(activity, shown.path, shown.completion)
            self._fresh = False
        self._memory.seen(
            activity, shown.path, shown.name, shown.completion, self._clock.monotonic()
        )
        self._activity, self._shown = activity, shown

    def _build(self) -> Report:
        return build(
            self._config.name,
            self._activity,
            self._shown,
            self._heat,
            self._memory,
            self._facts,
            self._trouble or Trouble(),
            self._notices,
            self._clock.monotonic(),
        )

    def _report(self) -> None:
        self._publish(self._build())

    def _make_facts(self) -> Facts:
        profile = self._profile
        machine = machine_of(
            self._config,
            profile,
            self._server,
            self._memory.firmware,
            has_camera=self._has_camera,
        )
        return Facts(
            machine=machine,
            nozzles=nozzles_of(self._config, profile),
            settable=profile.settable,
            limits=self._limits,
        )
