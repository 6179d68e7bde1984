"""Runs single G-code lines sent as gcode_line (A7): heat, fans, homing, moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.gcode import fields_of

if TYPE_CHECKING:
    from simulator.machine import VirtualPrinter

_MIN_EXTRUDE_C = 170.0


class GcodeConsole:
    """A queue of lines; M109, M190 and G28 hold up what follows them."""

    def __init__(self, machine: VirtualPrinter) -> None:
        self._m = machine
        self._queue: deque[str] = deque()
        self._until: Callable[[], bool] | None = None
        self.relative_e = True
        self.extruded: float = 0.0
        self._pushed: list[bool] = []

    def send(self, text: str) -> None:
        """Queue lines and run what can run at once."""
        self._queue.extend(line for raw in text.split("\n") if (line := raw.split(";")[0].strip()))
        self.step()

    @property
    def blocked(self) -> bool:
        """Whether a wait holds up the queue."""
        return self._until is not None

    def step(self) -> None:
        """Run queued lines until one has to wait."""
        if self._until is not None:
            if not self._until():
                return
            self._until = None
            if self._m.run is None:
                self._m.job.stage = None
        while self._queue and self._until is None:
            self._execute(self._queue.popleft())

    def _execute(self, line: str) -> None:
        word = line.split(" ", 1)[0].upper()
        action = _ACTIONS.get(word)
        if action is not None:
            action(self, line)

    def _nozzle(self, line: str) -> int:
        tool = int(fields_of(line).get("T", -1))
        count = len(self._m.heat.nozzles)
        return tool if 0 <= tool < count else min(self._m.ams.extruder, count - 1)

    def set_nozzle(self, line: str) -> None:
        """M104."""
        if not self._m.knobs.ignore_m104:
            self._m.heat.nozzles[self._nozzle(line)].aim(fields_of(line).get("S", 0.0))

    def wait_nozzle(self, line: str) -> None:
        """M109."""
        nozzle = self._m.heat.nozzles[self._nozzle(line)]
        nozzle.aim(fields_of(line).get("S", 0.0))
        self._until = nozzle.reached

    def set_bed(self, line: str) -> None:
        """M140."""
        if not self._m.knobs.ignore_m104:
            self._m.heat.bed.aim(fields_of(line).get("S", 0.0))

    def wait_bed(self, line: str) -> None:
        """M190."""
        self._m.heat.bed.aim(fields_of(line).get("S", 0.0))
        self._until = self._m.heat.bed.reached

    def set_chamber(self, line: str) -> None:
        """M141."""
        self._m.heat.chamber.aim(fields_of(line).get("S", 0.0))

    def fan_on(self, line: str) -> None:
        """M106."""
        values = fields_of(line)
        self._m.set_fan(int(values.get("P", 1)), values.get("S", 255.0) / 2.55)

    def fan_off(self, line: str) -> None:
        """M107."""
        self._m.set_fan(int(fields_of(line).get("P", 1)), 0)

    def home(self, _line: str) -> None:
        """G28: five simulated seconds with stage 13."""
        axes = self._m.axes
        axes.home()
        if self._m.run is None:
            self._m.job.stage = 13
        self._until = lambda: axes.homing_left <= 0

    def soft_ends(self, line: str) -> None:
        """M211: S saves, R restores, X/Y/Z 0|1 switch the soft end stops."""
        if " S" in line:
            self._pushed.append(self._m.axes.soft_ends)
        elif " R" in line and self._pushed:
            self._m.axes.soft_ends = self._pushed.pop()
        values = fields_of(line)
        if any(axis in values for axis in "XYZ"):
            self._m.axes.soft_ends = all(values.get(axis, 1) for axis in "XYZ")

    def reference_mode(self, line: str) -> None:
        """M1002 push_ref_mode / pop_ref_mode."""
        if "pop_ref_mode" in line:
            self._m.axes.relative = False

    def relative(self, line: str) -> None:
        """G90 and G91."""
        self._m.axes.relative = line.upper().startswith("G91")

    def relative_extruder(self, line: str) -> None:
        """M82 and M83."""
        self.relative_e = line.upper().startswith("M83")

    def move(self, line: str) -> None:
        """G0 and G1, extrusion included (cold extrusion does nothing)."""
        values = fields_of(line)
        self._m.axes.move(values)
        if "E" in values:
            self.extrude(values["E"], self._m.ams.extruder)

    def extrude(self, millimetres: float, nozzle: int) -> bool:
        """Push filament; False when the nozzle is too cold."""
        if self._m.heat.nozzles[nozzle].actual < _MIN_EXTRUDE_C:
            return False
        self.extruded += millimetres
        loaded = self._m.ams.loaded
        if loaded is not None and millimetres > 0:
            loaded.pull(millimetres)
        return True

    def motors_off(self, _line: str) -> None:
        """M18, M84."""
        self._m.axes.motors_off()

    def read_spool(self, line: str) -> None:
        """M620 R<tray>: read the RFID of a tray."""
        tray = int(fields_of(line).get("R", -1))
        if tray >= 0:
            self._m.ams.reading = (tray // 4, tray % 4, 8.0)


_ACTIONS: dict[str, Callable[[GcodeConsole, str], None]] = {
    "M104": GcodeConsole.set_nozzle,
    "M109": GcodeConsole.wait_nozzle,
    "M140": GcodeConsole.set_bed,
    "M190": GcodeConsole.wait_bed,
    "M141": GcodeConsole.set_chamber,
    "M106": GcodeConsole.fan_on,
    "M107": GcodeConsole.fan_off,
    "G28": GcodeConsole.home,
    "M211": GcodeConsole.soft_ends,
    "M1002": GcodeConsole.reference_mode,
    "G90": GcodeConsole.relative,
    "G91": GcodeConsole.relative,
    "M82": GcodeConsole.relative_extruder,
    "M83": GcodeConsole.relative_extruder,
    "G0": GcodeConsole.move,
    "G1": GcodeConsole.move,
    "M18": GcodeConsole.motors_off,
    "M84": GcodeConsole.motors_off,
    "M620": GcodeConsole.read_spool,
}
COMMON_WORDS = frozenset(_ACTIONS)
