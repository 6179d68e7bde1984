"""Every line of G-code that is no plain move: modes, heat, tools, marks and dangers."""

from __future__ import annotations

import math
import re

from slicer.bounds.motion import box_of, widen
from slicer.bounds.result import Danger, PlateBounds
from slicer.bounds.runs import RunMotion

MAX_DANGERS = 20
_MAX_TOOL = 63

_WORD = re.compile(rb"([A-Z])[ \t]*([-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40}))")
_CODE = re.compile(rb"([GMT])[ \t]*(\d{1,5})(?:\.\d{1,3})?(?![\dA-Z_]*[_=])")
_PREFIX = re.compile(rb"N\d{1,10}[ \t]*")
_REMARK = re.compile(rb";.*|\([^()]{0,200}\)|\*\d{1,3}[ \t]*$", re.DOTALL)
_NAME = re.compile(rb"[A-Z_][A-Z0-9_]{2,60}")
_LAYER = re.compile(rb";(?:LAYER_CHANGE|LAYER:-?\d| CHANGE_LAYER| layer \d| BEGIN_LAYER)")
_PART = re.compile(rb"; ?(?:TYPE:|FEATURE: )(Custom\b)?")
_END = re.compile(rb"; ?(?:End of Gcode|MACHINE_END_GCODE|EXECUTABLE_BLOCK_END)")
_HEAT = re.compile(rb"(EXTRUDER|NOZZLE|HOTEND|BED|CHAMBER)[A-Z_]{0,20}=(\d{1,4}(?:\.\d{1,3})?)")
_SHIFT = re.compile(rb"\b([XYZ])(_ADJUST)?=([-+]?(?:\d{1,6}(?:\.\d{0,9})?|\.\d{1,9}))")
_STATE = re.compile(rb"\bNAME=\"?([A-Z0-9_.-]{1,60})")
_HEATER = re.compile(rb"HEATER=\"?(\w{1,40})\"?.{0,80}?TARGET=(\d{1,4}(?:\.\d{1,3})?)", re.I)

PLAIN_COMMENT = (
    rb";(?!LAYER_CHANGE|LAYER:| CHANGE_LAYER| layer \d| BEGIN_LAYER| ?TYPE:Custom"
    rb"| ?FEATURE: Custom| ?End of Gcode| ?MACHINE_END| ?EXECUTABLE_BLOCK_END)[^\n]*"
)
"""A comment that changes nothing once the model has begun."""
PLAIN_COMMAND = (
    rb"(?:G17|M(?:73|10[67]|20[1-5]|22[01]|400|486|62[235]|622\.1|900|971|991|1004))"
    rb"(?: [^XYZE\n]*)?"
)
"""Progress, fans, accelerations, labels: neither a place nor a word that looks like one."""

_FLAVOURS = (
    ("Bambu", re.compile(rb"; ?printer_model = Bambu Lab|^M(?:1002|62[012]|991)\b")),
    ("Klipper", re.compile(rb"; ?gcode_flavor = klipper|^(?:SET_|EXCLUDE_OBJECT|START_PRINT)")),
    ("RepRap", re.compile(rb"; ?gcode_flavor = reprapfirmware|;FLAVOR:RepRap|^M568\b|^G10 P\d")),
    ("Prusa", re.compile(rb"^M862\.")),
    ("Marlin", re.compile(rb"; ?gcode_flavor = marlin|;FLAVOR:Marlin")),
)
ALWAYS = frozenset(
    {"M112", "M997", "SAVE_CONFIG", "RUN_SHELL_COMMAND", "FIRMWARE_RESTART", "RESTART"}
    | {"SDCARD_PRINT_FILE", "SDCARD_RESET_FILE", "M23", "M28", "M30", "M32"}
)
"""Dangerous wherever they stand: they stop the printer, change its firmware, run programs, or
start, write and delete files that nobody has looked at."""
IN_THE_MODEL = frozenset(
    {"M500", "M502", "M504", "M999", "M303", "M29", "M92", "M206", "M428"}
    | {"M665", "M666", "FORCE_MOVE", "SET_KINEMATIC_POSITION", "PID_CALIBRATE"}
    | {"Z_OFFSET_APPLY_PROBE", "Z_OFFSET_APPLY_ENDSTOP", "DELTA_CALIBRATE", "PROBE_CALIBRATE"}
)
"""Dangerous outside the slicer's own start, end and custom code (Bambu's start code saves once)."""
SHIFTS = frozenset({"M206", "M428", "FORCE_MOVE", "SET_KINEMATIC_POSITION"})
"""Dangerous wherever they stand: behind them the moves go elsewhere than the scan has followed
(as does M92 for X, Y or Z)."""
_REST = frozenset({"M84", "M18", "M2", "M02"})
_REST_WORDS = ("TURN_OFF_HEATERS", "END_PRINT", "PRINT_END", "END_GCODE")


