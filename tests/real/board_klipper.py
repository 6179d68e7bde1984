"""A pretend printer board: an unmodified Klipper-family host becomes ready with it, and prints.

    python -m tests.real.board_klipper --link LINK --orders SOCKET

It keeps a clock, runs step queues far enough to answer homing, warms its heaters and reports a
filament switch. LINK must begin as the host expects of a plain pipe (see moonraker.py). Orders:
status | temp PIN C | hold PIN C | free PIN | pin PIN 0|1 | shutdown N | mute | unmute | reboot
"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import Any

from tests.real.klipper_clock import Clock, low
from tests.real.klipper_heat import Heat, Switches
from tests.real.klipper_motion import Motion
from tests.real.klipper_wire import FREQ, Dictionary, Framer, Value
from tests.real.pty_line import PtyLine

STATS_S = 5.0
WHILE_DOWN = frozenset(
    {
        "identify", "get_config", "get_clock", "get_uptime", "emergency_stop", "clear_shutdown",
        "reset", "config_reset",
    }
)  # fmt: skip


class KlipperBoard:
    """The commands every firmware has; motion and heat are parts of it."""

    def __init__(self, home_s: float = 0.15, rate: float = 40.0, cooling: float = 0.05) -> None:
        pins, self.pin_names = _pins()
        self.tx = bytearray()
        self.clock = Clock()
        self._wire = Dictionary(pins)
        self._framer = Framer()
        self._muted = False
        self._heat = Heat(self, rate, cooling)
        self._motion = Motion(self, home_s)
        self._switches = Switches(self)
        self._parts: tuple[Any, ...] = (self, self._motion, self._heat, self._switches)
        self._reset()

    def _reset(self) -> None:
        self._crc, self._configured = 0, False
        self._down: int | None = None
        self.clock.forget()
        for part in (self._motion, self._heat, self._switches):
            part.reset()
        self.clock.at(self.clock.now() + int(STATS_S * FREQ), self._stats)

    def _stats(self, clock: int) -> None:
        if self._framer.next_sequence != 1:
            self.send("stats", 5000, 5000 * 100, 5000 * 40)
        self.clock.at(clock + int(STATS_S * FREQ), self._stats)

    # wire

    def run(self) -> float:
        return self.clock.run()

    def send(self, name: str, *values: Value) -> None:
        if not self._muted:
            self.tx += self._framer.frame(self._wire.response(name, values))

    def feed(self, data: bytes) -> None:
        for body in self._framer.blocks(data):
            for name, values in self._wire.read(body or b""):
                self._call(name, values)
            if not self._muted:
                self.tx += self._framer.frame()

    def _call(self, name: str, values: list[Value]) -> None:
        if self._down is not None and name not in WHILE_DOWN:
            self.send("is_shutdown", self._down)
            return
        for part in self._parts:
            act = getattr(part, f"c_{name}", None)
            if act is not None:
                # what a host that died had still sent names parts that are gone with its settings
                with contextlib.suppress(KeyError):
                    act(*values)
                return

    # what every firmware answers

    def c_identify(self, offset: int, count: int) -> None:
        self.send("identify_response", offset, self._wire.packed[offset : offset + count])

    def c_get_config(self) -> None:
        self.send("config", int(self._configured), self._crc, int(self._down is not None), 1024)

    def c_finalize_config(self, crc: int) -> None:
        self._crc, self._configured = crc, True

    def c_get_clock(self) -> None:
        self.send("clock", low(self.clock.now()))

    def c_get_uptime(self) -> None:
        now = self.clock.now()
        self.send("uptime", now >> 32, low(now))

    def c_emergency_stop(self) -> None:
        self.shut_down(0)

    def c_clear_shutdown(self) -> None:
        self._down = None

    def c_reset(self) -> None:
        self._reset()

    c_config_reset = c_reset

    def shut_down(self, reason: int) -> None:
        if self._down is None:
            self._down = reason
            self._heat.power.clear()
            self.send("shutdown", low(self.clock.now()), reason)

    # orders of the test

    def order(self, words: list[str]) -> dict[str, Any]:
        match words:
            case ["status"]:
                pass
            case ["temp", pin, celsius]:
                self._heat.celsius[pin] = float(celsius)
            case ["hold", pin, celsius]:
                self._heat.held[pin] = float(celsius)
            case ["free", pin]:
                self._heat.held.pop(pin, None)
            case ["pin", pin, level]:
                self._switches.levels[pin] = int(level)
            case _:
                self._order_board(words)
        self._heat.step()
        now = self.clock.now()
        return {
            "celsius": {pin: round(value, 1) for pin, value in self._heat.celsius.items()},
            "power": self._heat.power,
            "shutdown": self._down,
            "configured": self._configured,
            "steppers": {o: s.position_at(now) for o, s in self._motion.steppers.items()},
        }

    def _order_board(self, words: list[str]) -> None:
        match words:
            case ["shutdown", reason]:
                self.shut_down(int(reason))
            case ["mute"]:
                self._muted = True
            case ["unmute"]:
                self._muted = False
            case ["reboot"]:
                self._reset()
                self._muted = False
            case _:
                raise ValueError("unknown order")


def _pins() -> tuple[dict[str, list[int]], dict[int, str]]:
    """(ports as the dictionary lists them, number to name)."""
    ports: dict[str, list[int]] = {}
    names: dict[int, str] = {}
    for index, port in enumerate("ABCDEFGHJKL"):
        ports[f"P{port}0"] = [index * 8, 8]
        names |= {index * 8 + k: f"P{port}{k}" for k in range(8)}
    return ports, names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--link", type=Path, required=True)
    parser.add_argument("--orders", type=Path, required=True)
    parser.add_argument("--heat-rate", type=float, default=40.0, help="°C a second")
    parser.add_argument("--home-time", type=float, default=0.15, help="s until an end stop trips")
    options = parser.parse_args()
    board = KlipperBoard(options.home_time, options.heat_rate)
    PtyLine(board, options.link, options.orders).serve()


if __name__ == "__main__":
    main()
