"""Steppers, the triggers that stop them, and end stops, as far as homing needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from tests.real.klipper_clock import Clock, low
from tests.real.klipper_wire import FREQ, Value


class Mouth(Protocol):
    clock: Clock

    def send(self, name: str, *values: Value) -> None:
        """One response to the host."""


@dataclass(slots=True)
class Segment:
    """``count`` steps, the first at ``first``, each ``add`` ticks further apart."""

    first: int
    interval: int
    count: int
    add: int
    sign: int

    def done(self, clock: int) -> int:
        """Steps taken by ``clock``."""
        steps = self.count
        if clock >= self.first + self.interval * (steps - 1) + self.add * steps * (steps - 1) // 2:
            return steps
        taken, at, interval = 0, self.first, self.interval
        while taken < steps and at <= clock:
            taken += 1
            interval += self.add
            at += interval
        return taken


@dataclass(slots=True)
class Stepper:
    position: int = 0
    sign: int = 1
    clock: int = 0
    segments: list[Segment] = field(default_factory=list)
    stopped: bool = False
    trigger: int | None = None

    def settle(self, clock: int, cut: bool = False) -> None:
        """Fold finished segments into the position; ``cut`` ends the running ones here."""
        while self.segments:
            taken = self.segments[0].done(clock)
            if taken < self.segments[0].count and not cut:
                return
            self.position += taken * self.segments.pop(0).sign

    def position_at(self, clock: int) -> int:
        self.settle(clock)
        if not self.segments:
            return self.position
        return self.position + self.segments[0].done(clock) * self.segments[0].sign


@dataclass(slots=True)
class Trigger:
    live: bool = False
    reason: int = 0
    run: int = 0


@dataclass(slots=True)
class EndStop:
    pin: int
    homing: int = 0
    next_clock: int = 0
    run: int = 0


class Motion:
    """The commands c_<name> that move."""

    def __init__(self, board: Mouth, home_s: float) -> None:
        self._board = board
        self._home_s = home_s
        self.steppers: dict[int, Stepper] = {}
        self._triggers: dict[int, Trigger] = {}
        self._stops: dict[int, EndStop] = {}

    def reset(self) -> None:
        self.steppers, self._triggers, self._stops = {}, {}, {}

    # steppers

    def c_config_stepper(self, oid: int, step: int, way: int, invert: int, pulse: int) -> None:
        self.steppers[oid] = Stepper()

    def c_set_next_step_dir(self, oid: int, way: int) -> None:
        self.steppers[oid].sign = 1 if way else -1

    def c_stepper_stop_on_trigger(self, oid: int, trigger: int) -> None:
        self.steppers[oid].trigger = trigger

    def c_reset_step_clock(self, oid: int, clock: int) -> None:
        stepper = self.steppers[oid]
        stepper.clock, stepper.stopped = self._board.clock.wide(clock), False

    def c_queue_step(self, oid: int, interval: int, count: int, add: int) -> None:
        stepper = self.steppers[oid]
        if stepper.stopped:
            return
        stepper.settle(self._board.clock.now())
        first = stepper.clock + interval
        stepper.segments.append(Segment(first, interval, count, add, stepper.sign))
        stepper.clock += interval * count + add * count * (count - 1) // 2

    def c_stepper_get_position(self, oid: int) -> None:
        position = self.steppers[oid].position_at(self._board.clock.now())
        self._board.send("stepper_position", oid, position)

    # triggers

    def c_config_trsync(self, oid: int) -> None:
        self._triggers[oid] = Trigger()

    def c_trsync_start(self, oid: int, clock: int, ticks: int, expire: int) -> None:
        trigger = self._triggers[oid]
        trigger.live, trigger.reason, trigger.run = bool(ticks), 0, trigger.run + 1
        if ticks:
            self._report(self._board.clock.wide(clock), oid, ticks, trigger.run)

    def _report(self, at: int, oid: int, ticks: int, run: int) -> None:
        def act(clock: int) -> None:
            trigger = self._triggers.get(oid)
            if trigger and trigger.live and trigger.run == run:
                self._board.send("trsync_state", oid, 1, 0, low(clock))
                self._report(clock + ticks, oid, ticks, run)

        self._board.clock.at(at, act)

    def _trip(self, oid: int, reason: int, clock: int) -> None:
        trigger = self._triggers[oid]
        if not trigger.live:
            return
        trigger.live, trigger.reason = False, reason
        for stepper in self.steppers.values():
            if stepper.trigger == oid:
                stepper.settle(clock, cut=True)
                stepper.stopped, stepper.trigger = True, None
        self._board.send("trsync_state", oid, 0, reason, low(clock))

    def c_trsync_trigger(self, oid: int, reason: int) -> None:
        self._trip(oid, reason, self._board.clock.now())
        self._board.send("trsync_state", oid, 0, self._triggers[oid].reason, 0)

    # end stops

    def c_config_endstop(self, oid: int, pin: int, pull_up: int) -> None:
        self._stops[oid] = EndStop(pin)

    def c_endstop_home(
        self, oid: int, clock: int, sample_ticks: int, samples: int, rest: int, value: int,
        trigger: int, reason: int,
    ) -> None:  # fmt: skip
        stop = self._stops[oid]
        stop.homing, stop.run = int(bool(samples)), stop.run + 1
        if not samples:
            return
        run = stop.run

        def touch(at: int) -> None:
            if stop.homing and stop.run == run:
                stop.homing, stop.next_clock = 0, at
                self._trip(trigger, reason, at)

        self._board.clock.at(self._board.clock.wide(clock) + int(self._home_s * FREQ), touch)

    def c_endstop_query_state(self, oid: int) -> None:
        stop = self._stops[oid]
        self._board.send("endstop_state", oid, stop.homing, low(stop.next_clock), 0)
