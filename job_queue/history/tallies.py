"""Statistics of the history: pure sums over records. What was never started is counted apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from job_queue.history.attempts import Record

UNKNOWN = ""
"""The filament type of plates that do not name theirs."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """Sums of some records."""

    finished: int = 0
    failed: int = 0
    cancelled: int = 0
    not_started: int = 0
    seconds: float = 0.0  # from start to end, of all that were started
    grams: float = 0.0  # see Record.used_grams
    unweighed: int = 0  # started, with grams nobody knows

    @property
    def prints(self) -> int:
        """That were started and have ended, whatever the end."""
        return self.finished + self.failed + self.cancelled

    @property
    def success_rate(self) -> float | None:
        """Finished of all prints, 0 to 1. One that a person stopped is none: most are stopped
        because they fail."""
        return self.finished / self.prints if self.prints else None

    def merge(self, other: Tally) -> None:
        for name in Tally.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def add(self, record: Record) -> None:
        if record.started_at is None or record.result == "not_started":
            self.not_started += 1
            return
        setattr(self, record.result, getattr(self, record.result) + 1)
        self.seconds += record.took_s or 0.0
        grams = record.used_grams
        self.grams += grams or 0.0
        self.unweighed += grams is None


@dataclass(slots=True)
class PrinterTally:
    """One printer, by the names of its newest record."""

    name: str = ""
    model: str = ""
    tally: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Reason:
    """Prints that did not finish for the same code; ``text`` is what the last of them said."""

    text: str = ""
    count: int = 0


@dataclass(slots=True)
class Statistics:
    """Everything the page shows; made by ``statistics_of``."""

    total: Tally = field(default_factory=Tally)
    printers: dict[str, PrinterTally] = field(default_factory=dict)
    months: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    printer_months: dict[tuple[str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    reasons: dict[str, Reason] = field(default_factory=dict)
    materials: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Grams by type."""

    def add(self, record: Record) -> None:
        self.total.add(record)
        self.months[record.month].add(record)
        if record.printer_id:
            printer = self.printers.setdefault(record.printer_id, PrinterTally())
            printer.name, printer.model = record.printer, record.model
            printer.tally.add(record)
            self.printer_months[record.month, record.printer_id].add(record)
        if record.result in ("failed", "cancelled") and record.started_at is not None:
            reason = self.reasons.setdefault(record.code or record.result, Reason())
            reason.text, reason.count = record.reason or record.text, reason.count + 1
        self._weigh(record)

    def merge(self, other: Statistics) -> None:
        """Those of a later time; ``other`` stays as it is."""
        self.total.merge(other.total)
        for month, tally in other.months.items():
            self.months[month].merge(tally)
        for key, tally in other.printer_months.items():
            self.printer_months[key].merge(tally)
        for printer_id, theirs in other.printers.items():
            mine = self.printers.setdefault(printer_id, PrinterTally())
            mine.name, mine.model = theirs.name, theirs.model
            mine.tally.merge(theirs.tally)
        for code, reason in other.reasons.items():
            known = self.reasons.setdefault(code, Reason())
            known.text, known.count = reason.text, known.count + reason.count
        for material, grams in other.materials.items():
            self.materials[material] += grams

    def _weigh(self, record: Record) -> None:
        if record.started_at is None:
            return
        for one in record.filaments:
            if one.grams:
                self.materials[one.type or UNKNOWN] += one.grams * record.share


def statistics_of(records: Iterable[Record]) -> Statistics:
    """Of records oldest first."""
    found = Statistics()
    for record in records:
        found.add(record)
    return found
