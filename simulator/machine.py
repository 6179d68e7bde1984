"""The virtual printer: a synchronous machine without sockets or threads."""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Callable
from typing import Any

from simulator.ams import NONE, Ams, ams_for, spool
from simulator.bambu.reports.pushes import Pushes
from simulator.bambu.requests.dispatch import answer
from simulator.bambu.requests.start import local_start
from simulator.gcode_exec import GcodeConsole
from simulator.knobs import Knobs
from simulator.models import Model, model_named
from simulator.physics import Axes, Heat
from simulator.print_run import PAUSE_COVER, PrintRun, Start
from simulator.scenarios import Autopilot, apply_scenario
from simulator.specs import PrinterSpec
from simulator.state import LEVELLING_FAILED, LEVELLING_HMS, Health, JobInfo, Options, Part
from simulator.storage import Storage

_STEP_S = 5.0  # longest physics step, simulated seconds
_MAX_STEPS = 60


class VirtualPrinter:
    """One printer. The wire calls, all in one thread:

    - ``tick(real_seconds)`` often (4 times a second),
    - ``next_report()`` every ``report_interval()`` seconds, and publishes what it returns,
    - ``due_messages()`` after every tick, and publishes each (late answers, knob ack_delay_s),
    - ``handle(request)`` for every JSON object on the request topic, and publishes the answers.

    Returned dicts share cached parts: encode them, never change them. Physics runs in simulated
    seconds (real × time scale); delays of the protocol and of the knobs are real seconds.
    """

    def __init__(self, spec: PrinterSpec, *, time_scale: float = 1.0) -> None:
        self.spec: PrinterSpec = spec
        self.model: Model = model_named(spec.model)
        self.storage = Storage(self.model.storage_dirs)
        self.knobs = Knobs()
        self.time_scale = time_scale
        self.random = random.Random(spec.seed)
        self.heat = Heat.of(self.model)
        self.axes = Axes(self.model.volume)
        self.ams: Ams = ams_for(self.model, spec.seed)
        self.job = JobInfo()
        self.health = Health()
        self.options = Options(nozzle_type=self.model.nozzle_type)
        self.fans: dict[int, float] = {1: 0.0, 2: 0.0, 3: 0.0, 10: 0.0}
        self.lights: dict[str, str] = {"chamber_light": "on", "work_light": "flashing"}
        if self.model.nozzles == 2:
            self.lights["chamber_light2"] = "on"
        self.cover_open = False
        self.filament_sensor = True
        self.run: PrintRun | None = None
        self.bed_part: Part | None = None
        self.console = GcodeConsole(self)
        self.uptime = 0.0  # real seconds
        self.touched = -60.0  # uptime of the last request: pushes are lively after it
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._due: list[dict[str, Any]] = []
        self.wifi = -48.0
        self.jitter = 0.0
        self._jitter_due = 0.0
        self.autopilot: Autopilot | None = None
        self.pushes = Pushes(self)
        apply_scenario(self, spec.scenario)
        self.pushes.rebase()

    @property
    def access_code(self) -> str:
        """The code the servers demand now (knob access_code, else the spec's)."""
        return self.knobs.access_code or self.spec.access_code

    @property
    def wall_time(self) -> int:
        """Seconds since the epoch, as the printer's clock shows."""
        return int(time.time())

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

    # --- the wire's side ----------------------------------------------------------------------

    def next_report(self, *, full: bool = False) -> dict[str, Any] | None:
        """What a push would send now; None when there is nothing to say.

        ``full`` gives the whole status (msg 0), as the answer to pushall does.
        """
        return self.pushes.full() if full else self.pushes.next()

    def report_interval(self) -> float:
        """Real seconds until the next push is due."""
        return self.pushes.interval()

    def handle(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Carry out one request; the messages to publish on /report, in order."""
        self.touched = self.uptime
        messages = answer(self, request)
        if self.knobs.ack_delay_s > 0 and messages:
            self.after(self.knobs.ack_delay_s, lambda: self._due.extend(messages))
            return []
        return messages

    def due_messages(self) -> list[dict[str, Any]]:
        """Answers that were held back and are due now."""
        due, self._due = self._due, []
        return due

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

    def begin(self, start: Start) -> None:
        """Start a run now."""
        self.filament_sensor = True
        self.run = PrintRun(self, start)

    def run_ended(self, run: PrintRun) -> None:
        """A run says it is over."""
        if self.run is run:
            self.run = None

    # --- people and faults (the control port's actions) -------------------------------------------

    def power_cycle(self) -> None:
        """Off and on again: IDLE, counters and errors gone, position unknown, spools stay."""
        self.run = None
        self._timers.clear()
        self.job, self.health = JobInfo(), Health()
        self.heat.off()
        self.axes = Axes(self.model.volume)
        self.console = GcodeConsole(self)
        self.fans = dict.fromkeys(self.fans, 0.0)
        self.ams.change, self.ams.tar = None, self.ams.now
        self.lights["chamber_light"] = "on"

    def inject_hms(self, attr: int, code: int) -> None:
        """Add an HMS entry; severity = code >> 16 (1 fatal … 4 info)."""
        self.health.add_hms(attr, code)

    def clear_hms(self) -> None:
        """The list is empty again."""
        self.health.hms = []

    def set_print_error(self, n: int) -> None:
        """Set print_error (0 clears)."""
        self.health.print_error = n

    def soft_fail(self) -> None:
        """The job ends FAILED without any error code."""
        self._fail(0)

    def hard_fail(self) -> None:
        """The job ends FAILED with 0300-4002 and a serious HMS entry."""
        self._fail(LEVELLING_FAILED)
        self.health.add_hms(*LEVELLING_HMS)

    def _fail(self, error: int) -> None:
        if self.run is not None:
            self.run.fail(error)
            return
        self.job.gcode_state = "FAILED"
        self.health.print_error = self.health.fail_reason = error

    def runout(self) -> None:
        """The loaded filament ends now."""
        if self.run is not None and self.job.gcode_state == "RUNNING":
            self.run.runout()

    def open_front_cover(self) -> None:
        """A running job pauses with stage 17; the door bit is set."""
        self.cover_open = True
        if self.run is not None and self.job.gcode_state == "RUNNING":
            self.run.pause(PAUSE_COVER)

    def close_front_cover(self) -> None:
        """The door bit is cleared; the job stays paused."""
        self.cover_open = False

    def unplug_ams(self, unit: int = 0) -> None:
        """An AMS disappears; its tray, when loaded, is unknown from then on."""
        gone = self.ams.unit(unit)
        if gone is None:
            raise ValueError(f"There is no AMS {unit}")
        flats = {gone.flat(slot) for slot in range(len(gone.slots))}
        self.ams.units = [u for u in self.ams.units if u is not gone]
        if self.ams.now in flats:
            self.ams.now = self.ams.tar = NONE
            self.ams.change = None

    def plug_ams(self, unit: int = 0) -> None:
        """An AMS like the first one the model came with, with fresh spools."""
        if self.ams.unit(unit) is not None:
            raise ValueError(f"AMS {unit} is there already")
        fresh = ams_for(self.model, self.spec.seed + 1).units[0]
        fresh.id = unit
        self.ams.units = sorted([*self.ams.units, fresh], key=lambda u: u.id)

    def swap_spool(self, unit: int, slot: int, type: str, color: str, remain: float = 100) -> None:
        """Put another spool in; ``type`` "" empties the slot; ``unit`` 254 is the holder."""
        fresh = spool(type, color, remain, rfid=unit != 254) if type else None
        if unit == 254:
            self.ams.external[254] = fresh
            return
        box = self.ams.unit(unit)
        if box is None or not 0 <= slot < len(box.slots):
            raise ValueError(f"There is no slot {slot} in AMS {unit}")
        box.slots[slot] = fresh

    def start_local(self, name: str, plate: int = 1) -> None:
        """Somebody starts a stored file at the touch screen.

        Raises StorageError when it is not there, ValueError when the printer is busy.
        """
        if self.job.busy:
            raise ValueError("The printer is busy")
        local_start(self, name, plate)

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

    def clear_bed(self) -> None:
        """Somebody takes the part away (only the camera shows it)."""
        self.bed_part = None

    def snapshot(self) -> dict[str, Any]:
        """The full report without counting it as sent: for tests and the control port."""
        return copy.deepcopy(self.pushes.build())
