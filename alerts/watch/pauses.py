"""A print that waits: why, and when it goes on."""

from __future__ import annotations

from collections.abc import Callable

from alerts.model import Kind, Level
from alerts.watch.memory import Run
from alerts.watch.reminders import Reminders
from alerts.watch.sight import Sight
from alerts.watch.telling import Teller
from alerts.watch.words import duration, facts_of, name_of, sentence
from printers.status import PrinterState

PAUSED, RUNOUT = "paused", "filament_out"
SETTLE_S = 3.0
"""The state comes first, its reason with one of the next reports (Bambu sends differences)."""
PausedBy = Callable[[str], str]
"""printer id -> why the farm's own defect watch has paused it, "" = it has not."""


class Pauses:
    """One printer's."""

    def __init__(
        self, teller: Teller, reminders_min: tuple[float, ...], paused_by: PausedBy
    ) -> None:
        self._teller = teller
        self._reminders = Reminders(reminders_min)
        self._paused_by = paused_by
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
        self._remind(sight, run)

    def _begin(self, slot: str, kind: Kind, sight: Sight, run: Run) -> None:
        if self._teller.is_open(slot):
            return
        reason, level = self._why(sight)
        text = f"{self._teller.name} is paused in {name_of(run.file)}."
        facts = facts_of(sight, run) | ({"reason": reason} if reason else {})
        self._teller.begin(
            slot, kind, f"{text} {sentence(reason)}".rstrip(), run=run, level=level, facts=facts
        )

    def _why(self, sight: Sight) -> tuple[str, Level | None]:
        """The printer takes the farm's defect watch for a person. Its alarm has rung already, and
        a person who has paused it need not run."""
        if said := self._paused_by(self._teller.printer_id):
            return said, Level.SOON
        level = Level.SOON if sight.status.pause_kind == "user" else None
        return sight.status.pause_reason, level

    def _remind(self, sight: Sight, run: Run) -> None:
        slot = self._open_slot()
        waits_s = self._reminders.due(self._teller.memory.open[slot], sight.now) if slot else None
        if waits_s is None:
            return
        reason, level = self._why(sight)
        text = f"{self._teller.name} has been paused in {name_of(run.file)} for "
        text = f"{text}{duration(waits_s)}. {sentence(reason)}".rstrip()
        facts = facts_of(sight, run) | {"seconds": round(waits_s)}
        facts |= {"reason": reason} if reason else {}
        self._teller.remind(slot, text, facts, level)

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
