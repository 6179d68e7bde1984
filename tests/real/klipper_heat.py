"""Outputs, thermometers with heaters behind them, and switches."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from tests.real.klipper_clock import Clock, low
from tests.real.klipper_wire import Value

AMBIENT_C = 22.0
FULL_SCALE_C = 500.0  # [adc_temperature] 0 V = 0 °C, 5 V = 500 °C
ADC_OUT_OF_RANGE = 1


class Mouth(Protocol):
    clock: Clock
    pin_names: dict[int, str]

    def send(self, name: str, *values: Value) -> None:
        """One response to the host."""

    def shut_down(self, reason: int) -> None:
        """Halt, as firmware does."""


class Heat:
    """First-order heaters: a heater's pin warms its thermometer's pin."""

    def __init__(self, board: Mouth, rate: float, cooling: float) -> None:
        self._board = board
        self._rate = rate  # °C a second at full power
        self._cooling = cooling  # a second, per °C above the room
        self._pairs = {"PB4": "PK5", "PH5": "PK6"}
        self.celsius = dict.fromkeys(self._pairs.values(), AMBIENT_C)
        self.held: dict[str, float] = {}
        self.power: dict[str, float] = {}
        self._outputs: dict[int, tuple[str, int]] = {}
        self._inputs: dict[int, str] = {}
        self._seen = time.monotonic()

    def reset(self) -> None:
        self.power.clear()
        self._outputs, self._inputs = {}, {}

    def step(self) -> None:
        now = time.monotonic()
        passed, self._seen = now - self._seen, now
        for heater, sensor in self._pairs.items():
            value = self.celsius[sensor]
            value += passed * self._rate * self.power.get(heater, 0.0)
            value -= passed * (value - AMBIENT_C) * self._cooling
            self.celsius[sensor] = self.held.get(sensor, max(AMBIENT_C, value))

    # outputs

    def c_config_digital_out(
        self, oid: int, pin: int, value: int, default: int, longest: int
    ) -> None:
        self._outputs[oid] = (self._board.pin_names[pin], 1)

    def c_set_digital_out_pwm_cycle(self, oid: int, ticks: int) -> None:
        self._outputs[oid] = (self._outputs[oid][0], ticks)

    def c_update_digital_out(self, oid: int, value: int) -> None:
        self._drive(oid, float(bool(value)))

    def c_queue_digital_out(self, oid: int, clock: int, on_ticks: int) -> None:
        self._drive(oid, min(1.0, on_ticks / self._outputs[oid][1]))

    def c_config_pwm_out(
        self, oid: int, pin: int, cycle: int, value: int, default: int, longest: int
    ) -> None:
        self._outputs[oid] = (self._board.pin_names[pin], 255)

    def c_queue_pwm_out(self, oid: int, clock: int, value: int) -> None:
        self._drive(oid, value / 255)

    def _drive(self, oid: int, duty: float) -> None:
        self.step()
        self.power[self._outputs[oid][0]] = duty

    # thermometers

    def c_config_analog_in(self, oid: int, pin: int) -> None:
        self._inputs[oid] = self._board.pin_names[pin]

    def c_query_analog_in(
        self, oid: int, clock: int, sample_ticks: int, samples: int, rest: int, low_end: int,
        high_end: int, checks: int,
    ) -> None:  # fmt: skip
        if samples:
            probe = Probe(self._inputs[oid], oid, samples, rest, (low_end, high_end), checks)
            self._measure(self._board.clock.wide(clock), probe)

    def _measure(self, at: int, probe: Probe) -> None:
        def act(clock: int) -> None:
            if self._inputs.get(probe.oid) != probe.pin:
                return
            self.step()
            share = max(0.0, min(1.0, self.celsius.get(probe.pin, AMBIENT_C) / FULL_SCALE_C))
            value = int(share * 4095 * probe.samples)
            self._board.send("analog_in_state", probe.oid, low(clock + probe.rest), value)
            if probe.is_out_of_range(value):
                self._board.shut_down(ADC_OUT_OF_RANGE)
            self._measure(max(clock + probe.rest, self._board.clock.now()), probe)

        self._board.clock.at(at, act)


@dataclass(slots=True)
class Probe:
    pin: str
    oid: int
    samples: int
    rest: int
    limits: tuple[int, int]
    checks: int
    bad: int = 0

    def is_out_of_range(self, value: int) -> bool:
        self.bad = 0 if self.limits[0] <= value <= self.limits[1] else self.bad + 1
        return bool(self.checks) and self.bad >= self.checks


@dataclass(slots=True)
class Buttons:
    pins: list[int | None]
    acked: int = 0
    pending: bytes = b""
    last: int = 0
    invert: int = 0
    wait: int = 0


class Switches:
    """Inputs that read 0 or 1 (filament sensors), reported until the host has acknowledged."""

    def __init__(self, board: Mouth) -> None:
        self._board = board
        self.levels = {"PC5": 1}
        self._groups: dict[int, Buttons] = {}

    def reset(self) -> None:
        self._groups = {}

    def c_config_buttons(self, oid: int, count: int) -> None:
        self._groups[oid] = Buttons([None] * count)

    def c_buttons_add(self, oid: int, position: int, pin: int, pull_up: int) -> None:
        self._groups[oid].pins[position] = pin

    def c_buttons_query(self, oid: int, clock: int, rest: int, retry: int, invert: int) -> None:
        self._groups[oid].invert = invert
        if rest:
            self._look(self._board.clock.wide(clock), oid, rest, retry)

    def _look(self, at: int, oid: int, rest: int, retry: int) -> None:
        def act(clock: int) -> None:
            group = self._groups.get(oid)
            if group is None:
                return
            state = self._state(group)
            if state != group.last and len(group.pending) < 8:
                group.last, group.wait = state, 0
                group.pending += bytes((state,))
            if group.pending:
                self._tell(oid, group, retry)
            self._look(max(clock + rest, self._board.clock.now()), oid, rest, retry)

        self._board.clock.at(at, act)

    def _state(self, group: Buttons) -> int:
        names = self._board.pin_names
        bits = (self.levels.get(names.get(p, ""), 0) if p is not None else 0 for p in group.pins)
        return sum(bit << place for place, bit in enumerate(bits)) ^ group.invert

    def _tell(self, oid: int, group: Buttons, retry: int) -> None:
        if group.wait <= 0:
            self._board.send("buttons_state", oid, group.acked & 0xFF, group.pending)
            group.wait = retry
        group.wait -= 1

    def c_buttons_ack(self, oid: int, count: int) -> None:
        group = self._groups[oid]
        group.acked += count
        group.pending, group.wait = group.pending[count:], 0
