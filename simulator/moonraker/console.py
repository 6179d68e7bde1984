"""Klippy's G-code queue: one command at a time, whether it comes from a script or the file."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.moonraker.commands import COMMANDS, IGNORED, WHEN_HALTED
from simulator.moonraker.errors import GcodeError
from simulator.moonraker.gcode_line import parse_line
from simulator.plain_console import PlainConsole

if TYPE_CHECKING:
    from simulator.moonraker.printer import KlipperPrinter

Done = Callable[[GcodeError | None], None]


class Script:
    """Lines of one request; ``done`` hears the outcome once."""

    __slots__ = ("done", "lines")

    def __init__(self, text: str, done: Done) -> None:
        self.lines = deque(text.split("\n"))
        self.done = done


class KlipperConsole(PlainConsole):
    """A wait (M109, G28, TEMPERATURE_WAIT) holds up everybody: that is Klippy's mutex."""

    def __init__(self, machine: KlipperPrinter) -> None:
        super().__init__(machine)
        self._klipper = machine
        self._scripts: deque[Script] = deque()
        self._active: Script | None = None
        self._until: Callable[[], bool] | None = None
        self._executing = False
        self.waits_for_heat = False

    @property
    def blocked(self) -> bool:
        """Whether a wait holds up the queue."""
        return self._until is not None

    @property
    def idle(self) -> bool:
        """Whether no script runs or waits."""
        return self._active is None and not self._scripts and not self.blocked

    def hold(self, until: Callable[[], bool], *, heating: bool = False) -> None:
        """Nothing runs before ``until()`` is true."""
        self._until = until
        self.waits_for_heat = heating

    def submit(self, text: str, done: Done) -> None:
        """Queue a script; it runs as soon as nothing holds the queue."""
        self._scripts.append(Script(text, done))
        if self._klipper.file_is_between_lines:
            self.turn()

    def send(self, text: str) -> None:
        """Queue a script whose outcome nobody waits for."""
        self.submit(text, lambda _error: None)

    def clear(self) -> None:
        """Klippy restarts: waiting scripts are forgotten by Klippy; the server answers them."""
        self._scripts.clear()
        self._active = self._until = None

    def fail_all(self, error: GcodeError) -> None:
        """Everything that waits ends with this error; a command under way ends by itself."""
        current = self._active if self._executing else None
        waiting = [s for s in (self._active, *self._scripts) if s is not None and s is not current]
        self.clear()
        self._active = current
        for script in waiting:
            script.done(error)

    def step(self) -> None:
        """Called with every tick: while a file is read, scripts wait for the end of its line."""
        if self.blocked or self._klipper.file_is_between_lines:
            self.turn()

    def turn(self) -> None:
        """Run what can run now."""
        while self._until is None or self._until():
            self._until = None
            if self._active is None:
                if not self._scripts:
                    return
                self._active = self._scripts.popleft()
            script = self._active
            if not script.lines:
                self._active = None
                script.done(None)
                continue
            self._run_line(script)

    def _run_line(self, script: Script) -> None:
        self._executing = True
        try:
            self.execute(script.lines.popleft())
        except GcodeError as error:
            self._klipper.respond_error(str(error))
            self._active = None
            script.done(error)
        finally:
            self._executing = False

    def execute(self, raw: str) -> None:
        """Carry out one line. Raises GcodeError."""
        line = parse_line(raw)
        if line is None:
            return
        printer = self._klipper
        if printer.klippy.state != "ready" and line.name not in WHEN_HALTED:
            printer.respond_info(printer.klippy.message.rstrip("\n"))
            raise GcodeError(printer.klippy.message)
        if printer.klippy.state == "ready":
            printer.touch()
        command = COMMANDS.get(line.name)
        if command is not None:
            command(printer, line)
        elif line.name not in IGNORED:
            printer.respond(f'// Unknown command:"{line.name}"')
