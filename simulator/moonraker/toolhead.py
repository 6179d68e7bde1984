"""Where the head is, what the G-code modes are, and how long homing takes."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.moonraker.errors import GcodeError
from simulator.moonraker.klipper_config import KlipperConfig

AXIS_HOMING_S = 1.7  # simulated seconds for each axis


@dataclass(slots=True)
class Modes:
    """What SAVE_GCODE_STATE keeps."""

    absolute: bool = True
    absolute_e: bool = True
    speed: float = 1500.0  # mm/min
    speed_factor: float = 1.0
    extrude_factor: float = 1.0


@dataclass(slots=True)
class Toolhead:
    """``position`` X, Y, Z, E in mm; ``homed`` the axes whose place is known, as "xyz"."""

    config: KlipperConfig
    position: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])
    homed: str = ""
    modes: Modes = field(default_factory=Modes)
    offset_z: float = 0.0
    max_velocity: float = 300.0
    max_accel: float = 3000.0
    motors: bool = False
    saved: dict[str, tuple[Modes, list[float]]] = field(default_factory=dict)
    _homing: list[tuple[str, float]] = field(default_factory=list)

    @property
    def is_homing(self) -> bool:
        """Whether a homing is under way."""
        return bool(self._homing)

    def home(self, axes: str) -> None:
        """Start homing "xyz" or some of them."""
        self.motors = True
        self._homing = [(axis, AXIS_HOMING_S) for axis in axes]
        self.homed = "".join(a for a in self.homed if a not in axes)

    def abort(self) -> None:
        """A running homing ends without a result."""
        self._homing = []

    def step(self, dt: float) -> None:
        """Advance a running homing by ``dt`` simulated seconds."""
        while self._homing and dt > 0:
            axis, left = self._homing[0]
            if left > dt:
                self._homing[0] = (axis, left - dt)
                return
            dt -= left
            self._homing.pop(0)
            self.position["xyz".index(axis)] = 0.0
            self.homed = "".join(a for a in "xyz" if a in self.homed or a == axis)

    def motors_off(self) -> None:
        """M84: the position is no longer known."""
        self.homed, self.motors = "", False

    def move(self, values: dict[str, float]) -> None:
        """G1 with X, Y, Z, E, F. Raises GcodeError as Klippy does; then nothing has moved."""
        modes = self.modes
        modes.speed = values.get("F", modes.speed)
        target = list(self.position)
        for i, axis in enumerate("XYZ"):
            if axis in values:
                origin = self.offset_z if axis == "Z" and modes.absolute else 0.0
                target[i] = values[axis] + (origin if modes.absolute else target[i])
        if "E" in values:
            push = values["E"] * modes.extrude_factor
            relative = not (modes.absolute and modes.absolute_e)
            target[3] = target[3] + push if relative else push
        self.go(target)

    def go(self, target: list[float]) -> None:
        """Move there. Raises GcodeError: not homed, out of range, too much filament."""
        where = "{:.3f} {:.3f} {:.3f} [{:.3f}]".format(*target)
        for i, axis in enumerate("xyz"):
            if target[i] == self.position[i]:
                continue
            if axis not in self.homed:
                raise GcodeError(f"Must home axis first: {where}")
            if not -1e-6 <= target[i] <= self.config.volume[i] + 1e-6:
                raise GcodeError(f"Move out of range: {where}")
        pushed = target[3] - self.position[3]
        if abs(pushed) > self.config.max_extrude_mm and target[:3] == self.position[:3]:
            raise GcodeError(
                f"Extrude only move too long ({pushed:.3f}mm vs"
                f" {self.config.max_extrude_mm:.3f}mm)\nSee the 'max_extrude_only_distance'"
                " config option for details"
            )
        self.motors = True
        self.position = target
