"""Temperatures as OctoPrint reports and remembers them, °C."""

from __future__ import annotations

import time
from collections import deque
from itertools import islice
from typing import Any

from simulator.physics import Heater
from simulator.plain_machine import PlainPrinter

_KEPT = 900  # samples: half an hour, one every two seconds

Sample = tuple[int, tuple[tuple[float, float], ...]]


class Temperatures:
    """``count`` samples were taken so far; the last ones are remembered."""

    def __init__(self, machine: PlainPrinter) -> None:
        heat = machine.heat
        self._heaters: dict[str, Heater] = {f"tool{i}": h for i, h in enumerate(heat.nozzles)}
        self._heaters["bed"] = heat.bed
        self.chamber = machine.model.chamber_max > 0
        if self.chamber:
            self._heaters["chamber"] = heat.chamber
        self._samples: deque[Sample] = deque(maxlen=_KEPT)
        self.count = 0

    @property
    def names(self) -> list[str]:
        """tool0 …, bed, and chamber when it is heated."""
        return list(self._heaters)

    def sample(self) -> None:
        """Remember what the heaters show now."""
        read = tuple((round(h.actual, 2), float(h.target)) for h in self._heaters.values())
        self._samples.append((int(time.time()), read))
        self.count += 1

    def now(self, offsets: dict[str, float]) -> dict[str, dict[str, float]]:
        """``temperature`` of GET /api/printer."""
        return {
            name: {
                "actual": round(heater.actual, 2),
                "offset": offsets.get(name, 0),
                "target": float(heater.target),
            }
            for name, heater in self._heaters.items()
        }

    def history(self, limit: int = 0) -> list[dict[str, Any]]:
        """``temperature.history``, oldest first; ``limit`` 0: all."""
        rows = [self._row(sample) for sample in self._samples]
        return rows[-limit:] if limit else rows

    def since(self, count: int) -> list[dict[str, Any]]:
        """``temps`` of the web socket: samples after the first ``count``."""
        fresh = min(self.count - count, len(self._samples))
        chosen = islice(self._samples, len(self._samples) - fresh, None)
        return [self._socket_row(sample) for sample in chosen]

    def _row(self, sample: Sample) -> dict[str, Any]:
        when, read = sample
        row: dict[str, Any] = {"time": when}
        for name, (actual, target) in zip(self._heaters, read, strict=True):
            row[name] = {"actual": actual, "target": target}
        return row

    def _socket_row(self, sample: Sample) -> dict[str, Any]:
        row = self._row(sample)
        row.setdefault("chamber", {"actual": None, "target": None})
        return row
