"""Whether another farm's reports can be a printer's: none changes its print every second.

Alerts, timelapses, the defect watch and figures begin something with each new print, fault or
sensor. A farm that is broken, or means harm, must not make this one begin thousands.
"""

from __future__ import annotations

from printers.feed import words
from printers.lan.report import Report
from printers.status import PrinterState

BURST = 40
"""Changes at once: a printer that reports all its faults, or is shown for the first time."""
EVERY_S = 10.0
"""And one in so many seconds in the long run."""
CALM = 10
"""So many must be free again until it is believed once more."""
FELL_PERCENT = 10
DEEPEST = -20
"""So it takes five minutes of calm at most."""


class Calm:
    """One printer's; used by its thread. Times are monotonic seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._free = float(BURST)
        self._at: float | None = None
        self._shown: frozenset[str] = frozenset()
        self._percent = 0
        self.restless = False

    def judged(self, report: Report, now: float) -> Report:
        """The report, or, while they change too fast, that nothing is known."""
        if self._at is not None:
            self._free = min(float(BURST), self._free + (now - self._at) / EVERY_S)
        self._at = now
        shown = _facts(report) if report.state.is_connected else self._shown
        changes = len(shown - self._shown) + self._began_anew(report)
        self._free, self._shown = max(float(DEEPEST), self._free - changes), shown
        self.restless = self._free < (CALM if self.restless else 0)
        return _nothing(report, self._name) if self.restless else report

    def _began_anew(self, report: Report) -> bool:
        """The same file once more: its progress has fallen."""
        percent = report.job.percent if report.job else None
        if percent is None:
            return False
        fell, self._percent = percent < self._percent - FELL_PERCENT, percent
        return fell


def _facts(report: Report) -> frozenset[str]:
    """What others begin something with when it is new."""
    job = report.job.name if report.job else ""
    return frozenset(
        (
            f"state {report.state.value}", f"job {job}", f"pause {report.pause_kind}",
            *(f"fault {fault.code}" for fault in report.faults),
            *(f"heater {heater.name}" for heater in report.heaters),
            *(f"fan {fan.name}" for fan in report.fans),
        )
    )  # fmt: skip


def _nothing(report: Report, name: str) -> Report:
    return Report(
        state=PrinterState.UNKNOWN, raw_state="unknown", message=words.restless(name),
        lock=report.lock, machine=report.machine, via=report.via,
    )  # fmt: skip
