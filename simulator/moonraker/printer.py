"""The Klipper printer: the common physical model, driven by Klippy's own rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from simulator.http_knobs import HttpKnobs
from simulator.moonraker.console import KlipperConsole
from simulator.moonraker.errors import GcodeError
from simulator.moonraker.klipper_config import KlipperConfig, config_of
from simulator.moonraker.klippy import Klippy
from simulator.moonraker.print_stats import PrintObjects, PrintStats
from simulator.moonraker.toolhead import Toolhead
from simulator.moonraker.virtual_card import VirtualCard
from simulator.physics import Heat, Heater
from simulator.plain_machine import PlainPrinter
from simulator.specs import PrinterSpec
from simulator.state import JobInfo, Part

IDLE_TIMEOUT_S = 600.0  # simulated; then heaters and motors go off
_BUSY_S = 1.0  # simulated; how long a command without motion counts as "Printing"
_SHOWN_S = 5.0  # real seconds that an M73 outlives its job
_REPORT_S = 1.0  # simulated; temperatures on the console while a wait holds the queue
_STATES = {
    "standby": "IDLE",
    "printing": "RUNNING",
    "paused": "PAUSE",
    "complete": "FINISH",
    "cancelled": "FAILED",
    "error": "FAILED",
}


@dataclass(slots=True)
class BoardHeat(Heat):
    """Heaters that are cold while the board is halted, whatever their targets."""

    powered: bool = True

    def step(self, dt: float, power: float) -> None:
        Heat.step(self, dt, power if self.powered else 0.0)


class KlipperPrinter(PlainPrinter):
    """``job.gcode_state`` follows print_stats.state. ``responses`` hear every console line,
    ``gone`` hears that the Klippy process ended."""

    console: KlipperConsole
    works: ClassVar[frozenset[str]] = frozenset(
        {
            "cut_power", "extremes", "extruded", "job_ended", "job_started", "job_state_changed",
            "klippy_gone", "klippy_ready", "layer_is", "respond", "respond_error", "respond_info",
            "tell_heat", "temperature", "touch",
        }
    )  # fmt: skip
    """Public methods that are no actions of the control port."""

    def __init__(
        self, spec: PrinterSpec, *, time_scale: float = 1.0, knobs: HttpKnobs | None = None
    ) -> None:
        self.responses: list[Callable[[str], None]] = []
        self.gone: list[Callable[[], None]] = []
        self.clock = 0.0  # simulated seconds
        self.is_paused = self.sd_paused = False
        self.sensor_enabled = True
        self.shown_progress: float | None = None  # M73
        self.shown_at = 0.0
        self.speeds: dict[str, float] = {}
        self.pins: dict[str, float] = {}
        self._touched, self._reported = -1e9, 0.0
        self._busy_since: float | None = None
        self._rested = 0.0
        self._lowest: dict[str, float] = {}
        self._highest: dict[str, float] = {}
        super().__init__(spec, time_scale=time_scale, knobs=knobs)

    def _new_console(self) -> KlipperConsole:
        """Called when model and heaters are there: the right moment for the rest of Klipper."""
        self.config: KlipperConfig = config_of(self.model)
        cold = Heat.of(self.model)
        self.board = BoardHeat(cold.nozzles, cold.bed, cold.chamber)
        self.heat = self.board
        self.heat.chamber.maximum = int(self.config.chamber_max)
        self.heat.chamber.rate = 0.15
        self.klippy = Klippy(self)
        self.stats = PrintStats()
        self.objects = PrintObjects()
        self.toolhead = Toolhead(self.config)
        self.card = VirtualCard(self)
        self._fresh_outputs()
        return KlipperConsole(self)

    def _fresh_outputs(self) -> None:
        self.speeds = {"fan": 0.0, **({"fan_generic exhaust": 0.0} if self.config.exhaust else {})}
        self.pins = {"output_pin caselight": 0.0} if self.config.light else {}

    @property
    def sensors(self) -> dict[str, Heater]:
        """The heaters and sensors by object name."""
        chamber, heat = self.heat.chamber, self.heat
        return {
            "extruder": heat.nozzles[0],
            "heater_bed": heat.bed,
            "heater_generic chamber": chamber,
            "temperature_sensor chamber": chamber,
            "temperature_sensor toolhead": chamber,
        }

    def temperature(self, name: str) -> float:
        """As the sensor shows it, °C with two digits; 0 while it has not been read."""
        if self.klippy.state == "error" or self.uptime < self.klippy.blind_until:
            return 0.0
        return round(self.sensors[name].actual + self.jitter / 10, 2)

    def extremes(self, name: str) -> tuple[float, float]:
        """The lowest and highest value a sensor has shown since the start."""
        now = self.temperature(name)
        self._lowest[name] = min(now, self._lowest.get(name, now))
        self._highest[name] = max(now, self._highest.get(name, now))
        return self._lowest[name], self._highest[name]

    # --- time -------------------------------------------------------------------------------

    def _step(self, dt: float) -> None:
        self.clock += dt
        if self.klippy.state == "ready":
            self.toolhead.step(dt)
            self.console.step()
            self.card.step(dt)
            if self.card.is_active:
                self.job.percent = int(100 * self.card.share)
        self.stats.step(dt)
        if self.console.blocked and self.console.waits_for_heat:
            self._report_heat()
        self._mind_idling(dt)
        super()._step(dt)

    def _report_heat(self) -> None:
        if self.clock - self._reported >= _REPORT_S:
            self._reported = self.clock
            self.tell_heat()

    @property
    def is_busy(self) -> bool:
        """idle_timeout's opinion: any motion or command, not only a job."""
        moving = self.card.is_active or not self.console.idle
        return moving or self.clock - self._touched < _BUSY_S

    @property
    def busy_s(self) -> float:
        """Simulated seconds since it has been busy."""
        return 0.0 if self._busy_since is None else self.clock - self._busy_since

    @property
    def idle_state(self) -> str:
        """Idle, Ready or Printing."""
        if self.is_busy:
            return "Printing"
        return "Ready" if self._rested < IDLE_TIMEOUT_S and self._touched > -1e8 else "Idle"

    @property
    def display_progress(self) -> float:
        """display_status.progress: the last M73, which is forgotten some time after the job."""
        old = self.uptime - self.shown_at > _SHOWN_S and not self.is_busy
        if self.shown_progress is None or old:
            self.shown_progress = None
            return self.card.progress
        return self.shown_progress

    def touch(self) -> None:
        """A command was carried out. A long tick may begin after it and be over its whole trace."""
        self._touched = self.clock
        self._rested = 0.0

    def _mind_idling(self, dt: float) -> None:
        if self.is_busy:
            self._rested = 0.0
            if self._busy_since is None:
                self._busy_since = self.clock - dt
            return
        self._busy_since = None
        before, self._rested = self._rested, self._rested + dt
        if before < IDLE_TIMEOUT_S <= self._rested and self.klippy.state == "ready":
            self.heat.off()
            self.toolhead.motors_off()

    # --- the console --------------------------------------------------------------------------

    @property
    def file_is_between_lines(self) -> bool:
        """Whether a script may run at once."""
        return not self.card.is_active or self.klippy.state != "ready"

    def respond(self, text: str) -> None:
        """One line on the console."""
        for hear in self.responses:
            hear(text)

    def respond_info(self, text: str) -> None:
        """Several lines, each marked."""
        self.respond("\n".join(f"// {line}" for line in text.strip("\n").split("\n")))

    def respond_error(self, text: str) -> None:
        """The first line as an error; a longer text in full before it."""
        first, _, more = text.strip("\n").partition("\n")
        if more and self.klippy.state in ("ready", "error"):
            self.respond_info(text)
        self.respond(f"!! {first}")

    def tell_heat(self) -> None:
        """The line M105 gives."""
        if self.klippy.state not in ("ready", "shutdown"):
            self.respond("T:0")
            return
        letters = {"heater_bed": "B", "heater_generic chamber": "C", "extruder": "T0"}
        parts = [
            f"{letters[name]}:{self.temperature(name):.1f} /{self.sensors[name].target:.1f}"
            for name in self.config.heaters
        ]
        self.respond(" ".join(parts))

    # --- what Klippy and the card tell -----------------------------------------------------------

    def cut_power(self) -> None:
        """The board switches everything off; the targets stay as they were."""
        self.board.powered = False
        self.ledger.end("failed")
        self.console.fail_all(GcodeError(self.klippy.message))

    def klippy_gone(self) -> None:
        """The process ended: a job that ran is lost."""
        self.heat.off()
        if self.card.is_active or self.stats.state in ("printing", "paused"):
            self.job_ended("failed")
        for hear in self.gone:
            hear()

    def klippy_ready(self) -> None:
        """A new process knows nothing of what was before."""
        self.heat.off()
        self.board.powered = True
        self.stats, self.objects = PrintStats(), PrintObjects()
        self.toolhead = Toolhead(self.config)
        self.card = VirtualCard(self)
        self.console.clear()
        self.is_paused = self.sd_paused = False
        self.shown_progress, self.message = None, ""
        self.feed_percent = self.flow_percent = 100.0
        self.fault = self.fault_text = ""
        self._touched, self._busy_since = -1e9, None
        self._lowest, self._highest = {}, {}
        self._fresh_outputs()
        self.tell("recovered")

    def job_started(self) -> None:
        """The card begins to read a file."""
        name = (self.card.path or "").rpartition("/")[2]
        self.job = JobInfo(file=name, subtask_name=name.rpartition(".")[0])
        self.ledger.begin(name, self.part_on_bed)
        self.bed_part = Part(self.job.subtask_name, "8B95A1")
        if self.ams.loaded is not None:
            self.ams.loaded.grams = self.ams.loaded.weight
        self.started += 1
        self.ended = ""
        self.job_state_changed()
        self.tell("started")

    def job_state_changed(self) -> None:
        """Keep the common words in step with print_stats."""
        self.job.gcode_state = _STATES[self.stats.state]

    def job_ended(self, how: str) -> None:
        """finished, cancelled or failed."""
        self.job_state_changed()
        self.ended = how
        self.ledger.end(how)
        if how == "finished":
            self.job.percent = 100
            if self.bed_part is not None:
                self.bed_part.done = 1.0
        self.tell(how)

    def layer_is(self, layer: int, layers: int) -> None:
        """For the camera."""
        self.job.layer, self.job.layers = layer, layers
        if self.bed_part is not None:
            self.bed_part.done = min(1.0, layer / max(1, layers))

    def extruded(self, millimetres: float) -> None:
        """Filament went out of the nozzle."""
        self.stats.filament_used += millimetres
        self.toolhead.position[3] += millimetres
        spool = self.ams.loaded
        if spool is not None and millimetres > 0 and not spool.pull(millimetres):
            self.runout()

    def runout(self) -> None:
        """The filament ends; with a sensor a running job pauses itself."""
        if not self.config.runout_sensor or not self.filament_sensor:
            return
        self.filament_sensor = False
        if self.sensor_enabled and self.card.is_active:
            self.pause_reason = "runout"
            self.console.send("_FILAMENT_RUNOUT")

    def end_job(self, how: str) -> None:
        """The job ends without anybody's command."""
        if self.card.is_active and how == "failed":
            self.card.pause("error", "Simulated failure")
            self.job_ended("failed")
        elif self.card.is_active:
            self.card.cancel()
