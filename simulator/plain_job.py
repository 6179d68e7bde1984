"""A running job of plain G-code: heating, layers, bytes of the file, pauses by the file."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from simulator.gcode import Mark, timeline_of
from simulator.print_run import PrintRun, Start
from simulator.state import JobInfo, Part

if TYPE_CHECKING:
    from simulator.plain_machine import PlainPrinter


class PlainRun(PrintRun):
    """One job of a PlainPrinter, from its first line on. Times in simulated seconds."""

    def __init__(self, machine: PlainPrinter, path: str, gcode: bytes) -> None:
        self.path = path  # on the storage, as it was started
        self.name = path.rsplit("/", 1)[-1]
        self.timeline = timeline_of(gcode)
        self.total_s = 0.0  # since the start, pauses and heating included
        self.paused_s = 0.0
        self.heating_s = 0.0  # before the first layer
        self.filament_mm = 0.0
        self.object = ""  # being printed now
        self.excluded: list[str] = []
        self.layer_info: tuple[int | None, int | None] = (None, None)  # SET_PRINT_STATS_INFO
        self.started_wall = time.time()
        self._plain = machine
        self._tells_progress = any(mark.kind == "progress" for mark in self.timeline.marks)
        machine.job = JobInfo(file=self.name, subtask_name=self.name.rsplit(".", 1)[0])
        super().__init__(machine, Start(timeline=self.timeline))
        machine.job.gcode_state = "RUNNING"
        machine.job.started_at = int(self.started_wall)
        machine.bed_part = Part(machine.job.subtask_name, "8B95A1")

    @property
    def rate(self) -> float:
        return self._plain.feed_percent / 100

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.timeline.size

    @property
    def file_position(self) -> int:
        """Bytes of the file that have been read so far."""
        return min(self.size, self.timeline.byte_at(self._clock))

    @property
    def header_bytes(self) -> int:
        """Where the first anchor of time lies: what stands before is no progress."""
        return self.timeline.byte_at(0.0)

    @property
    def share(self) -> float:
        """0 … 1 of the printing time."""
        return min(1.0, self._clock / max(0.001, self.timeline.total_s))

    @property
    def remaining_s(self) -> float:
        """Of printing, at the present speed."""
        return max(0.0, self.timeline.total_s - self._clock) / max(0.01, self.rate)

    @property
    def printing_s(self) -> float:
        """Without pauses."""
        return self.total_s - self.paused_s

    @property
    def waiting(self) -> bool:
        """Whether a heater holds up the file."""
        return self._until is not None

    @property
    def heating(self) -> bool:
        """Whether nothing has been printed yet because of heaters."""
        return self.waiting and self._plain.job.layer == 0

    def step(self, dt: float) -> None:
        if not self.active:
            return
        self.total_s += dt
        if self._plain.settling in ("pausing", "cancelling"):
            return  # nothing more is read from the file
        if self._plain.job.gcode_state == "PAUSE":
            self.paused_s += dt
        elif self.heating:
            self.heating_s += dt
        super().step(dt)
        if not self._tells_progress:
            self._plain.job.percent = int(100 * self.share)
            self._plain.job.minutes = math.ceil(self.remaining_s / 60)

    # --- marks that plain G-code knows --------------------------------------------------------

    def _on_pause(self, _mark: Mark) -> None:
        self._plain.pause("file")

    def _on_message(self, mark: Mark) -> None:
        self._plain.message = mark.text

    def _on_object(self, mark: Mark) -> None:
        self.object = mark.text

    def _on_stats(self, mark: Mark) -> None:
        layer, total = self.layer_info
        self.layer_info = (
            mark.n if mark.n >= 0 else layer,
            int(mark.value) if mark.value >= 0 else total,
        )

    def _on_fan(self, mark: Mark) -> None:
        self._m.set_fan(1 if mark.n == 0 else mark.n, mark.value)

    def _on_filament(self, mark: Mark) -> None:
        if mark.n < len(self._m.heat.nozzles):
            self._m.ams.extruder = mark.n

    def _on_extrude(self, mark: Mark) -> None:
        if not self.air and self.object not in self.excluded:
            self.filament_mm += mark.value

    # --- ends ---------------------------------------------------------------------------------

    def runout(self) -> None:
        self._plain.runout()

    def fail(self, error: int) -> None:
        self._plain.health.fail_reason = error
        self._plain.end_job("failed")

    def _finish(self) -> None:
        job = self._plain.job
        self._clock = self.timeline.total_s
        job.percent, job.layer, job.minutes = 100, job.layers, 0
        self._grow()
        self._plain.end_job("finished")
