"""virtual_sdcard: reads the file being printed, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.moonraker.errors import GcodeError
from simulator.moonraker.gcode_program import Program, Step, program_of
from simulator.storage import StorageError

if TYPE_CHECKING:
    from simulator.moonraker.printer import KlipperPrinter

ROOT = "/home/pi/printer_data/gcodes"
_LINE_S = 1.0  # simulated; no line of a real file holds up scripts for longer
_EXTENSIONS = (".gcode", ".g", ".gco")


class VirtualCard:
    """``is_active`` while the file is read; ``position`` and ``size`` in bytes, header included."""

    def __init__(self, printer: KlipperPrinter) -> None:
        self._printer = printer
        self.path: str | None = None  # inside the gcodes folder
        self.size = 0
        self.position = 0
        self.is_active = False
        self._program = Program((), 0.0, 0)
        self._cursor = 0
        self._clock = 0.0  # s of printing
        self._last = Step(0.0, 0, 0.0, (0.0, 0.0, 0.0), "")
        self._pushed = 0.0

    @property
    def progress(self) -> float:
        """0 … 1 of the bytes."""
        return self.position / self.size if self.size else 0.0

    @property
    def share(self) -> float:
        """0 … 1 of the printing time."""
        return min(1.0, self._clock / max(0.001, self._program.total_s))

    def reset(self) -> None:
        """No file is loaded; a print that runs is cancelled."""
        if self.path is not None and self._printer.stats.state in ("printing", "paused"):
            self._printer.job_ended("cancelled")
        self.path, self.size, self.position, self.is_active = None, 0, 0, False
        self._printer.stats.begin("")
        self._printer.objects.clear()
        self._printer.job_state_changed()

    def load(self, name: str) -> None:
        """Choose a file. Raises GcodeError."""
        printer = self._printer
        try:
            if not name.lower().endswith(_EXTENSIONS):
                raise StorageError(550, name)
            data = printer.storage.read("/" + name)
        except StorageError:
            raise GcodeError("Unable to open file") from None
        self._program = program_of(data, printer.config.volume)
        self.path, self.size, self.position = name, len(data), 0
        self._cursor, self._clock, self._pushed = 0, 0.0, 0.0
        self._last = Step(0.0, 0, 0.0, (0.0, 0.0, 0.0), "")
        printer.respond(f"File opened: {name} Size: {self.size}")
        printer.respond("File selected")
        printer.stats.begin(name)

    def start(self) -> None:
        """Read the loaded file from its beginning."""
        self.is_active = True
        self._printer.stats.go()
        self._printer.job_started()

    def pause(self, state: str = "paused", message: str = "") -> None:
        """Stop reading; the file stays open."""
        self.is_active = False
        self._printer.stats.end(state, message)
        self._printer.job_state_changed()

    def resume(self) -> None:
        """Read on."""
        self.is_active = True
        self._printer.stats.go()
        self._printer.job_state_changed()

    def cancel(self) -> None:
        """The print is over."""
        self.path, self.size, self.position, self.is_active = None, 0, 0, False
        self._printer.stats.end("cancelled")
        self._printer.job_ended("cancelled")

    def step(self, dt: float) -> None:
        """Read on for ``dt`` simulated seconds; scripts get their turn between lines."""
        console, steps = self._printer.console, self._program.steps
        while self.is_active and not console.blocked and self._printer.klippy.state == "ready":
            if self._cursor >= len(steps):
                self._finish()
                return
            nearest = steps[self._cursor]
            needed = self._needed(nearest)
            if needed > dt:
                self._clock += dt * self._printer.toolhead.modes.speed_factor
                self._look(nearest)
                if needed > _LINE_S:  # the slicer's estimate made one line of many
                    console.turn()
                return
            dt -= needed
            self._reach(nearest)
            console.turn()

    def _needed(self, step: Step) -> float:
        if self._printer.objects.skipping:
            return 0.0
        rate = max(0.01, self._printer.toolhead.modes.speed_factor)
        return max(0.0, step.at - self._clock) / rate

    def _look(self, ahead: Step) -> None:
        """Between two steps: bytes and filament in proportion."""
        last = self._last
        share = (self._clock - last.at) / (ahead.at - last.at) if ahead.at > last.at else 1.0
        self.position = last.byte + int(share * (ahead.byte - last.byte))
        self._push(last.pushed + share * (ahead.pushed - last.pushed))

    def _push(self, pushed: float) -> None:
        printer, delta = self._printer, pushed - self._pushed
        self._pushed = pushed
        if delta and not printer.objects.skipping and not printer.knobs.air_print:
            printer.extruded(delta)

    def _reach(self, step: Step) -> None:
        self._clock, self.position = step.at, step.byte
        self._push(step.pushed)
        self._cursor += 1
        self._last = step
        printer = self._printer
        if step.line:
            self._execute(step.line)
        elif not printer.objects.skipping and len(printer.toolhead.homed) == 3:
            printer.toolhead.position[:3] = list(step.position)

    def _execute(self, line: str) -> None:
        printer = self._printer
        try:
            printer.console.execute(line)
        except GcodeError as error:
            printer.respond_error(str(error))
            if self.is_active:
                self.pause("error", str(error))
                printer.heat.off()
                printer.job_ended("failed")

    def _finish(self) -> None:
        self.position, self.is_active, self.path = self.size, False, None
        printer = self._printer
        printer.respond("Done printing file")
        printer.stats.end("complete")
        printer.job_ended("finished")

    def status(self) -> dict[str, Any]:
        """The object as JSON."""
        return {
            "file_path": None if self.path is None else f"{ROOT}/{self.path}",
            "progress": self.progress,
            "is_active": self.is_active,
            "file_position": self.position,
            "file_size": self.size,
        }
