"""One printer: looks in, events out. Nothing else: no thread, no clock, no disk."""

from __future__ import annotations

from alerts.model import Event, Kind
from alerts.watch.beds import Beds
from alerts.watch.faults import Faults
from alerts.watch.memory import PrinterMemory
from alerts.watch.pauses import PausedBy, Pauses
from alerts.watch.progress import Progress
from alerts.watch.reach import Reach
from alerts.watch.runs import RECENT_S, Runs
from alerts.watch.sight import Sight
from alerts.watch.telling import Teller
from alerts.watch.words import facts_of
from core.alert_config import AlertsConfig
from printers.display import display_state


class PrinterTracker:
    """``see`` every snapshot, and the last one again once a second: some things are told only
    after they have stood for a while."""

    def __init__(
        self, printer_id: str, memory: PrinterMemory, series: str, config: AlertsConfig,
        group: str = "", paused_by: PausedBy = lambda _: "",
    ) -> None:  # fmt: skip
        self.teller = teller = Teller(memory, series, printer_id=printer_id, group=group)
        self.memory = memory
        self._runs = Runs(teller)
        self._progress = Progress(teller, config)
        self._pauses = Pauses(teller, config.bed_reminders_min, paused_by)
        self._faults = Faults(teller)
        self._reach = Reach(teller, config.offline_after_s)
        self._beds = Beds(teller, config.bed_reminders_min)
        self._over = ""  # a run whose end the queue has told

    def see(self, sight: Sight) -> list[Event]:
        """What is new since the last look, in order."""
        memory, teller = self.memory, self.teller
        teller.name = sight.status.name
        teller.now = sight.now
        teller.muted = sight.conditions.maintenance
        before = memory.run
        self._runs.see(sight)
        run = memory.run
        self._reach.see(sight, run)
        self._pauses.see(sight, run)
        self._faults.see(sight, run, self._pauses.since)
        if before is not None and run is None:
            self._beds.ended(before, sight)
        self._beds.see(sight, run)
        if run is not None and run.id != self._over:
            self._progress.see(sight, run)
        self._note_state(sight)
        self._note_sight(sight)
        return teller.taken()

    def stop_sent(self, mono: float) -> None:
        """Somebody stopped what runs there, from the farm."""
        self._runs.stop_sent(mono)

    def over(self, run: str) -> None:
        """The queue says that its job has ended: no older snapshot tells of its progress."""
        self._over = run

    def _note_state(self, sight: Sight) -> None:
        """What is long past is only noted."""
        if not sight.believable:
            return
        word, before = display_state(sight.snapshot, sight.mono)[0], self.memory.state
        if word == before:
            return
        self.memory.state = word
        if before and sight.now - self.memory.seen_at < RECENT_S:
            run = self.memory.run
            self.teller.tell(
                Kind.STATE_CHANGED,
                f"{self.teller.name}: {_plain(before)}, now {_plain(word)}.",
                run="" if run is None else run.id,
                key=self.teller.nth(run, Kind.STATE_CHANGED, word),
                facts=facts_of(sight, run) | {"state": word, "reason": before},
            )

    def _note_sight(self, sight: Sight) -> None:
        if sight.believable:
            self.memory.seen_at = sight.now
            if self.memory.run is None and not sight.status.state.has_job:
                self.memory.rest_at = sight.now


def _plain(word: str) -> str:
    return word.replace("_", " ")
