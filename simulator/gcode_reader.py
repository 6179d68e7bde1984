"""Reads the lines of a G-code file that matter to a simulated printer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

_FIELD = re.compile(r"([A-Z])(-?\d+(?:\.\d+)?)")
_NAME = re.compile(r"NAME=(\S+)")
_CENTER = re.compile(r"CENTER=(-?[\d.]+),(-?[\d.]+)")
_POINT = re.compile(r"\[(-?[\d.]+),(-?[\d.]+)\]")
_PAUSES = frozenset({"M0", "M1", "M25", "M600", "M601", "PAUSE"})


class PlainObject(NamedTuple):
    """One object of EXCLUDE_OBJECT_DEFINE or M486; centre and outline in mm."""

    name: str
    center: tuple[float, float] | None = None
    polygon: tuple[tuple[float, float], ...] = ()


def fields_of(line: str) -> dict[str, float]:
    """{"S": 200.0} of "M104 S200"; the command word itself left out."""
    _, _, rest = line.partition(" ")
    return {letter: float(number) for letter, number in _FIELD.findall(rest)}


def _number(text: str) -> float:
    """0.0 when the comment says something else than a number."""
    try:
        return float(text)
    except ValueError:
        return 0.0


@dataclass(slots=True)
class GcodeReader:
    """Raw marks by line number; times come afterwards from the M73 anchors."""

    raw: list[tuple[int, str, float, int, str]] = field(default_factory=list)
    anchors: list[tuple[int, int]] = field(default_factory=list)
    elapsed: list[tuple[int, float]] = field(default_factory=list)
    objects: dict[str, PlainObject] = field(default_factory=dict)
    first_minutes: int = 0
    layers: int = 0
    extruded: float = 0.0
    relative: bool = True
    last_e: float = 0.0
    slot: int = -1
    label: int = -1
    labels: dict[int, str] = field(default_factory=dict)
    filaments: list[int] = field(default_factory=list)

    def feed(self, number: int, line: str) -> None:
        """One line of G-code."""
        first = line[:1]
        if first == "G":
            self._move(line)
        elif first == "M":
            self._command(number, line)
        elif first == "T":
            self._filament(number, line[1:].split(";")[0].strip())
        elif first == ";":
            self._comment(number, line)
        elif first in "EPS" and first:
            self._macro(number, line)

    def _mark(self, number: int, kind: str, value: float = 0.0, n: int = 0, text: str = "") -> None:
        self.raw.append((number, kind, value, n, text))

    def _comment(self, number: int, line: str) -> None:
        if line.startswith("; Z_HEIGHT:"):
            self._mark(number, "z", _number(line[11:]))
        elif line.startswith(";Z:"):
            self._mark(number, "z", _number(line[3:]))
        elif line.startswith(";LAYER_CHANGE"):
            self._layer(number, self.layers + 1)
        elif line.startswith(";LAYER:") and line[7:].isdigit():
            self._layer(number, int(line[7:]) + 1)
        elif line.startswith(";TIME_ELAPSED:"):
            self.elapsed.append((number, _number(line[14:])))

    def _layer(self, number: int, layer: int) -> None:
        self._flush(number)
        self.layers = max(self.layers, layer)
        self._mark(number, "layer", n=layer)

    def _macro(self, number: int, line: str) -> None:
        """Klipper's own words."""
        word, _, rest = line.partition(" ")
        name = _NAME.search(rest)
        if word == "EXCLUDE_OBJECT_DEFINE" and name:
            center = _CENTER.search(rest)
            self.objects[name[1]] = PlainObject(
                name[1],
                (float(center[1]), float(center[2])) if center else None,
                tuple((float(x), float(y)) for x, y in _POINT.findall(rest)),
            )
        elif word in ("EXCLUDE_OBJECT_START", "EXCLUDE_OBJECT_END"):
            self._object(number, name[1] if name and word.endswith("START") else "")
        elif word == "SET_PRINT_STATS_INFO":
            values = dict(re.findall(r"(TOTAL|CURRENT)_LAYER=(\d+)", rest))
            self._mark(
                number, "stats", float(values.get("TOTAL", -1)), int(values.get("CURRENT", -1))
            )
        elif word in _PAUSES:
            self._mark(number, "pause")

    def _object(self, number: int, name: str) -> None:
        if name and name not in self.objects:
            self.objects[name] = PlainObject(name)
        self._flush(number)
        self._mark(number, "object", text=name)

    def _move(self, line: str) -> None:
        if line.startswith("G92"):
            self.last_e = fields_of(line).get("E", self.last_e)
            return
        where = line.find(" E")
        if where < 0 or line[1:2] not in "0123":
            return
        try:
            value = float(line[where + 2 :].split(None, 1)[0].rstrip(";"))
        except (ValueError, IndexError):
            return
        if self.relative:
            self.extruded += value
        else:
            self.extruded += value - self.last_e
            self.last_e = value

    def _filament(self, number: int, text: str) -> None:
        if not text.isdigit() or int(text) > 15 or int(text) == self.slot:
            return
        self._flush(number)
        self.slot = int(text)
        if self.slot not in self.filaments:
            self.filaments.append(self.slot)
        self._mark(number, "filament", n=self.slot)

    def _flush(self, number: int) -> None:
        if self.extruded > 0:
            self._mark(number, "extrude", self.extruded)
            self.extruded = 0.0

    def _command(self, number: int, line: str) -> None:
        word = line.split(" ", 1)[0].split(";", 1)[0]
        if word == "M73":
            self._progress(number, fields_of(line))
        elif word == "M1002" and "gcode_claim_action" in line:
            stage = line.rsplit(":", 1)[-1].split(";")[0].strip()
            if stage.lstrip("-").isdigit():
                self._mark(number, "stage", n=int(stage))
        elif word == "M486":
            self._labelled(number, line)
        elif word == "M117":
            self._mark(number, "message", text=line[5:].split(";")[0].strip())
        elif word in _PAUSES:
            self._mark(number, "pause")
        elif word in ("M104", "M109", "M140", "M190", "M141", "M191", "M106", "M107"):
            self._heat_or_fan(number, word, fields_of(line))
        elif word in ("M82", "M83"):
            self.relative = word == "M83"

    def _progress(self, number: int, values: dict[str, float]) -> None:
        if "L" in values:
            self._layer(number, int(values["L"]))
        if "P" not in values and "R" not in values:
            return
        self._flush(number)
        percent, minutes = values.get("P", -1.0), int(values.get("R", -1))
        if not self.anchors:
            self.first_minutes = max(0, minutes)
        if percent >= 0 and (not self.anchors or percent > self.anchors[-1][1]):
            self.anchors.append((number, int(percent)))
        self._mark(number, "progress", percent, minutes)

    def _labelled(self, number: int, line: str) -> None:
        """M486: "S3" begins object 3, "AName" names the present one, "S-1" ends it."""
        word = line[5:].split(";")[0].strip()
        if word.startswith("S") and word[1:].lstrip("-").isdigit():
            self.label = int(word[1:])
            name = self.labels.get(self.label, "")
            if self.label < 0 or name:
                self._object(number, name)
        elif word.startswith("A") and self.label >= 0:
            self.labels[self.label] = word[1:]
            self._object(number, word[1:])

    def _heat_or_fan(self, number: int, word: str, values: dict[str, float]) -> None:
        value = values.get("S", values.get("R", 255.0 if word == "M106" else 0.0))
        if word in ("M106", "M107"):
            percent = 0.0 if word == "M107" else value / 2.55
            self._mark(number, "fan", percent, int(values.get("P", 1)))
            return
        kind = {
            "M104": "nozzle",
            "M109": "nozzle_wait",
            "M140": "bed",
            "M190": "bed_wait",
        }.get(word, "chamber")
        tool = int(values.get("T", -1))
        self._mark(number, kind, value, tool if kind.startswith("nozzle") else 0)

    def times(self, total: float, last_line: int) -> list[tuple[int, float]]:
        """(line, second) anchors; linear between them."""
        anchors = self.elapsed or [
            (line, total * min(percent, 100) / 100) for line, percent in self.anchors
        ]
        points = [(0, 0.0)]
        for line, second in anchors:
            if line > points[-1][0] and second >= points[-1][1]:
                points.append((line, second))
        if last_line > points[-1][0]:
            points.append((last_line, total))
        return points
