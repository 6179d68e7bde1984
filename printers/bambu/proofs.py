"""An accepted command is proved by the state it should bring about (bambu-lan A3.1, A7).

Old P1 firmware acknowledges M104 and ignores it; a half-broken session swallows a pause. Nothing
is sent again: the operator is told, until the state comes after all or the note is old.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from printers import commands as c
from printers.bambu.watchdog import Timing
from printers.status import Notice, PrinterState, PrinterStatus

NOTE_LIFETIME_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """``holds`` must become true; judged by the first report after ``seconds``."""

    notice: Notice
    seconds: float
    holds: Callable[[PrinterStatus], bool]


@dataclass(slots=True)
class _Open:
    expectation: Expectation
    judged_after: float
    noted_at: float | None = None


class Proofs:
    """The expectations of one printer. ``check`` is the printer's thread's, ``expect`` anyone's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}

    @property
    def waiting(self) -> bool:
        return bool(self._open)

    def expect(self, expectation: Expectation, now: float) -> None:
        """A newer expectation of the same kind replaces the older one."""
        with self._lock:
            self._open[expectation.notice.code] = _Open(expectation, now + expectation.seconds)

    def check(self, status: PrinterStatus, now: float, *, fresh: bool = True) -> tuple[Notice, ...]:
        """The notes that stand. Only a ``fresh`` report can show that a command had no effect."""
        with self._lock:
            for code, item in list(self._open.items()):
                if item.expectation.holds(status) or _is_old(item, now):
                    del self._open[code]
                elif fresh and item.noted_at is None and now >= item.judged_after:
                    item.noted_at = now
            return tuple(
                item.expectation.notice for item in self._open.values() if item.noted_at is not None
            )

    def clear(self) -> None:
        with self._lock:
            self._open.clear()


def _is_old(item: _Open, now: float) -> bool:
    return item.noted_at is not None and now - item.noted_at > NOTE_LIFETIME_S


def _targets(status: PrinterStatus, wanted: dict[str, int]) -> bool:
    for name, target in wanted.items():
        heater = status.heater(name)
        if heater is None or heater.target is None or abs(heater.target - target) > 1:
            return False
    return True


def _heat(wanted: dict[str, int], name: str, timing: Timing) -> Expectation:
    return Expectation(
        notice=Notice(
            code="temperature_ignored",
            text=f"{name} accepted the temperature but did not change it: its firmware ignores "
            "temperature commands over the network.",
        ),
        seconds=timing.proof,
        holds=lambda status: _targets(status, wanted),
    )


def _note(
    code: str, text: str, seconds: float, holds: Callable[[PrinterStatus], bool]
) -> Expectation:
    return Expectation(notice=Notice(code=code, text=text), seconds=seconds, holds=holds)


def expectation(command: c.Command, status: PrinterStatus, timing: Timing) -> Expectation | None:
    """What the state must show after ``command`` was accepted; None = nothing that is reported."""
    name, soon = status.name, timing.proof
    match command:
        case c.SetTemperature(heater=heater, target=target):
            return _heat({heater: target}, name, timing)
        case c.CoolDown():
            heated = [heater.name for heater in status.heaters if heater.target is not None]
            return _heat(dict.fromkeys(heated, 0), name, timing)
        case c.Pause():
            text = f"{name} accepted the pause but does not report that it paused. Look at it."
            return _note(
                "pause_unproved",
                text,
                soon * 2,
                lambda now: now.state is PrinterState.PAUSED or not now.state.has_job,
            )
        case c.Resume():
            text = f"{name} accepted the resume but still reports a pause. Look at it."
            return _note(
                "resume_unproved", text, soon * 2, lambda now: now.state is not PrinterState.PAUSED
            )
        case c.Stop():
            text = f"{name} accepted the stop but still reports the job. Look at it."
            return _note("stop_unproved", text, soon * 3, lambda now: not now.state.has_job)
        case _:
            return _small(command, name, soon)


def _small(command: c.Command, name: str, soon: float) -> Expectation | None:
    match command:
        case c.SetLight(on=on):
            text = f"{name} accepted the light command but its light did not change."
            return _note("light_unproved", text, soon, lambda now: now.light in (on, None))
        case c.SetSpeed(level=level):
            text = f"{name} accepted the speed level but does not report it."
            return _note(
                "speed_unproved",
                text,
                soon,
                lambda now: now.speed is None or now.speed.level == level,
            )
        case c.SetFan(fan=fan, percent=percent):
            text = f"{name} accepted the fan speed but does not report it."
            return _note(
                "fan_unproved",
                text,
                soon,
                lambda now: all(
                    abs(item.percent - percent) <= 12 for item in now.fans if item.name == fan
                ),
            )
        case c.SkipObjects(ids=ids):
            text = f"{name} accepted skipping the objects but does not report it."
            return _note(
                "skip_unproved",
                text,
                soon * 2,
                lambda now: now.job is None or set(ids) <= set(now.job.skipped),
            )
        case _:
            return None
