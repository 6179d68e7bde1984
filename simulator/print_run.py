"""One running job: PREPARE, the stages of its G-code, pauses, and how it ends (B3)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.ams import EXTERNAL, NONE
from simulator.gcode import Mark, Timeline
from simulator.state import AMS_RUNOUT, CANCELLED, RUNOUT, SPEEDS, Part

if TYPE_CHECKING:
    from simulator.machine import VirtualPrinter

_TRAYS_IN_AMS = 16  # four units of four; from 128 on AMS HT, 254 the external spool
PAUSE_BY_USER, PAUSE_RUNOUT, PAUSE_COVER, PAUSE_GCODE = 16, 6, 17, 30
HEATING_NOZZLE = 7
_STANDBY_C = 90.0
_STOP_STATE_S, _STOP_CLEAR_S = 0.75, 1.5  # real seconds (A5.1)


@dataclass(slots=True, kw_only=True)
class Start:
    """What is to be printed. ``trays[i]`` is the flat tray of project filament i, None = ask
    nobody and stay with what is loaded. ``error`` makes PREPARE end in FAILED with it."""

    timeline: Timeline
    trays: list[int | None] = field(default_factory=list)
    color: str = "8B95A1"
    error: int = 0
    air: bool = False
    objects: tuple[int, ...] = ()
    system: bool = False  # a calibration: nothing on the bed, ends in the state before


class PrintRun:
    """Drives a job on a machine. ``active`` until it finished, failed or was stopped."""

    def __init__(self, machine: VirtualPrinter, start: Start) -> None:
        self._m = machine
        self._start = start
        self._clock = 0.0
        self._cursor = 0
        self._prepare_left = 0.0 if start.system else machine.prepare_s
        self._prepare_total = max(0.001, self._prepare_left)
        self._until: Callable[[], bool] | None = None
        self._resume_targets: list[float] = []
        self._stage_before: int | None = None
        self._stage_after: int | None = None
        self.active = True
        self.stopping = False
        job = machine.job
        job.gcode_state = "RUNNING" if start.system else "PREPARE"
        job.prepare_percent = 0
        job.percent, job.layer, job.stage = 0, 0, None
        job.minutes = math.ceil(start.timeline.total_s / 60)
        job.layers = start.timeline.layers
        job.skipped, job.objects = [], start.objects
        job.speed_level = 2
        machine.health.fail_reason = 0

    @property
    def air(self) -> bool:
        """Whether nothing comes out of the nozzle."""
        return self._start.air or self._m.knobs.air_print

    @property
    def rate(self) -> float:
        """How fast it prints, 1.0 = as sliced."""
        return SPEEDS[self._m.job.speed_level] / 100

    def step(self, dt: float) -> None:
        """Advance ``dt`` simulated seconds."""
        if self.stopping or not self.active:
            return
        state = self._m.job.gcode_state
        if state == "PREPARE":
            self._prepare(dt)
        elif state == "RUNNING":
            self._run(dt)

    def _prepare(self, dt: float) -> None:
        self._prepare_left -= dt
        job = self._m.job
        share = 1 - self._prepare_left / self._prepare_total
        job.prepare_percent = max(0, min(100, int(100 * share)))
        if self._prepare_left > 0:
            return
        job.prepare_percent = 100
        if self._start.error:
            self.fail(self._start.error)
            return
        job.gcode_state = "RUNNING"
        self._m.bed_part = Part(job.subtask_name or job.file, self._start.color)

    def _run(self, dt: float) -> None:
        if self._until is not None:
            if not self._until():
                return
            self._until = None
            if self._stage_after is not None:
                self._m.job.stage, self._stage_after = self._stage_after, None
        self._clock += dt * self.rate
        marks = self._start.timeline.marks
        while self._cursor < len(marks) and marks[self._cursor].at <= self._clock:
            mark = marks[self._cursor]
            self._cursor += 1
            self._apply(mark)
            if self._until is not None or not self.active or self._m.job.gcode_state != "RUNNING":
                self._clock = mark.at
                return
        if self._cursor >= len(marks) and self._clock >= self._start.timeline.total_s:
            self._finish()

    # --- marks ------------------------------------------------------------------------------

    def _apply(self, mark: Mark) -> None:
        getattr(self, f"_on_{mark.kind}")(mark)

    def _on_progress(self, mark: Mark) -> None:
        job = self._m.job
        if mark.value >= 0:
            job.percent = int(mark.value)
        if mark.n >= 0:
            job.minutes = math.ceil(mark.n / self.rate)
        job.line = self._cursor * 40

    def _on_layer(self, mark: Mark) -> None:
        self._m.job.layer = mark.n
        self._grow()

    def _grow(self) -> None:
        part, job = self._m.bed_part, self._m.job
        if part is not None and job.layers and not self.air:
            part.done = min(1.0, job.layer / job.layers)

    def _on_z(self, mark: Mark) -> None:
        self._m.axes.position["Z"] = mark.value

    def _on_stage(self, mark: Mark) -> None:
        job = self._m.job
        job.stage = mark.n
        if mark.n not in job.stages and mark.n > 0:
            job.stages = [*job.stages, mark.n]
        if mark.n in (13, 1):
            self._m.axes.home()

    def _on_bed(self, mark: Mark) -> None:
        self._m.heat.bed.aim(mark.value)

    def _on_bed_wait(self, mark: Mark) -> None:
        bed = self._m.heat.bed
        bed.aim(mark.value)
        self._until = bed.reached

    def _nozzle(self, number: int) -> int:
        count = len(self._m.heat.nozzles)
        return number if 0 <= number < count else min(self._m.ams.extruder, count - 1)

    def _on_nozzle(self, mark: Mark) -> None:
        self._m.heat.nozzles[self._nozzle(mark.n)].aim(mark.value)

    def _on_nozzle_wait(self, mark: Mark) -> None:
        nozzle = self._m.heat.nozzles[self._nozzle(mark.n)]
        nozzle.aim(mark.value)
        self._until = nozzle.reached

    def _on_chamber(self, mark: Mark) -> None:
        self._m.heat.chamber.aim(mark.value)

    def _on_fan(self, mark: Mark) -> None:
        self._m.set_fan(mark.n, mark.value)

    def _on_filament(self, mark: Mark) -> None:
        ams = self._m.ams
        tray = self._start.trays[mark.n] if mark.n < len(self._start.trays) else None
        if self.air or tray is None or (tray == ams.now and ams.change is None):
            return
        ams.begin_change(tray)
        self._until = lambda: ams.change is None
        found = ams.find(tray)
        if found is not None and self._m.bed_part is not None and self._m.job.layer == 0:
            self._m.bed_part.color = found.color[:6]

    def _on_extrude(self, mark: Mark) -> None:
        spool = self._m.ams.loaded
        if self.air or spool is None:
            return
        if not spool.pull(mark.value):
            self.runout()

    def _on_pause(self, _mark: Mark) -> None:
        """Bambu firmware pauses by other words; makes of plain G-code override this."""

    def _on_message(self, mark: Mark) -> None:
        """As _on_pause."""

    def _on_object(self, mark: Mark) -> None:
        """As _on_pause."""

    def _on_stats(self, mark: Mark) -> None:
        """As _on_pause."""

    # --- what people and machines do to a job -------------------------------------------------

    def runout(self) -> None:
        """The loaded spool is empty: the job pauses (or the AMS refills from a twin)."""
        ams = self._m.ams
        spool = ams.loaded
        if spool is not None:
            spool.grams = 0.0
            if self._m.options.auto_switch_filament and self._refill():
                return
        self._m.filament_sensor = False
        in_ams = ams.now < _TRAYS_IN_AMS
        self._m.health.print_error = AMS_RUNOUT + (ams.now // 4 << 16) if in_ams else RUNOUT
        self.pause(PAUSE_RUNOUT)

    def _refill(self) -> bool:
        ams = self._m.ams
        empty = ams.loaded
        for flat, _, _, other in ams.trays():
            same = other and empty and (other.type, other.color) == (empty.type, empty.color)
            if other and same and flat != ams.now and other.grams > 0:
                ams.begin_change(flat)
                self._until = lambda: ams.change is None
                return True
        return False

    def pause(self, stage: int = PAUSE_BY_USER) -> None:
        """RUNNING → PAUSE; the nozzle cools to standby."""
        job, heat = self._m.job, self._m.heat
        job.gcode_state = "PAUSE"
        self._stage_before = self._stage_after if self._stage_after is not None else job.stage
        self._stage_after = None
        job.stage = stage
        self._resume_targets = [n.target for n in heat.nozzles]
        for nozzle in heat.nozzles:
            nozzle.target = min(nozzle.target, _STANDBY_C)

    def resume(self) -> None:
        """PAUSE → RUNNING; waits for the nozzle first. After a runout a fresh spool is in."""
        job, heat, health = self._m.job, self._m.heat, self._m.health
        if job.stage == PAUSE_RUNOUT:
            health.print_error = 0
            spool = self._m.ams.loaded
            if spool is not None and spool.grams <= 0:
                spool.grams = spool.weight
        self._m.filament_sensor = not self.air
        job.gcode_state = "RUNNING"
        for nozzle, target in zip(heat.nozzles, self._resume_targets, strict=False):
            nozzle.aim(max(nozzle.target, target) if nozzle.target > _STANDBY_C else target)
        earlier = self._until
        self._stage_after, job.stage = self._stage_before, HEATING_NOZZLE
        self._until = lambda: (
            all(n.reached() for n in heat.nozzles) and (earlier is None or earlier())
        )

    def stop(self) -> None:
        """A user stop (A5.1): the error flashes, then FAILED, then the error is gone."""
        machine = self._m
        self.stopping = True
        machine.health.print_error = CANCELLED
        machine.after(_STOP_STATE_S, self._stopped)
        machine.after(_STOP_CLEAR_S, self._stop_cleared)

    def _stopped(self) -> None:
        self._end(self._m.state_after_stop)
        job = self._m.job
        if self._m.model.name == "P1S":
            job.percent = job.layer = job.layers = 0

    def _stop_cleared(self) -> None:
        if self._m.health.print_error == CANCELLED:
            self._m.health.print_error = 0

    def fail(self, error: int) -> None:
        """FAILED; ``error`` 0 is a soft failure without any code."""
        self._m.health.print_error = error
        self._m.health.fail_reason = error
        self._end("FAILED")

    def _finish(self) -> None:
        job = self._m.job
        if not self._start.system:
            job.percent, job.layer = 100, job.layers
            self._grow()
        job.minutes = 0
        self._end("IDLE" if self._start.system else "FINISH")
        if self._m.ams.tar != NONE and self._m.ams.now == EXTERNAL:
            self._m.ams.tar = self._m.ams.now

    def _end(self, state: str) -> None:
        machine, job = self._m, self._m.job
        self.active = False
        self.stopping = False
        job.gcode_state, job.stage, job.stages = state, None, []
        job.print_type = "idle"
        machine.heat.off()
        for number in (1, 2, 3, 10):
            machine.set_fan(number, 0)
        machine.run_ended(self)
