"""Temperatures of the last hours per printer, at fixed memory.

Two rings: one sample each FINE_S seconds for the last half hour, one each COARSE_S for six hours.
A printer with four heaters costs about 34 kB when both are full; nothing is allocated before its
first sample. The heaters are those it reports, MOST of them.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable
from typing import Any

from printers.status import Heater, PrinterStatus

FINE_S, FINE_LEN = 4.0, 450
COARSE_S, COARSE_LEN = 60.0, 360
MOST = 10
_RESERVED = frozenset({"at", "step_s", "t", "printer"})
"""Keys of the answer and of the live frames; a sensor of such a name is not drawn."""
_NONE = float("nan")


class _Ring:
    """Rows of floats, oldest overwritten. Times are relative to ``base`` to fit single floats."""

    def __init__(self, length: int, step_s: float, series: int) -> None:
        self._width = 1 + 2 * series  # time, then current and target of each
        self._rows = array("f", bytes(4 * length * self._width))
        self._length, self._step = length, step_s
        self._count = 0
        self._last = -1e18

    def due(self, at: float) -> bool:
        return at - self._last >= self._step - 0.25

    def put(self, at: float, offset: float, values: Iterable[float]) -> None:
        start = (self._count % self._length) * self._width
        self._rows[start : start + self._width] = array("f", [offset, *values])
        self._count += 1
        self._last = at

    def rows(self) -> list[array[float]]:
        """Oldest first."""
        kept = min(self._count, self._length)
        first = self._count - kept
        starts = ((first + n) % self._length * self._width for n in range(kept))
        return [self._rows[start : start + self._width] for start in starts]

    def widened(self, series: int) -> _Ring:
        """The same rows with room for more series, which were not known then."""
        wider = _Ring(self._length, self._step, series)
        for row in self.rows():
            missing = [_NONE] * (wider._width - len(row))
            wider.put(self._last, row[0], [*row[1:], *missing])
        return wider


class _History:
    def __init__(self, base: float, names: tuple[str, ...]) -> None:
        self.base = base
        self.names = names
        self.fine = _Ring(FINE_LEN, FINE_S, len(names))
        self.coarse = _Ring(COARSE_LEN, COARSE_S, len(names))

    def widen(self, names: tuple[str, ...]) -> None:
        """A heater or sensor has appeared."""
        self.names = names
        self.fine = self.fine.widened(len(names))
        self.coarse = self.coarse.widened(len(names))


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
        with self._lock:
            history = self._history(status, at)
            values = [value for name in history.names for value in _pair(status.heater(name))]
            offset = at - history.base
            history.fine.put(at, offset, values)
            if history.coarse.due(at):
                history.coarse.put(at, offset, values)
        return True

    def _history(self, status: PrinterStatus, at: float) -> _History:
        found = dict.fromkeys(h.name for h in status.heaters if h.name not in _RESERVED)
        names = tuple(found)[:MOST]
        history = self._printers.get(status.printer_id)
        if history is None:
            history = self._printers[status.printer_id] = _History(at, names)
        new = [name for name in names if name not in history.names]
        room = MOST - len(history.names)
        if new[:room]:
            history.widen((*history.names, *new[:room]))
        return history

    def read(self, printer_id: str, fine: bool = True) -> dict[str, Any]:
        """{"step_s", "at": [epoch s], "nozzle": {"current": [...], "target": [...]}, ...}.

        Series without any value are left out; gaps are null. Times are good to 0.01 s over a day.
        """
        with self._lock:
            history = self._printers.get(printer_id)
            names = history.names if history else ()
            rows = (history.fine if fine else history.coarse).rows() if history else []
            base = history.base if history else 0.0
        result: dict[str, Any] = {
            "step_s": FINE_S if fine else COARSE_S,
            "at": [round(base + row[0], 1) for row in rows],
        }
        for index, name in enumerate(names):
            column = 1 + 2 * index
            current = [_json(row[column]) for row in rows]
            if any(value is not None for value in current):
                target = [_json(row[column + 1]) for row in rows]
                result[name] = {"current": current, "target": target}
        return result
