"""The virtual printer of any make: heat, motion, a job, people. No sockets and no threads."""

from __future__ import annotations

import math
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from simulator.ams import Ams
from simulator.gcode_exec import GcodeConsole
from simulator.knobs import MachineKnobs
from simulator.ledger import Ledger
from simulator.models import Model, model_named
from simulator.physics import Axes, Heat
from simulator.print_run import PrintRun
from simulator.scenarios import Autopilot
from simulator.specs import PrinterSpec
from simulator.stamp import Pace
from simulator.state import Health, JobInfo, Options, Part
from simulator.storage import Storage

_STEP_S = 5.0  # longest physics step, simulated seconds
_MAX_STEPS = 60


class VirtualPrinter(ABC):
    """One printer; its host calls ``tick(real_seconds)`` often (4 times a second).

    Everything happens in one thread. Physics runs in simulated seconds (real × time scale);
    delays of protocols and of the knobs are real seconds.
    """

    def __init__(
        self,
        spec: PrinterSpec,
        *,
        knobs: MachineKnobs,
        ams: Ams,
        time_scale: float = 1.0,
    ) -> None:
        self.spec: PrinterSpec = spec
        self.model: Model = model_named(spec.model)
        self.storage = Storage(self.model.storage_dirs)
        self.knobs = knobs
        self.time_scale = time_scale
        self.pace = Pace()  # for benchmarks
        self.random = random.Random(spec.seed)
        self.heat = Heat.of(self.model)
        self.axes = Axes(self.model.volume)
        self.ams: Ams = ams
        self.job = JobInfo()
        self.health = Health()
        self.options = Options(nozzle_type=self.model.nozzle_type)
        self.fans: dict[int, float] = {1: 0.0, 2: 0.0, 3: 0.0, 10: 0.0}
        self.lights: dict[str, str] = {"chamber_light": "on", "work_light": "flashing"}
        if self.model.nozzles == 2:
            self.lights["chamber_light2"] = "on"
        self.filament_sensor = True
        self.run: PrintRun | None = None
        self.bed_part: Part | None = None
        self.ledger = Ledger()
        self.console = self._new_console()
        self.uptime = 0.0  # real seconds
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self.wifi = -48.0
        self.jitter = 0.0
        self._jitter_due = 0.0
        self.autopilot: Autopilot | None = None

    def _new_console(self) -> GcodeConsole:
        return GcodeConsole(self)

    @property
    def wall_time(self) -> int:
        """Seconds since the epoch, as the printer's clock shows."""
        return int(time.time())

    @property
    def prepare_s(self) -> float:
        """Simulated seconds between the start of a job and its first line of G-code."""
        return 0.0

    @property
    def state_after_stop(self) -> str:
        """The state that follows a stop by a person."""
        return "FAILED"

    # --- time -------------------------------------------------------------------------------

    def tick(self, real_seconds: float) -> None:
        """Advance physics and job by ``real_seconds`` × time scale."""
        self.uptime += real_seconds
        self._fire_timers()
        left = real_seconds * self.time_scale
        steps = min(_MAX_STEPS, max(1, math.ceil(left / _STEP_S)))
        for _ in range(steps):
            self._step(left / steps)
        if self.uptime >= self._jitter_due:
            self._wobble()
        if self.autopilot is not None:
            self.autopilot.step(real_seconds)

    def _step(self, dt: float) -> None:
        self.heat.step(dt, self.knobs.heater_power)
        self.axes.step(dt)
        self.ams.step(dt)
        self.console.step()
        if self.run is not None:
            self.run.step(dt)

    def _wobble(self) -> None:
        self._jitter_due = self.uptime + 1.0
        self.jitter = self.random.uniform(-0.2, 0.2)
        if self.random.random() < 0.15:
            walk = self.wifi + self.random.choice((-2, -1, 1, 2))
            self.wifi = min(-38.0, max(-62.0, walk))

    def after(self, real_seconds: float, action: Callable[[], None]) -> None:
        """Do something in so many real seconds of ticking."""
        self._timers.append((self.uptime + real_seconds, action))

    def _fire_timers(self) -> None:
        if not self._timers:
            return
        now = self.uptime + 1e-9
        ready = [a for due, a in self._timers if due <= now]
        self._timers = [t for t in self._timers if t[0] > now]
        for action in ready:
            action()

    def camera_frame(self) -> bytes:
        """A JPEG of 1280×720 pixels of the chamber as it is now."""
        from simulator.scene import draw_frame  # Pillow only when somebody watches

        return draw_frame(self)

    # --- small parts used by requests and runs --------------------------------------------------

    def set_fan(self, number: int, percent: float) -> None:
        """M106 numbering: 1 part, 2 aux, 3 chamber, 10 second aux. Absent fans stay at 0."""
        present = {1: True, 2: self.model.aux_fan, 3: self.model.chamber_fan, 10: False}
        if present.get(number, False):
            self.fans[number] = float(min(100.0, max(0.0, percent)))

    def run_ended(self, run: PrintRun) -> None:
        """A run says it is over."""
        if self.run is run:
            self.run = None
            self.ledger.end("finished" if self.job.gcode_state == "FINISH" else "failed")

    # --- people and faults (the control port's actions) -------------------------------------------

    def power_cycle(self) -> None:
        """Off and on again: IDLE, counters and errors gone, position unknown, spools stay."""
        self.run = None
        self.ledger.end("cut")
        self._timers.clear()
        self.job, self.health = JobInfo(), Health()
        self.heat.off()
        self.axes = Axes(self.model.volume)
        self.console = self._new_console()
        self.fans = dict.fromkeys(self.fans, 0.0)
        self.ams.change, self.ams.tar = None, self.ams.now
        self.lights["chamber_light"] = "on"

    def runout(self) -> None:
        """The loaded filament ends now."""
        if self.run is not None and self.job.gcode_state == "RUNNING":
            self.run.runout()

    @abstractmethod
    def start_local(self, name: str) -> None:
        """Somebody starts a stored file at the machine.

        Raises StorageError when it is not there, ValueError when the printer is busy.
        """

    @abstractmethod
    def hard_fail(self) -> None:
        """The machine fails: a job that runs ends, and an error is shown."""

    def pause(self) -> None:
        """Somebody presses Pause at the screen."""
        if self.run is not None and self.job.gcode_state == "RUNNING":
            self.run.pause()

    def resume(self) -> None:
        """Somebody presses Resume at the screen."""
        if self.run is not None and self.job.gcode_state == "PAUSE":
            self.run.resume()

    def stop(self) -> None:
        """Somebody presses Stop at the screen."""
        if self.run is not None:
            self.run.stop()

    @property
    def part_on_bed(self) -> str:
        """Name of the part on the bed, "" for none."""
        return self.bed_part.name if self.bed_part is not None else ""

    def clear_bed(self) -> None:
        """Somebody takes the part away (only the camera shows it)."""
        self.bed_part = None
