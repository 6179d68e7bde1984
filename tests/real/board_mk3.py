"""A pretend MK3S main board: Marlin-style answers, enough for PrusaLink to heat, move and print.

    python -m tests.real.board_mk3 --link LINK --orders SOCKET

Moves last as long as their length and feed rate say. Orders:
status | temp tool|bed C | pace FACTOR | halt | attention | calm | mute | unmute | reboot
"""

from __future__ import annotations

import argparse
import math
import re
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.real.pty_line import PtyLine

AMBIENT_C = 22.0
HOMING_S = 0.3
FIRMWARE = "3.14.1-8237"
PROBE = b"PRUSA Fir\nM862.2 Q\n"
"""What PrusaLink asks whatever it finds on a serial port."""
NUMBERED = re.compile(r"N(-?\d+)\s*(.*?)\s*\*\d+$")
ANSWERS = {
    "M862.2": ("302",),
    "M862.1": ("0.40",),
    "M27": ("Not SD printing",),
    "M420": ("Mesh bed leveling not active.",),
    "M21": ("echo:SD card ok",),
    "M20": ("Begin file list", "End file list"),
}
AFTER_OK = {
    "M601": "// action:paused",
    "M602": "// action:resumed",
    "M603": "// action:cancel",
}


class Mk3Board:
    """One line at a time; a move or a wait for warmth holds up the lines behind it."""

    def __init__(self, heat_rate: float = 40.0) -> None:
        self.tx = bytearray()
        self._heat_rate = heat_rate
        self._memory: dict[int, int] = {}  # what outlives a reset
        self._celsius = {"tool": AMBIENT_C, "bed": AMBIENT_C}
        self._at = {"X": 0.0, "Y": 0.0, "Z": 0.0, "E": 0.0}
        self._warmed = time.monotonic()
        self._boot()

    def _boot(self) -> None:
        self._buffer = b""
        self._lines: deque[str] = deque()
        self._expected = 1
        self._muted = False
        self._targets = {"tool": 0.0, "bed": 0.0}
        self._relative = False
        self._feed = 3000.0
        self._pace = 1.0
        self._progress = (-1, -1)
        self._busy_until = 0.0
        self._warming: tuple[str, ...] = ()
        self._report_every = 2.0
        self._next_report = math.inf  # until the first line has come
        self._attention = False

    # the line

    def _say(self, *lines: str) -> None:
        if not self._muted:
            self.tx += "".join(f"{line}\n" for line in lines).encode()

    def feed(self, data: bytes) -> None:
        whole = self._buffer + data
        if PROBE in whole:
            # somebody has opened the port, which resets a board. PrusaLink reads up to the last
            # answer; an "ok" left over would be taken for a later line's, so here they come first
            whole = whole.partition(PROBE)[2]
            self.tx.clear()
            self._boot()
            self._say("ok", "ok", FIRMWARE, "302")
        *lines, self._buffer = whole.split(b"\n")
        for raw in lines:
            line = raw.decode("utf-8", "replace").split(";")[0].strip()
            if line:
                self._lines.append(line)
                self._next_report = min(self._next_report, time.monotonic() + self._report_every)

    def run(self) -> float:
        self._warm()
        now = time.monotonic()
        if self._report_every and now >= self._next_report:
            self._next_report = now + self._report_every
            self._report()
        while self._is_free(now) and self._lines:
            self._take(self._lines.popleft())
        return 0.01 if self._busy_until or self._warming or self._lines else 0.1

    def _is_free(self, now: float) -> bool:
        if self._attention:
            return False
        if self._warming:
            if any(self._celsius[part] < self._targets[part] - 1 for part in self._warming):
                return False
            self._warming = ()
            self._say("ok")
        if self._busy_until > now:
            return False
        if self._busy_until:
            self._busy_until = 0.0
            self._say("ok")
        return True

    def _take(self, line: str) -> None:
        match = NUMBERED.match(line)
        if match:
            number, line = int(match[1]), match[2]
            if line.startswith("M110"):
                self._expected = number + 1
                return self._say("ok")
            if number != self._expected:
                return self._say(f"Resend: {self._expected}", "ok")
            self._expected = number + 1
        elif line.startswith("M110"):
            self._expected = int(_number(line, "N", 0.0)) + 1
            return self._say("ok")
        return self._handle(line)

    # commands

    def _handle(self, line: str) -> None:
        word = line.split(" ")[0]
        if line.startswith(("PRUSA", "D3 ")):
            self._identify(line)
        elif word in ("G0", "G1"):
            self._move(line)
        elif word in ANSWERS:
            self._say(*ANSWERS[word], "ok")
        elif word in AFTER_OK:
            self._say("ok", AFTER_OK[word])
        else:
            act: Callable[[str], None] = getattr(self, f"_{word.lower()}", self._accept)
            act(line)

    def _accept(self, line: str) -> None:
        self._say("ok")

    def _identify(self, line: str) -> None:
        if line.startswith("PRUSA Fir"):
            self._say(FIRMWARE)
        elif line.startswith("PRUSA SN"):
            self._say("CZPX4321X004XC12345")
        else:
            self._memory_access(line)
        self._say("ok")

    def _memory_access(self, line: str) -> None:
        """``D3 Ax0D05 C4`` reads so many bytes, ``D3 Ax0D05 X0000002a`` writes."""
        match = re.match(r"D3 Ax([0-9a-fA-F]+) (?:C(\d+) ?)?(?:X([0-9a-fA-F ]+))?", line)
        if match is None:
            return
        start, written = int(match[1], 16), bytes.fromhex(match[3] or "")
        self._memory |= {start + offset: byte for offset, byte in enumerate(written)}
        count = int(match[2] or len(written))
        shown = " ".join(f"{self._memory.get(start + k, 0):02x}" for k in range(count))
        self._say(f"{match[1].upper()}  {shown}")

    def _move(self, line: str) -> None:
        self._feed = _number(line, "F", self._feed)
        before = dict(self._at)
        for axis in self._at:
            value = _number(line, axis, math.nan)
            if not math.isnan(value):
                self._at[axis] = value + (before[axis] if self._relative else 0.0)
        length = math.dist(list(before.values()), list(self._at.values()))
        self._hold(length / max(1.0, self._feed) * 60 * self._pace)

    def _hold(self, seconds: float) -> None:
        """The answer comes when the move is done."""
        if seconds < 0.001:
            self._say("ok")
        else:
            self._busy_until = time.monotonic() + seconds

    def _g4(self, line: str) -> None:
        self._hold((_number(line, "S", 0.0) + _number(line, "P", 0.0) / 1000) * self._pace)

    def _g28(self, line: str) -> None:
        self._at |= dict.fromkeys("XYZ", 0.0)
        self._hold(HOMING_S)

    def _g90(self, line: str) -> None:
        self._relative = False
        self._say("ok")

    def _g91(self, line: str) -> None:
        self._relative = True
        self._say("ok")

    def _m73(self, line: str) -> None:
        if "P" in line[3:]:
            left = int(_number(line, "R", self._progress[1]))
            self._progress = (int(_number(line, "P", 0.0)), left)
        else:
            percent, left = self._progress
            self._say(
                *(
                    f"{mode} MODE: Percent done: {percent}; "
                    f"print time remaining in mins: {left}; Change in mins: -1"
                    for mode in ("NORMAL", "SILENT")
                )
            )
        self._say("ok")

    def _m220(self, line: str) -> None:
        self._say(*(() if "S" in line else ("100%",)), "ok")

    _m221 = _m220

    # heat

    def _warm(self) -> None:
        now = time.monotonic()
        passed, self._warmed = now - self._warmed, now
        for part, value in self._celsius.items():
            goal = max(self._targets[part], AMBIENT_C)
            step = self._heat_rate * passed
            self._celsius[part] = value + max(-step, min(step, goal - value))

    def _m104(self, line: str) -> None:
        self._targets["tool"] = _number(line, "S", self._targets["tool"])
        self._say("ok")

    def _m140(self, line: str) -> None:
        self._targets["bed"] = _number(line, "S", self._targets["bed"])
        self._say("ok")

    def _m109(self, line: str) -> None:
        self._targets["tool"] = _number(line, "S", self._targets["tool"])
        self._wait_warm("tool")

    def _m190(self, line: str) -> None:
        self._targets["bed"] = _number(line, "S", self._targets["bed"])
        self._wait_warm("bed")

    def _wait_warm(self, part: str) -> None:
        self._warming = (part,)

    def _temperatures(self) -> str:
        tool = f"{self._celsius['tool']:.1f} /{self._targets['tool']:.1f}"
        bed = f"{self._celsius['bed']:.1f} /{self._targets['bed']:.1f}"
        return f"T:{tool} B:{bed} T0:{tool} @:0 B@:0 P:25.0 A:30.0"

    def _m105(self, line: str) -> None:
        self._say(f"ok {self._temperatures()}")

    def _m155(self, line: str) -> None:
        self._report_every = _number(line, "S", 2.0)
        self._say("ok")

    def _m114(self, line: str) -> None:
        self._say(self._position(), "ok")

    def _position(self) -> str:
        axes = " ".join(f"{axis}:{value:.2f}" for axis, value in self._at.items())
        x, y, z, e = self._at.values()
        return f"{axes} Count X: {x:.2f} Y:{y:.2f} Z:{z:.2f} E:{e:.2f}"

    def _report(self) -> None:
        if self._warming:
            tool, bed = self._celsius["tool"], self._celsius["bed"]
            self._say(f"T:{tool:.1f} E:0 B:{bed:.1f}")
        else:
            fans = "E0:0 RPM PRN1:0 RPM E0@:0 PRN1@:0"
            self._say(self._temperatures(), fans, self._position())
        if self._attention:
            self._say("echo:busy: paused for user")

    # orders of the test

    def order(self, words: list[str]) -> dict[str, Any]:
        match words:
            case ["status"]:
                pass
            case ["temp", part, celsius]:
                self._celsius[part] = float(celsius)
            case ["pace", factor]:
                self._pace = float(factor)
                self._busy_until = min(self._busy_until, time.monotonic()) or 0.0
            case ["halt"]:
                self._say("Error:Printer halted. kill() called!")
                self._muted = True
            case ["attention"]:
                self._attention = True
            case ["calm"]:
                self._attention = False
            case ["mute"]:
                self._muted = True
            case ["unmute"]:
                self._muted = False
            case ["reboot"]:
                self._boot()
                self._say("start")
            case _:
                raise ValueError("unknown order")
        return {"celsius": self._celsius, "targets": self._targets, "at": self._at}


def _number(line: str, letter: str, default: float) -> float:
    match = re.search(rf"\b{letter}\s?(-?\d+(?:\.\d+)?)", line)
    return float(match[1]) if match else default


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--link", type=Path, required=True)
    parser.add_argument("--orders", type=Path, required=True)
    parser.add_argument("--heat-rate", type=float, default=40.0, help="°C a second")
    options = parser.parse_args()
    PtyLine(Mk3Board(options.heat_rate), options.link, options.orders).serve()


if __name__ == "__main__":
    main()
