"""Temperatures of the last hours per printer, at fixed memory.

Two rings: one sample each FINE_S seconds for the last half hour, one each COARSE_S for six hours.
A printer costs about 34 kB when both are full; nothing is allocated before its first sample.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable
from typing import Any

from printers.status import Heater, PrinterStatus

FINE_S, FINE_LEN = 4.0, 450
COARSE_S, COARSE_LEN = 60.0, 360
SERIES = ("nozzle", "nozzle2", "bed", "chamber")
_WIDTH = 1 + 2 * len(SERIES)  # time, then current and target of each
_NONE = float("nan")


class _Ring:
    """Rows of floats, oldest overwritten. Times are relative to ``base`` to fit single floats."""

    def __init__(self, length: int, step_s: float) -> None:
        self._rows = array("f", bytes(4 * length * _WIDTH))
        self._length, self._step = length, step_s
        self._count = 0
        self._last = -1e18

    def due(self, at: float) -> bool:
        return at - self._last >= self._step - 0.25

    def put(self, at: float, offset: float, values: Iterable[float]) -> None:
        start = (self._count % self._length) * _WIDTH
        self._rows[start : start + _WIDTH] = array("f", [offset, *values])
        self._count += 1
        self._last = at

    def rows(self) -> list[array[float]]:
        """Oldest first."""
        kept = min(self._count, self._length)
        first = self._count - kept
        starts = ((first + n) % self._length * _WIDTH for n in range(kept))
        return [self._rows[start : start + _WIDTH] for start in starts]


class _History:
    def __init__(self, base: float) -> None:
        self.base = base
        self.fine = _Ring(FINE_LEN, FINE_S)
        self.coarse = _Ring(COARSE_LEN, COARSE_S)


def _pair(heater: Heater | None) -> tuple[float, float]:
    if heater is None:
        return (_NONE, _NONE)
    return (heater.current, _NONE if heater.target is None else heater.target)


def _json(value: float) -> float | None:
    return None if value != value else round(value, 1)


class TemperatureHistory:
    """Written by the panel hub, read by any request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._printers: dict[str, _History] = {}

    def observe(self, status: PrinterStatus) -> bool:
        """Keep this report's temperatures if a sample is due; True when one was kept."""
        at = status.observed_at
        if at is None or not status.heaters:
            return False
        history = self._printers.get(status.printer_id)
        if history is not None and not history.fine.due(at):
            return False
        values = [value for name in SERIES for value in _pair(status.heater(name))]
        with self._lock:
            if history is None:
                history = self._printers.setdefault(status.printer_id, _History(at))
            offset = at - history.base
            history.fine.put(at, offset, values)
            if history.coarse.due(at):
                history.coarse.put(at, offset, values)
        return True

    def read(self, printer_id: str, fine: bool = True) -> dict[str, Any]:
        """{"step_s", "at": [epoch s], "nozzle": {"current": [...], "target": [...]}, ...}.

        Series without any value are left out; gaps are null. Times are good to 0.01 s over a day.
        """
        with self._lock:
            history = self._printers.get(printer_id)
            rows = (history.fine if fine else history.coarse).rows() if history else []
            base = history.base if history else 0.0
        result: dict[str, Any] = {
            "step_s": FINE_S if fine else COARSE_S,
            "at": [round(base + row[0], 1) for row in rows],
        }
        for index, name in enumerate(SERIES):
            column = 1 + 2 * index
            current = [_json(row[column]) for row in rows]
            if any(value is not None for value in current):
                target = [_json(row[column + 1]) for row in rows]
                result[name] = {"current": current, "target": target}
        return result
