"""G-code sent line by line to a printer of another make: Marlin's and Klipper's common words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.gcode import fields_of
from simulator.gcode_exec import COMMON_WORDS, GcodeConsole

if TYPE_CHECKING:
    from simulator.plain_machine import PlainPrinter


class PlainConsole(GcodeConsole):
    """Adds speed, flow, messages and the emergency stop.

    ``unknown`` is asked about lines whose word is not known here: it carries them out and returns
    True, or returns False.
    """

    def __init__(self, machine: PlainPrinter) -> None:
        super().__init__(machine)
        self._plain = machine
        self.unknown: Callable[[str], bool] = lambda _line: False

    def clear(self) -> None:
        """Forget what is queued."""
        self._queue.clear()
        self._until = None

    def _execute(self, line: str) -> None:
        word = line.split(" ", 1)[0].upper()
        action = _ACTIONS.get(word)
        if action is not None:
            action(self, line)
        elif word in COMMON_WORDS or not self.unknown(line):
            super()._execute(line)

    def feed_rate(self, line: str) -> None:
        """M220 S<percent>."""
        self._plain.feed_percent = min(999.0, max(10.0, fields_of(line).get("S", 100.0)))

    def flow_rate(self, line: str) -> None:
        """M221 S<percent>."""
        self._plain.flow_percent = min(999.0, max(10.0, fields_of(line).get("S", 100.0)))

    def message(self, line: str) -> None:
        """M117 text."""
        self._plain.message = line.partition(" ")[2].strip()

    def emergency(self, _line: str) -> None:
        """M112."""
        self._queue.clear()
        self._plain.halt("emergency")

    def fan_on(self, line: str) -> None:
        """M106: P0, the default, is the part's fan."""
        values = fields_of(line)
        self._plain.set_fan(int(values.get("P", 0)) or 1, values.get("S", 255.0) / 2.55)

    def fan_off(self, line: str) -> None:
        """M107."""
        self._plain.set_fan(int(fields_of(line).get("P", 0)) or 1, 0)

    def home(self, line: str) -> None:
        """G28, all axes whatever it names; stage stays empty."""
        super().home(line)
        if self._plain.run is None:
            self._plain.job.stage = None


_ACTIONS: dict[str, Callable[[PlainConsole, str], None]] = {
    "M220": PlainConsole.feed_rate,
    "M221": PlainConsole.flow_rate,
    "M117": PlainConsole.message,
    "M112": PlainConsole.emergency,
    "M106": PlainConsole.fan_on,
    "M107": PlainConsole.fan_off,
    "G28": PlainConsole.home,
}
