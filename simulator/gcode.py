"""Turns the G-code of a plate into a timeline that costs almost nothing per tick."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple


class Mark(NamedTuple):
    """Something that happens ``at`` seconds of printing time.

    kinds: progress (value %, n minutes left), layer (n), stage (n), z (value mm),
    bed / bed_wait / chamber (value °C), nozzle / nozzle_wait (value °C, n nozzle or -1 =
    the active one), fan (value %, n P number), filament (n project slot, 0-based),
    extrude (value mm).
    """

    at: float
    kind: str
    value: float = 0.0
    n: int = 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """``total_s`` of printing time, ``layers``, and the marks in order."""

    total_s: float
    layers: int
    marks: tuple[Mark, ...]
    filaments: tuple[int, ...]


_HEADER_TIME = re.compile(rb"total estimated time: ([0-9dhms ]+)")
_NORMAL_TIME = re.compile(rb"estimated printing time \(normal mode\) = ([0-9dhms ]+)")
_HEADER_LAYERS = re.compile(rb"total layers? (?:number|count)\s*[:=] *(\d+)")
_FIELD = re.compile(r"([A-Z])(-?\d+(?:\.\d+)?)")
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def _seconds(text: str) -> float:
    return sum(float(n) * _UNITS[u] for n, u in re.findall(r"(\d+)\s*([dhms])", text))


def fields_of(line: str) -> dict[str, float]:
    """{"S": 200.0} of "M104 S200"; the command word itself left out."""
    _, _, rest = line.partition(" ")
    return {letter: float(number) for letter, number in _FIELD.findall(rest)}


@dataclass(slots=True)
class _Reader:
    """Raw marks by line number; times come afterwards from the M73 anchors."""

    raw: list[tuple[int, str, float, int]] = field(default_factory=list)
    anchors: list[tuple[int, int]] = field(default_factory=list)
    first_minutes: int = 0
    layers: int = 0
    extruded: float = 0.0
    relative: bool = True
    last_e: float = 0.0
    slot: int = -1
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
        elif line.startswith("; Z_HEIGHT:"):
            self.raw.append((number, "z", float(line[11:]), 0))

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
        self.raw.append((number, "filament", 0.0, self.slot))

    def _flush(self, number: int) -> None:
        if self.extruded > 0:
            self.raw.append((number, "extrude", self.extruded, 0))
            self.extruded = 0.0

    def _command(self, number: int, line: str) -> None:
        word = line.split(" ", 1)[0].split(";", 1)[0]
        if word == "M73":
            self._progress(number, fields_of(line))
        elif word == "M1002" and "gcode_claim_action" in line:
            stage = line.rsplit(":", 1)[-1].split(";")[0].strip()
            if stage.lstrip("-").isdigit():
                self.raw.append((number, "stage", 0.0, int(stage)))
        elif word in ("M104", "M109", "M140", "M190", "M141", "M191", "M106", "M107"):
            self._heat_or_fan(number, word, fields_of(line))
        elif word in ("M82", "M83"):
            self.relative = word == "M83"

    def _progress(self, number: int, values: dict[str, float]) -> None:
        if "L" in values:
            self._flush(number)
            self.layers = max(self.layers, int(values["L"]))
            self.raw.append((number, "layer", 0.0, int(values["L"])))
        if "P" not in values and "R" not in values:
            return
        self._flush(number)
        percent, minutes = values.get("P", -1.0), int(values.get("R", -1))
        if not self.anchors:
            self.first_minutes = max(0, minutes)
        if percent >= 0 and (not self.anchors or percent > self.anchors[-1][1]):
            self.anchors.append((number, int(percent)))
        self.raw.append((number, "progress", percent, minutes))

    def _heat_or_fan(self, number: int, word: str, values: dict[str, float]) -> None:
        value = values.get("S", values.get("R", 255.0 if word == "M106" else 0.0))
        if word in ("M106", "M107"):
            percent = 0.0 if word == "M107" else value / 2.55
            self.raw.append((number, "fan", percent, int(values.get("P", 1))))
            return
        kind = {
            "M104": "nozzle",
            "M109": "nozzle_wait",
            "M140": "bed",
            "M190": "bed_wait",
        }.get(word, "chamber")
        tool = int(values.get("T", -1))
        self.raw.append((number, kind, value, tool if kind.startswith("nozzle") else 0))

    def times(self, total: float, last_line: int) -> list[tuple[int, float]]:
        """(line, second) anchors; linear between them."""
        points = [(0, 0.0)]
        for line, percent in self.anchors:
            second = total * min(percent, 100) / 100
            if line > points[-1][0] and second >= points[-1][1]:
                points.append((line, second))
        if last_line > points[-1][0]:
            points.append((last_line, total))
        return points


def _timed(reader: _Reader, total: float, last_line: int) -> list[Mark]:
    points = reader.times(total, last_line)
    marks: list[Mark] = []
    i = 0
    for line, kind, value, index in reader.raw:
        while i + 2 < len(points) and points[i + 1][0] <= line:
            i += 1
        (l0, t0), (l1, t1) = points[i], points[min(i + 1, len(points) - 1)]
        share = (line - l0) / (l1 - l0) if l1 > l0 else 0.0
        marks.append(Mark(t0 + (t1 - t0) * min(1.0, max(0.0, share)), kind, value, index))
    return marks


def read_timeline(gcode: bytes) -> Timeline:
    """The timeline of a G-code file. Without M73 lines time runs evenly over the lines."""
    reader = _Reader()
    number = 0
    for number, line in enumerate(gcode.decode("utf-8", "replace").split("\n")):
        reader.feed(number, line.strip())
    head = gcode[:65536]
    found = _HEADER_TIME.search(head) or _NORMAL_TIME.search(gcode)
    total = _seconds(found[1].decode()) if found else 60.0 * reader.first_minutes
    header_layers = _HEADER_LAYERS.search(head)
    layers = int(header_layers[1]) if header_layers else reader.layers
    total = total or 600.0
    return Timeline(total, layers, tuple(_timed(reader, total, number)), tuple(reader.filaments))


_cache: OrderedDict[bytes, Timeline] = OrderedDict()


def timeline_of(gcode: bytes) -> Timeline:
    """read_timeline, remembered for the last 32 contents: a farm prints the same file often."""
    key = hashlib.sha256(gcode).digest()
    found = _cache.get(key)
    if found is None:
        found = _cache[key] = read_timeline(gcode)
        if len(_cache) > 32:
            _cache.popitem(last=False)
    else:
        _cache.move_to_end(key)
    return found
