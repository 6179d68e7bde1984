"""A print that waits: why, and when it goes on."""

from __future__ import annotations

from alerts.model import Kind, Level
from alerts.watch.memory import Run
from alerts.watch.sight import Sight
from alerts.watch.telling import Teller
from alerts.watch.words import facts_of, name_of, sentence
from printers.status import PrinterState

PAUSED, RUNOUT = "paused", "filament_out"
SETTLE_S = 3.0
"""The state comes first, its reason with one of the next reports (Bambu sends differences)."""


class Pauses:
    """One printer's."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self.since: float | None = None  # monotonic s of this pause's first report

    def see(self, sight: Sight, run: Run | None) -> None:
        slot = self._open_slot()
        if slot and (run is None or run.id != self._teller.memory.open[slot].run):
            self._teller.end(slot, f"{self._teller.name}: the paused print is over.")
        if run is None:
            self.since = None
        if not sight.believable or run is None:
            return
        if sight.status.state is PrinterState.PAUSED:
            self._stands(sight, run)
        else:
            self.since = None
            if slot := self._open_slot():
                self._goes_on(slot, sight, run)

    def _open_slot(self) -> str:
        return next((slot for slot in (PAUSED, RUNOUT) if self._teller.is_open(slot)), "")

    def _stands(self, sight: Sight, run: Run) -> None:
        """A reason that turns out to be the filament is told as that, too."""
        if self.since is None:
            self.since = sight.mono
        is_runout = sight.status.pause_kind == "filament"
        if sight.mono - self.since < SETTLE_S or not run.named:
            return
        if is_runout:
            self._begin(RUNOUT, Kind.FILAMENT_OUT, sight, run)
            self._teller.end(PAUSED, f"{self._teller.name} is paused: the filament ran out.")
        elif not self._teller.is_open(RUNOUT):
            self._begin(PAUSED, Kind.PAUSED, sight, run)

    def _begin(self, slot: str, kind: Kind, sight: Sight, run: Run) -> None:
        status = sight.status
        reason = status.pause_reason
        text = f"{self._teller.name} is paused in {name_of(run.file)}."
        if reason:
            text = f"{text} {sentence(reason)}"
        level = Level.SOON if status.pause_kind == "user" else None
        facts = facts_of(sight, run) | ({"reason": reason} if reason else {})
        self._teller.begin(slot, kind, text, run=run, level=level, facts=facts)

    def _goes_on(self, slot: str, sight: Sight, run: Run) -> None:
        """A print that ends out of a pause has not gone on: its end says so."""
        key = self._teller.memory.open[slot].key
        number = key or "1"
        goes_on = sight.status.state in (PrinterState.PRINTING, PrinterState.PREPARING)
        if not goes_on:
            return
        text = f"{self._teller.name} goes on with {name_of(run.file)}."
        self._teller.end(slot, text)
        self._teller.tell(
            Kind.RESUMED, text, run=run.id, key=f"{slot} {number}", facts=facts_of(sight, run)
        )
