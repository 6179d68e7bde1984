"""Pure: staggered heating in a forecast: from when on a printer may begin to heat.

The dispatcher's own limits (matching/heating.py) on a simplified course of every print: full power
from the start of its transfer for HEATS_S and as long as the transfer takes, then the share that
holds the heat until the print ends. What heats already is taken to have begun just now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf

from core.config import HeatingConfig
from job_queue.forecast.prediction import Scene
from job_queue.matching.heating import HELD_SHARE, Load

HEATS_S = 300.0
"""From cold to printing: bed and nozzle of most printers, homing included (our assumption; the
dispatcher itself looks at the reported temperatures)."""


class Course:
    """Who heats and who runs until when (epoch s), as the queue is played forward."""

    def __init__(
        self,
        limits: HeatingConfig,
        loads: Mapping[str, Load],
        runs_until: Mapping[str, float],
        now: float,
    ) -> None:
        """``runs_until``: of printers at work, inf where nobody knows."""
        self._limits, self._loads = limits, loads
        self._hot = {name: now + HEATS_S for name, load in loads.items() if load.heats}
        self._ends = {name: runs_until.get(name, inf) for name, load in loads.items() if load.runs}

    def begin(self, printer_id: str, now: float, transfer_s: float, end: float) -> None:
        """A start is decided; ``end`` inf: nobody knows how long the print takes."""
        self._hot[printer_id] = now + transfer_s + HEATS_S
        self._ends[printer_id] = end

    def opens(self, printers: Iterable[str], now: float) -> dict[str, float]:
        """For each printer the earliest time at which it may begin: now, later, or inf = never
        as far as anybody can tell."""
        by_number = self._by_number(now)
        return {name: max(by_number, self._by_circuit(name, now)) for name in printers}

    def _by_number(self, now: float) -> float:
        most = self._limits.most
        if most is None:
            return now
        heating = sorted(until for until in self._hot.values() if until > now)
        return now if len(heating) < most else heating[len(heating) - most]

    def _by_circuit(self, printer_id: str, now: float) -> float:
        load = self._loads.get(printer_id)
        budget = self._limits.circuits.get(load.circuit) if load is not None else None
        if load is None or budget is None:
            return now
        others = [
            name
            for name, other in self._loads.items()
            if other.circuit == load.circuit and name != printer_id
        ]
        changes = {self._hot.get(name, now) for name in others}
        changes |= {self._ends.get(name, now) for name in others}
        for at in sorted({now, *(time for time in changes if now < time < inf)}):
            if sum(self._takes(name, at) for name in others) + load.watts <= budget:
                return at
        return inf

    def _takes(self, printer_id: str, at: float) -> float:
        """Watts."""
        watts = self._loads[printer_id].watts
        if self._hot.get(printer_id, -inf) > at:
            return watts
        return watts * HELD_SHARE if self._ends.get(printer_id, -inf) > at else 0.0


def course_of(scene: Scene) -> Course | None:
    """As a forecast begins with it; None without limits."""
    if not scene.heating.limits:
        return None
    runs = {
        p.candidate.printer_id: scene.now + p.running.left.p50
        for p in scene.printers
        if p.running is not None and p.running.left is not None
    }
    return Course(scene.heating, scene.loads, runs, scene.now)
