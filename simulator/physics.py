"""Heat and motion, just real enough to watch: °C, mm and simulated seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from simulator.models import Model

ROOM_C = 23.0
HOMING_S = 5.0


@dataclass(slots=True, kw_only=True)
class Heater:
    """Heats at ``rate`` °C/s, cools towards the ambient with time constant ``tau`` s."""

    rate: float
    tau: float
    maximum: int
    actual: float = ROOM_C
    target: float = 0.0

    def step(self, dt: float, power: float = 1.0, ambient: float = ROOM_C) -> None:
        """Advance ``dt`` simulated seconds; ``power`` 0 … 1 scales the heating."""
        if power > 0 and self.target > self.actual:
            self.actual = min(self.target, self.actual + self.rate * power * dt)
            return
        floor = max(self.target, ambient) if power > 0 else ambient
        self.actual = floor + (self.actual - floor) * math.exp(-dt / self.tau)

    def reached(self, tolerance: float = 2.0) -> bool:
        """Whether the target is there (or nothing was asked)."""
        return self.actual >= self.target - tolerance

    def aim(self, target: float) -> None:
        """Set the target, °C, cut to 0 … maximum as the firmware does."""
        self.target = float(min(max(0.0, target), self.maximum))


@dataclass(slots=True)
class Heat:
    """All heaters of a printer; ``nozzles[0]`` is the right or only one."""

    nozzles: list[Heater]
    bed: Heater
    chamber: Heater

    @classmethod
    def of(cls, model: Model) -> Heat:
        """Cold heaters of a model."""
        return cls(
            [Heater(rate=3.0, tau=95.0, maximum=model.nozzle_max) for _ in range(model.nozzles)],
            Heater(rate=0.5, tau=700.0, maximum=model.bed_max),
            Heater(rate=0.06, tau=900.0, maximum=model.chamber_max),
        )

    def step(self, dt: float, power: float) -> None:
        """Advance all of them; the bed warms the chamber."""
        for nozzle in self.nozzles:
            nozzle.step(dt, power)
        self.bed.step(dt, power)
        self.chamber.step(dt, power, ROOM_C + 0.32 * max(0.0, self.bed.actual - ROOM_C))

    def off(self) -> None:
        """All targets 0."""
        for heater in (*self.nozzles, self.bed, self.chamber):
            heater.target = 0.0


@dataclass(slots=True)
class Axes:
    """Where the head is, mm; ``homed`` bits 0/1/2 = X/Y/Z as in home_flag."""

    volume: tuple[float, float, float]
    position: dict[str, float] = field(default_factory=lambda: {"X": 0.0, "Y": 0.0, "Z": 10.0})
    homed: int = 0
    homing_left: float = 0.0
    relative: bool = False
    soft_ends: bool = True
    motors: bool = True

    def home(self) -> None:
        """Start homing all axes; it takes HOMING_S simulated seconds."""
        self.homing_left = HOMING_S
        self.homed = 0
        self.motors = True

    def motors_off(self) -> None:
        """The position is no longer known."""
        self.motors = False
        self.homed = 0

    def step(self, dt: float) -> None:
        """Advance a running homing."""
        if self.homing_left > 0:
            self.homing_left -= dt
            if self.homing_left <= 0:
                self.homing_left = 0.0
                self.homed = 7
                self.position.update(X=self.volume[0] / 2, Y=self.volume[1] / 2, Z=10.0)

    def move(self, moves: dict[str, float]) -> None:
        """One G0/G1: ``moves`` maps X/Y/Z to mm, relative or absolute as set."""
        self.motors = True
        for i, axis in enumerate("XYZ"):
            if axis not in moves:
                continue
            value = moves[axis] + (self.position[axis] if self.relative else 0.0)
            if self.soft_ends and self.homed == 7:
                value = min(max(0.0, value), self.volume[i])
            self.position[axis] = round(value, 3)
