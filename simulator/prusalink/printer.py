"""A Prusa printer as PrusaLink sees it: its state word, its jobs' numbers, what it asks people."""

from __future__ import annotations

import time

from simulator.plain_job import PlainRun
from simulator.plain_machine import PlainPrinter
from simulator.prusalink.knobs import PrusaLinkKnobs
from simulator.specs import PrinterSpec
from simulator.stamp import stamp_of

_INHERITED_S = 5.0
_FAULTS = {
    "heater": "THERMAL RUNAWAY",
    "sensor": "MINTEMP ERROR",
    "board": "Printer firmware is not responding",
    "emergency": "Printer was stopped",
}
NO_SERIAL = "Serial device does not exist"


class PrusaMachine(PlainPrinter):
    """``state`` is one of IDLE, BUSY, PRINTING, PAUSED, FINISHED, STOPPED, ATTENTION, ERROR."""

    knobs: PrusaLinkKnobs

    def __init__(
        self, spec: PrinterSpec, *, time_scale: float = 1.0, knobs: PrusaLinkKnobs | None = None
    ) -> None:
        self.asks = False
        self._end_shown = ""
        self._percent_before = 0
        self._started_at = -1e9
        super().__init__(spec, time_scale=time_scale, knobs=knobs or PrusaLinkKnobs())

    @property
    def is_mk3(self) -> bool:
        """Whether the server stands beside the printer (MK3 family)."""
        return self.spec.flavour == "mk3"

    @property
    def state(self) -> str:
        """PrusaLink's word."""
        if self.fault or not self.connected:
            return "ERROR"
        if self.run is not None:
            return self._job_state()
        if self.asks:
            return "ATTENTION"
        if self._end_shown:
            return self._end_shown
        return "BUSY" if self.axes.homing_left > 0 or self.console.blocked else "IDLE"

    def _job_state(self) -> str:
        if self.asks or (self.job.gcode_state == "PAUSE" and self.pause_reason == "runout"):
            return "ATTENTION"
        return "PAUSED" if self.job.gcode_state == "PAUSE" else "PRINTING"

    @property
    def complaint(self) -> str:
        """What status_printer says is wrong; "" for nothing."""
        if not self.connected:
            return NO_SERIAL
        return self.fault_text or _FAULTS.get(self.fault, "")

    @property
    def job_id(self) -> int:
        """Of the running or the last job; jobs count from 1."""
        return self.started

    @property
    def shown_percent(self) -> int:
        """The job's progress as the server shows it."""
        young = self.uptime - self._started_at < _INHERITED_S
        if self.knobs.inherited_progress and young:
            return self._percent_before
        return self.job.percent if self._stamp is None else self._stamp[1]

    @property
    def shown_left_s(self) -> int:
        """Seconds the job still takes as the server shows them."""
        minutes = self.job.minutes if self._stamp is None else self._stamp[0]
        return minutes * 60

    @property
    def _stamp(self) -> tuple[int, int] | None:
        """When the job's numbers have changed last, for benchmarks."""
        if not self.pace.stamp or self.run is None:
            return None
        return stamp_of(self.pace.last_change_ns(time.time_ns()))

    @property
    def can_start(self) -> bool:
        """Whether a start would be accepted."""
        if self.is_mk3:
            return self.state == "IDLE"
        return self.state in ("IDLE", "FINISHED", "STOPPED")

    def start_file(self, path: str) -> PlainRun:
        before = self.job.percent
        run = super().start_file(path)
        self._end_shown = ""
        self._percent_before, self._started_at = before, self.uptime
        return run

    def end_job(self, how: str) -> None:
        running = self.run is not None
        super().end_job(how)
        if not running:
            return
        self.asks = False
        shown = self._end_shown = "FINISHED" if how == "finished" else "STOPPED"
        number = self.started
        if self.is_mk3:
            self.after(self.knobs.cool_down_s, lambda: self._cooled(shown, number))

    def _cooled(self, shown: str, number: int) -> None:
        if self._end_shown == shown and self.started == number:
            self._end_shown = ""

    # --- people ---------------------------------------------------------------------------------

    def dismiss(self) -> None:
        """Somebody leaves the screen that shows how the job ended."""
        self._end_shown = ""

    def ask_attention(self) -> None:
        """The printer asks something at its own screen; a job waits."""
        self.asks = True
        if self.run is not None:
            self.job.gcode_state = "PAUSE"

    def answer_attention(self) -> None:
        """Somebody answers at the screen; a waiting job goes on."""
        self.asks = False
        if self.run is not None and self.job.gcode_state == "PAUSE":
            self.resume()

    def power_cycle(self) -> None:
        super().power_cycle()
        self.asks, self._end_shown = False, ""
