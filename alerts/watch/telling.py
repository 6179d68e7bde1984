"""Makes the events of one printer (or of the farm), so that each has an identity of its own that
comes out the same after a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.model import Event, Kind, Level
from alerts.watch.memory import Incident, PrinterMemory, Run


class Teller:
    """Collects what is to be told. ``muted``: nothing new is, ends are."""

    def __init__(
        self, memory: PrinterMemory, series: str, *, printer_id: str = "", group: str = ""
    ) -> None:
        self.memory = memory
        self.printer_id = printer_id
        self.name = printer_id  # until a report tells it
        self.now = 0.0  # epoch s
        self.muted = False
        self._group = group
        self._series = series
        self._told: list[Event] = []

    def taken(self) -> list[Event]:
        """Everything since the last call, in order."""
        told, self._told = self._told, []
        return told

    def tell(
        self,
        kind: Kind,
        text: str,
        *,
        run: str = "",
        key: str = "",
        level: Level | None = None,
        facts: Mapping[str, Any] | None = None,
        repeat: int = 0,
    ) -> None:
        """Something happened."""
        if self.muted:
            return
        self._add(kind, text, run, key, level=level, facts=facts or {}, repeat=repeat)

    def nth(self, run: Run | None, what: str, code: str = "") -> str:
        """The key of the next occurrence of ``what`` with this ``code``: in a print the first one
        is the code alone, outside of prints all carry the series."""
        counts = self.memory.counts if run is None else run.counts
        slot = f"{what} {code}".strip()
        counts[slot] = number = counts.get(slot, 0) + 1
        if run is None:
            return f"{code} {self._series}.{number}".strip()
        return code if number == 1 else f"{code} {number}".strip()

    # -- what stays open -----------------------------------------------------------------------

    def is_open(self, slot: str) -> bool:
        return slot in self.memory.open

    def begin(
        self,
        slot: str,
        kind: Kind,
        text: str,
        *,
        run: Run | None = None,
        run_id: str = "",
        code: str = "",
        level: Level | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> bool:
        """Tell it unless it is open already; False when nothing was told. ``run_id``: of a print
        that is over; what comes of it happens once."""
        if self.muted or slot in self.memory.open:
            return False
        key = code if run_id else self.nth(run, kind, code)
        where = run.id if run is not None else run_id
        file = str((facts or {}).get("file", ""))
        self.memory.open[slot] = Incident(
            kind=kind.value, run=where, key=key, since=self.now, file=file
        )
        self._add(kind, text, where, key, level=level, facts=facts or {})
        return True

    def remind(
        self, slot: str, text: str, facts: Mapping[str, Any] | None = None,
        level: Level | None = None,
    ) -> None:  # fmt: skip
        """Once more of what is still open."""
        incident = self.memory.open[slot]
        incident.repeats += 1
        self.tell(
            Kind(incident.kind), text, run=incident.run, key=incident.key,
            repeat=incident.repeats, facts=facts, level=level,
        )  # fmt: skip

    def end(self, slot: str, text: str, facts: Mapping[str, Any] | None = None) -> Incident | None:
        """It is over: the end is information, whatever the beginning was."""
        incident = self.memory.open.pop(slot, None)
        if incident is not None:
            self._add(
                Kind(incident.kind), text, incident.run, incident.key,
                level=Level.INFO, ends=True, facts=facts or {},
            )  # fmt: skip
        return incident

    def _add(
        self,
        kind: Kind,
        text: str,
        run: str,
        key: str,
        *,
        level: Level | None,
        facts: Mapping[str, Any],
        repeat: int = 0,
        ends: bool = False,
    ) -> None:
        self._told.append(
            Event(
                kind=kind, at=self.now, text=text, printer_id=self.printer_id,
                printer=self.name if self.printer_id else "", group=self._group, run=run, key=key,
                repeat=repeat, ends=ends, level=level, facts=dict(facts),
            )
        )  # fmt: skip