class UnsupportedMove(Exception):
    """A move whose reach the farm cannot tell."""


class Lines:
    """Takes the lines in the order of the file; ``motion`` holds the moves."""

    def __init__(self) -> None:
        self.motion = RunMotion()
        self.layers = 0
        self.is_custom = False  # within a part the slicer calls custom
        self.is_end = False  # within the slicer's end code
        self._nozzles: dict[int, float] = {}
        self._bed = self._chamber = 0.0
        self._inches = False
        self._dangers: list[tuple[Danger, bool]] = []  # and whether it counts in a marked file
        self._danger_counts = [0, 0, 0]  # always; in the model's part; before the first layer
        self._flavours: set[str] = set()

    @property
    def may_skip_comments(self) -> bool:
        """PLAIN_COMMENT and PLAIN_COMMAND change nothing now."""
        return bool(self.layers) and not self.is_custom and not self.is_end

    def take(self, raw: bytes, number: int) -> None:
        """One line without its line feed. Raises UnsupportedMove."""
        line = raw.strip()
        if not line:
            return
        if line.startswith(b";"):
            self._comment(line)
            return
        line = _REMARK.sub(b"", line).strip().upper()
        line = _PREFIX.sub(b"", line, count=1)
        code = _CODE.match(line)
        if code is None:
            self._extended(line, number)
            return
        letter, value = code[1].decode(), int(code[2])
        rest = line[code.end() :]
        if letter == "G":
            self._g(value, rest)
        elif letter == "M":
            self._m(value, rest, number)
        elif value <= _MAX_TOOL:
            self.motion.tool = value
        if letter == "M" or value == 10:
            self._hint(line)

    # -- comments ------------------------------------------------------------------------------

    def _comment(self, line: bytes) -> None:
        part = _PART.match(line)
        if part is not None:
            self.is_custom = part[1] is not None
        elif _LAYER.match(line):
            self.layers += 1
            self.motion.in_first_layer = self.layers == 1
        elif _END.match(line):
            self.is_end = self.motion.resting = True
        else:
            self._hint(line)
            return
        motion = self.motion
        if self.is_custom or self.is_end:
            motion.into = motion.custom
        else:
            motion.into = motion.model if self.layers else motion.early

    def _hint(self, line: bytes) -> None:
        if len(self._flavours) < len(_FLAVOURS):
            self._flavours.update(name for name, known in _FLAVOURS if known.match(line))

    # -- G -------------------------------------------------------------------------------------

    def _g(self, code: int, rest: bytes) -> None:
        motion = self.motion
        if code <= 3:
            motion.go(code, _words(rest))
        elif code in (90, 91):
            motion.relative = code == 91
        elif code in (20, 21):
            motion.unit = 25.4 if code == 20 else 1.0
            self._inches = self._inches or code == 20
        elif code == 92:
            motion.call_here(_words(rest))
        elif code == 28:
            motion.home(rest)
        elif code == 10:
            words = _words(rest)
            if "L" in words:  # a coordinate system of its own, not firmware retraction
                raise UnsupportedMove("G10")
            if "P" in words:
                self._heat_nozzle(int(words["P"]), max(words.get("S", 0), words.get("R", 0)))
        elif code in (5, 18, 19) or 53 <= code <= 59:
            raise UnsupportedMove(f"G{code}")

    # -- M -------------------------------------------------------------------------------------

    def _m(self, code: int, rest: bytes, number: int) -> None:
        name = f"M{code}"
        if code in (82, 83):
            self.motion.relative_e = code == 83
        elif code in (104, 109, 568):
            words = _words(rest)
            tool = words.get("P" if code == 568 else "T", self.motion.tool)
            self._heat_nozzle(int(tool), max(words.get("S", 0), words.get("R", 0)))
            if code == 104 and words.get("S") == 0:
                self.motion.resting = True
        elif code in (140, 190):
            self._bed = max(self._bed, _target(rest))
        elif code in (141, 191):
            self._chamber = max(self._chamber, _target(rest))
        elif name in _REST:
            self.motion.resting = True
        elif name in ALWAYS or name in IN_THE_MODEL:
            scales = code == 92 and not {"X", "Y", "Z"}.isdisjoint(_words(rest))
            self._danger(name, number, anywhere=scales)

    def _heat_nozzle(self, tool: int, target: float) -> None:
        if target > 0 and 0 <= tool <= _MAX_TOOL:
            self._nozzles[tool] = max(self._nozzles.get(tool, 0.0), target)

    # -- commands with names -------------------------------------------------------------------

    def _extended(self, line: bytes, number: int) -> None:
        match = _NAME.match(line)
        if match is None:
            return
        name = match[0].decode()
        self._hint(line)
        if name in ALWAYS or name in IN_THE_MODEL:
            self._danger(name, number)
        if name.startswith(_REST_WORDS):
            self.motion.resting = True
        elif name.endswith(("_GCODE_OFFSET", "_GCODE_STATE")):
            self._klipper_place(name, line)
        for what, value in _HEAT.findall(line):
            self._heat(what.decode(), float(value))
        heater = _HEATER.search(line)
        if heater is not None:
            self._heat(heater[1].decode(), float(heater[2]))

    def _heat(self, what: str, target: float) -> None:
        if "BED" in what:
            self._bed = max(self._bed, target)
        elif "CHAMBER" in what:
            self._chamber = max(self._chamber, target)
        elif what.startswith(("EXTRUDER", "NOZZLE", "HOTEND")):
            digits = re.sub(r"\D", "", what)[:2]
            self._heat_nozzle(int(digits or self.motion.tool), target)

    def _klipper_place(self, name: str, line: bytes) -> None:
        motion, moves = self.motion, b"MOVE=1" in line
        if name == "SET_GCODE_OFFSET":
            for axis, adds, value in _SHIFT.findall(line):
                motion.set_shift(b"XYZ".index(axis), float(value), adds=bool(adds), moves=moves)
            return
        found = _STATE.search(line)
        state = found[1].decode() if found else "default"
        if name == "SAVE_GCODE_STATE":
            motion.save(state)
        elif name == "RESTORE_GCODE_STATE":
            motion.restore(state, moves=moves)

    def _danger(self, name: str, number: int, *, anywhere: bool = False) -> None:
        in_block, started = self.is_custom or self.is_end, bool(self.layers)
        shifts = anywhere or name in SHIFTS
        anywhere = shifts or name in ALWAYS
        if in_block and not anywhere:
            return
        self._danger_counts[0 if anywhere else 1 if started else 2] += 1
        if len(self._dangers) < 2 * MAX_DANGERS:
            danger = Danger(number, name, not shifts and (in_block or not started))
            self._dangers.append((danger, anywhere or started))

    # -- the result ----------------------------------------------------------------------------

    def result(self) -> PlateBounds:
        """All that was found so far."""
        motion, marked = self.motion, bool(self.layers)
        model = motion.model
        if marked:
            widen(motion.custom, motion.early)
        else:
            model = motion.early
        dangers = self._listed(marked)
        first = box_of(motion.first)
        return PlateBounds(
            layers=self.layers,
            marked=marked,
            model=box_of(model),
            purge=box_of(motion.custom),
            travel=box_of(motion.travel),
            first_layer=None if first is None else (first.x0, first.y0, first.x1, first.y1),
            filament_mm=tuple((t, round(v, 2)) for t, v in sorted(motion.filament.items())),
            nozzle_c=tuple(sorted(self._nozzles.items())),
            bed_c=self._bed or None,
            chamber_c=self._chamber or None,
            tools=tuple(sorted(tool for tool, mm in motion.filament.items() if mm > 0)),
            inches=self._inches,
            dangers=dangers[:MAX_DANGERS],
            danger_count=sum(self._danger_counts[: 2 if marked else 3]),
            flavours=tuple(sorted(self._flavours)),
            ended=motion.resting,
        )

    def _listed(self, marked: bool) -> tuple[Danger, ...]:
        """Without layer marks nobody can tell start code from the model, so all count."""
        if not marked:
            return tuple(Danger(d.line, d.command, False) for d, _ in self._dangers)
        return tuple(danger for danger, counts in self._dangers if counts)


def _words(text: bytes) -> dict[str, float]:
    return {letter.decode(): float(value) for letter, value in _WORD.findall(text)}


def _target(rest: bytes) -> float:
    words = _words(rest)
    target = max(words.get("S", 0.0), words.get("R", 0.0))
    return target if math.isfinite(target) else 0.0
