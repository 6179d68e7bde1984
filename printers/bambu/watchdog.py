"""When a printer has been silent for too long, and what to do about it (bambu-lan A3). Pure.

A P1 or A1 that prints nothing speaks only every 10 to 30 s, and now and then it keeps its session
open but stops reporting. So there are two clocks: any sign of life, and the last report.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from printers.status import OFFLINE_AFTER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """All waiting times of the adapter, in seconds. Tests shorten them, nobody else does."""

    tick: float = 2.0
    publish: float = 5.0  # observed_at is refreshed at least this often while reports come
    keepalive: int = 15
    connack: float = 10.0
    probe: float = 10.0  # without a sign of life: ask for the versions
    first_again: float = 3.0  # connected, but the pushall was not answered: ask once more
    first_report: float = 10.0  # connected but silent: is the serial number wrong?
    active: tuple[float, float, float] = (20.0, 45.0, 70.0)  # no report: start, pushall, reconnect
    idle: tuple[float, float, float] = (60.0, 90.0, 120.0)
    offline: float = OFFLINE_AFTER_S
    dead: float = 70.0  # no sign of life at all: reconnect
    pushall_gap: float = 300.0  # models whose hardware is too weak for more
    steady: float = 30.0  # a session this old is not being kicked out
    hold: float = 180.0  # a start waits for its evidence: no reconnect
    retry: tuple[float, float] = (1.0, 30.0)
    auth_retry: float = 60.0
    proof: float = 5.0


class Action(Enum):
    PROBE = "probe"
    START = "start"
    PUSHALL = "pushall"
    RECONNECT = "reconnect"


class Watchdog:
    """One session's clocks, in monotonic seconds."""

    __slots__ = ("_gap", "_probed", "_pushall_at", "_stage", "_timing", "heard_at", "reported_at")

    def __init__(self, timing: Timing, now: float, *, weak: bool) -> None:
        self._timing = timing
        self._gap = timing.pushall_gap if weak else 3.0
        self.heard_at = now
        self.reported_at = now
        self._probed = now
        self._pushall_at = now  # every session begins with one
        self._stage = 0

    def heard(self, now: float) -> None:
        """Any sign of life."""
        self.heard_at = now

    def reported(self, now: float) -> None:
        """A status report."""
        self.heard_at = self.reported_at = now
        self._stage = 0

    def asked(self, now: float) -> None:
        """A pushall was sent for another reason."""
        self._pushall_at = now

    def due(self, now: float, *, active: bool, held: bool) -> Action | None:
        """What to do now, once per step. ``held``: a start waits, so nothing is torn down."""
        start, pushall, reconnect = self._timing.active if active else self._timing.idle
        quiet = now - self.reported_at
        if not held and (quiet >= reconnect or now - self.heard_at >= self._timing.dead):
            return Action.RECONNECT
        if quiet >= pushall and self._stage < 2:
            self._stage = 2
            if now - self._pushall_at >= self._gap:
                self._pushall_at = now
                return Action.PUSHALL
        if quiet >= start and self._stage < 1:
            self._stage = 1
            return Action.START
        if now - max(self.heard_at, self._probed) >= self._timing.probe:
            self._probed = now
            return Action.PROBE
        return None
