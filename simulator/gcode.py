"""Turns the G-code of a plate into a timeline that costs almost nothing per tick."""

from __future__ import annotations

import bisect
import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from simulator.gcode_reader import GcodeReader, PlainObject, fields_of

__all__ = ["Mark", "PlainObject", "Timeline", "fields_of", "read_timeline", "timeline_of"]


class Mark(NamedTuple):
    """Something that happens ``at`` seconds of printing time.

    kinds: progress (value %, n minutes left), layer (n), stage (n), z (value mm),
    bed / bed_wait / chamber (value °C), nozzle / nozzle_wait (value °C, n nozzle or -1 =
    the active one), fan (value %, n P number), filament (n project slot, 0-based),
    extrude (value mm), pause, message (text), object (text name, "" = none of them),
    stats (SET_PRINT_STATS_INFO: n layer or -1, value total layers or -1).
    """

    at: float
    kind: str
    value: float = 0.0
    n: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """``total_s`` of printing time, ``layers``, and the marks in order.

    ``bytes_at`` are (second, byte of the file) anchors, linear between them; ``size`` in bytes.
    """

    total_s: float
    layers: int
    marks: tuple[Mark, ...]
    filaments: tuple[int, ...]
    bytes_at: tuple[tuple[float, int], ...] = ()
    size: int = 0
    objects: tuple[PlainObject, ...] = ()

    def byte_at(self, second: float) -> int:
        """How far into the file a printer is after so many seconds of printing."""
        points = self.bytes_at
        i = bisect.bisect_right(points, second, key=lambda point: point[0])
        if i == 0 or not points:
            return 0
        if i == len(points):
            return points[-1][1]
        (t0, b0), (t1, b1) = points[i - 1], points[i]
        return b0 + int((b1 - b0) * (second - t0) / (t1 - t0)) if t1 > t0 else b0


_HEADER_TIME = re.compile(rb"total estimated time: ([0-9dhms ]+)")
_NORMAL_TIME = re.compile(rb"estimated printing time \(normal mode\) = ([0-9dhms ]+)")
_CURA_TIME = re.compile(rb"^;TIME:(\d+)", re.MULTILINE)
_HEADER_LAYERS = re.compile(rb"(?:total layers? (?:number|count)\s*[:=] *|;LAYER_COUNT:)(\d+)")
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def _seconds(text: str) -> float:
    """ "1d 2h 3m 4s" or plain seconds."""
    if text.isdigit():
        return float(text)
    return sum(float(n) * _UNITS[u] for n, u in re.findall(r"(\d+)\s*([dhms])", text))


def _timed(reader: GcodeReader, points: list[tuple[int, float]]) -> list[Mark]:
    marks: list[Mark] = []
    i = 0
    for line, kind, value, index, text in reader.raw:
        while i + 2 < len(points) and points[i + 1][0] <= line:
            i += 1
        (l0, t0), (l1, t1) = points[i], points[min(i + 1, len(points) - 1)]
        share = (line - l0) / (l1 - l0) if l1 > l0 else 0.0
        marks.append(Mark(t0 + (t1 - t0) * min(1.0, max(0.0, share)), kind, value, index, text))
    return marks


def read_timeline(gcode: bytes) -> Timeline:
    """The timeline of a G-code file. Without M73 lines time runs evenly over the lines."""
    reader = GcodeReader()
    starts = [0]  # byte of every line
    for number, line in enumerate(gcode.split(b"\n")):
        starts.append(starts[-1] + len(line) + 1)
        reader.feed(number, line.decode("utf-8", "replace").strip())
    head = gcode[:65536]
    found = _HEADER_TIME.search(head) or _NORMAL_TIME.search(gcode) or _CURA_TIME.search(head)
    total = _seconds(found[1].decode()) if found else 60.0 * reader.first_minutes
    header_layers = _HEADER_LAYERS.search(head)
    layers = int(header_layers[1]) if header_layers else reader.layers
    total = total or 600.0
    points = reader.times(total, len(starts) - 2)
    return Timeline(
        total,
        layers,
        tuple(_timed(reader, points)),
        tuple(reader.filaments),
        tuple((second, min(starts[line], len(gcode))) for line, second in points),
        len(gcode),
        tuple(reader.objects.values()),
    )


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
