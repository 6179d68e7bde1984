"""The virtual printer of another make than Bambu: Marlin, Klipper or Prusa firmware.

It prints plain G-code files from its storage. Its host translates: ``job``, ``run``, ``ended``,
``fault`` and the heaters into the words of its server.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.ams import EXTERNAL, Ams, spool
from simulator.http_knobs import HttpKnobs
from simulator.machine import VirtualPrinter
from simulator.plain_console import PlainConsole
from simulator.plain_job import PlainRun
from simulator.scenarios import apply_scenario
from simulator.specs import PrinterSpec
from simulator.state import JobInfo

_HEATING_FAILS_AFTER_S = 40.0  # simulated seconds without a degree of progress


class PlainPrinter(VirtualPrinter):
    """``job.gcode_state``: IDLE, RUNNING, PAUSE, FINISH (printed), FAILED (cancelled or failed).

    ``settling`` says that one of "pausing", "resuming", "cancelling" has been accepted and is still
    under way. ``watchers`` hear of "started", "paused", "resumed", "finished", "cancelled",
    "failed", "fault", "recovered", "unplugged", "plugged", in the loop's thread.
    """

    knobs: HttpKnobs
    console: PlainConsole

    def __init__(
        self, spec: PrinterSpec, *, time_scale: float = 1.0, knobs: HttpKnobs | None = None
    ) -> None:
        self.feed_percent = 100.0
        self.flow_percent = 100.0
        self.message = ""  # M117
        self.fault = ""  # what halted it: "heater", "sensor", "board", "emergency"; "" = nothing
        self.fault_text = ""  # for a fault of the tests' own words
        self.connected = True  # the cable between the server and the machine
        self.settling = ""
        self.pause_reason = ""  # "user", "runout", "file"
        self.ended = ""  # how the last job ended: "finished", "cancelled", "failed"
        self.started = 0  # jobs so far
        self.last: PlainRun | None = None  # the running job, or the one that ended last
        self.watchers: list[Callable[[str], None]] = []
        self._hopeless = 0.0
        super().__init__(
            spec,
            knobs=HttpKnobs() if knobs is None else knobs,
            ams=Ams([], {EXTERNAL: spool("PLA", "8B95A1", rfid=False)}, now=EXTERNAL),
            time_scale=time_scale,
        )
        apply_scenario(self, spec.scenario)

    def _new_console(self) -> PlainConsole:
        return PlainConsole(self)

    @property
    def plain_run(self) -> PlainRun | None:
        """The running job; None when there is none."""
        return self.last if self.last is not None and self.last is self.run else None

    @property
    def file_position(self) -> int:
        """Bytes of the file done so far, by the running or the last job."""
        return self.last.file_position if self.last is not None else 0

    def tell(self, event: str) -> None:
        """Let the watchers know."""
        for watcher in list(self.watchers):
            watcher(event)

    # --- jobs -------------------------------------------------------------------------------

    def start_file(self, path: str) -> PlainRun:
        """Print a stored file from its beginning.

        Raises StorageError when it is not there, ValueError when the printer cannot print now.
        """
        if self.job.busy:
            raise ValueError("The printer is busy")
        if self.fault or not self.connected:
            raise ValueError("The printer is not ready")
        content, lay_there = self.storage.read(path), self.part_on_bed
        run = PlainRun(self, path, content)
        self.ledger.begin(path, lay_there)
        if self.ams.loaded is not None:
            self.ams.loaded.grams = self.ams.loaded.weight
        self.filament_sensor = True
        self.ended = self.settling = self.pause_reason = ""
        self.started += 1
        self.run = self.last = run
        self.tell("started")
        if self.knobs.bad_file:
            self.after(0.5, lambda: self.end_job("failed") if self.run is run else None)
        return run

    def start_local(self, name: str) -> None:
        self.start_file(name)

    def pause(self, reason: str = "user") -> None:
        """Somebody presses Pause, or the machine pauses itself."""
        if self.run is None or self.job.gcode_state != "RUNNING" or self.settling:
            return
        self._settle("pausing", lambda: self._paused(reason))

    def _paused(self, reason: str) -> None:
        self.pause_reason = reason
        self.job.gcode_state = "PAUSE"
        self.tell("paused")

    def resume(self) -> None:
        """Somebody presses Resume. After a run-out a fresh spool is in."""
        if self.run is None or self.job.gcode_state != "PAUSE" or self.settling:
            return
        self._settle("resuming", self._resumed)

    def _resumed(self) -> None:
        self.pause_reason = ""
        self.filament_sensor = True
        if self.ams.loaded is not None:
            self.ams.loaded.grams = self.ams.loaded.weight
        self.job.gcode_state = "RUNNING"
        self.tell("resumed")

    def stop(self) -> None:
        """Somebody presses Cancel."""
        if self.run is None or self.settling == "cancelling":
            return
        self._settle("cancelling", lambda: self.end_job("cancelled"))

    def _settle(self, what: str, then: Callable[[], None]) -> None:
        run, self.settling = self.run, what

        def settled() -> None:
            if self.run is run and self.settling == what:
                self.settling = ""
                then()

        self.after(self.knobs.settle_s, settled)

    def end_job(self, how: str) -> None:
        """The running job is over: "finished", "cancelled" or "failed"."""
        if self.run is None:
            return
        self.run.active = False
        self.run = None
        self.ledger.end(how)
        self.ended, self.settling, self.pause_reason = how, "", ""
        self.job.gcode_state = "FINISH" if how == "finished" else "FAILED"
        self.job.stage = None
        if how != "finished":
            self.heat.off()
            self.fans = dict.fromkeys(self.fans, 0.0)
        self.feed_percent = self.flow_percent = 100.0
        self.tell(how)

    def forget_job(self) -> None:
        """Idle, as if nothing had been printed: the server lets go of the last job."""
        if self.run is None:
            self.job, self.ended = JobInfo(), ""

    # --- what goes wrong ----------------------------------------------------------------------

    def _step(self, dt: float) -> None:
        super()._step(dt)
        heaters = (*self.heat.nozzles, self.heat.bed)
        cold = any(h.target > h.actual + 10 for h in heaters) and self.knobs.heater_power <= 0
        self._hopeless = self._hopeless + dt if cold and not self.fault else 0.0
        if self._hopeless > _HEATING_FAILS_AFTER_S:
            self._hopeless = 0.0
            self.halt("heater")

    def runout(self) -> None:
        """The filament ends now: the sensor sees it, and a running job pauses."""
        self.filament_sensor = False
        self.pause("runout")

    def halt(self, cause: str = "board", text: str = "") -> None:
        """The firmware stops everything: heater, sensor, board or emergency."""
        self.fault, self.fault_text = cause, text
        self.end_job("failed")
        self.heat.off()
        self.axes.homed = 0
        self.tell("fault")

    def hard_fail(self) -> None:
        """A heater does not heat: the firmware halts."""
        self.halt("heater")

    def recover(self) -> None:
        """Reset the board: the fault is gone, the position unknown."""
        if self.fault:
            self.fault = self.fault_text = ""
            self.axes.homed = 0
            self.tell("recovered")

    def unplug(self) -> None:
        """The cable between server and machine comes out; a job that runs is lost."""
        self.connected = False
        self.end_job("failed")
        self.tell("unplugged")

    def plug(self) -> None:
        """The cable is in again."""
        self.connected = True
        self.tell("plugged")

    def fill_spool(self) -> None:
        """Somebody puts filament in."""
        self.filament_sensor = True

    def power_cycle(self) -> None:
        """Off and on again: job, faults and position are gone."""
        self.end_job("failed")
        super().power_cycle()
        self.ended = self.fault = self.fault_text = self.settling = self.message = ""
        self.connected = True
        self.last = None
        self.tell("recovered")
