"""What a print server says of its printer, and the keeping and publishing of the status from it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields

from core.config import PrinterConfig
from printers.base import AdapterContext
from printers.lan import outage as words
from printers.lan.outage import Outage
from printers.status import (
    AmsUnit,
    Fan,
    Fault,
    Heater,
    JobProgress,
    Link,
    Lock,
    Machine,
    Notice,
    Nozzle,
    PrinterState,
    PrinterStatus,
    Speed,
    Tray,
)

PUBLISH_EVERY_S = 5.0
_COLDEST_C, _HOTTEST_C = -100.0, 1500.0


def is_temperature(value: float) -> bool:
    """Whether a sensor can have measured it, in °C. What it cannot is not known: a number beyond
    all sense from one printer could not even be sent to the browsers, nor what comes with it."""
    return _COLDEST_C <= value <= _HOTTEST_C


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The fields of PrinterStatus that come from the printer itself, under the same names."""

    state: PrinterState
    raw_state: str = ""
    stage: str = ""
    pause_reason: str = ""
    pause_kind: str = ""
    message: str = ""
    lock: Lock | None = None
    job: JobProgress | None = None
    heaters: tuple[Heater, ...] = ()
    fans: tuple[Fan, ...] = ()
    light: bool | None = None
    speed: Speed | None = None
    ams: tuple[AmsUnit, ...] = ()
    external: tuple[Tray, ...] = ()
    active_tray: str = ""
    next_tray: str = ""
    faults: tuple[Fault, ...] = ()
    cancelled: bool = False
    homed: str = ""
    nozzles: tuple[Nozzle, ...] = ()
    door_open: bool | None = None
    wifi_dbm: int | None = None
    storage: str = ""
    notices: tuple[Notice, ...] = ()
    machine: Machine = field(default_factory=Machine)
    via: tuple[str, ...] = ()


_FIELDS = tuple(f.name for f in fields(Report))
_STATUS_FIELDS = tuple(f.name for f in fields(PrinterStatus))


class StatusKeeper:
    """One printer's latest status. Thread-safe.

    Equal parts stay the same objects, and a report without news is published every
    PUBLISH_EVERY_S seconds only, so that a quiet printer costs the farm nothing.
    """

    def __init__(
        self,
        config: PrinterConfig,
        context: AdapterContext,
        kind: str,
        lock: Lock | None = None,
    ) -> None:
        """``lock``: of a printer that never takes orders."""
        self._context = context
        self._lock = threading.Lock()
        self._published_at = float("-inf")
        self._report: Report | None = None
        self._status = PrinterStatus(
            printer_id=config.id,
            name=config.name,
            kind=kind,
            state=PrinterState.CONNECTING,
            message=words.connecting(config.name),
            lock=lock,
            machine=Machine(name=config.model),
        )
        self.reports = 0  # since the farm's start, for diagnostics

    @property
    def status(self) -> PrinterStatus:
        return self._status

    @property
    def report_now(self) -> Report | None:
        """The last report, whatever has happened to the connection since."""
        return self._report

    def report(self, report: Report, *, seen: bool = True, silent_s: float = 0.0) -> None:
        """A full, believable picture of now. ``seen`` False: drawn anew from what was known, so
        it is no sign of life; then ``silent_s``: the printer is known to have been silent for so
        many seconds at least."""
        with self._lock:
            self.reports += 1
            self._report = report
            online = report.state.is_connected
            values = {name: self._kept(name, getattr(report, name)) for name in _FIELDS}
            values["link"] = self._linked(online, "" if online else report.message)
            self._publish(values, seen=seen, silent_s=silent_s)

    def alive(self) -> None:
        """A sign of life without news."""
        with self._lock:
            self._publish({}, seen=True)

    def opening(self) -> None:
        """A new attempt begins; an outage that is being shown stays until it is over."""
        with self._lock:
            if self._status.state.is_connected:
                text = words.connecting(self._status.name)
                self._show(PrinterState.CONNECTING, text)

    def down(self, outage: Outage) -> None:
        """There is no session. What was reported last stays, but is no longer called live."""
        notices = (Notice(code=outage.notice, text=outage.text),) if outage.notice else ()
        with self._lock:
            self._show(outage.state, outage.text, notices)

    def stopped(self) -> None:
        """The farm itself ends the connection."""
        with self._lock:
            self._show(PrinterState.OFFLINE, words.stopped(self._status.name))

    # -- under the lock ------------------------------------------------------------------------

    def _show(self, state: PrinterState, text: str, notices: tuple[Notice, ...] = ()) -> None:
        values = {
            "state": state,
            "raw_state": "",  # the printer's own word for it is not known
            "message": self._kept("message", text),
            "notices": self._kept("notices", notices),
            "link": self._linked(False, text),
            "cancelled": False,
        }
        self._publish(values, seen=False)

    def _kept(self, name: str, value: object) -> object:
        """The former object where it says the same."""
        before = getattr(self._status, name)
        return before if before == value else value

    def _linked(self, online: bool, text: str) -> Link:
        before = self._status.link
        if before.online == online and before.text == text:
            return before
        since = before.since
        if before.online != online or since is None:
            since = self._context.clock.time()
        return Link(online=online, text=text, since=since)

    def _publish(self, values: dict[str, object], *, seen: bool, silent_s: float = 0.0) -> None:
        now = self._context.clock.monotonic()
        old = self._status
        changed = any(getattr(old, name) is not value for name, value in values.items())
        status = {name: getattr(old, name) for name in _STATUS_FIELDS} | values
        if seen:
            status["observed_at"] = self._context.clock.time()
            status["observed_mono"] = now
        elif silent_s and (old.observed_mono is None or now - old.observed_mono < silent_s):
            status["observed_at"] = self._context.clock.time() - silent_s
            status["observed_mono"] = now - silent_s
        self._status = PrinterStatus(**status)
        if changed or now - self._published_at >= PUBLISH_EVERY_S:
            self._published_at = now
            self._context.publish(self._status)
