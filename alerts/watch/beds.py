"""Parts that lie on a bed until somebody takes them off."""

from __future__ import annotations

from math import inf

from alerts.model import Kind, Level
from alerts.watch.memory import Incident, Run
from alerts.watch.reminders import Reminders
from alerts.watch.sight import Sight
from alerts.watch.telling import Teller
from alerts.watch.words import duration, name_of

SLOT = "bed"
SURE_S = 7.0
"""A person can take "clear" back for 6 s (job_queue/starting/approval.py)."""


class Beds:
    """One printer's. The end itself is told as such, so that the bed begins as information."""

    def __init__(self, teller: Teller, reminders_min: tuple[float, ...]) -> None:
        self._teller = teller
        self._reminders = Reminders(reminders_min)
        self._clear = inf  # monotonic s

    def ended(self, run: Run, sight: Sight) -> None:
        """A print there is over. Another farm's bed is cleared there."""
        if sight.conditions.bed_clear or sight.status.shown_only:
            return
        text = f"{self._teller.name}: {name_of(run.file)} waits to be taken off the bed."
        facts = {"file": run.file} | ({"job_id": run.job_id} if run.job_id else {})
        self._teller.begin(
            SLOT, Kind.BED_WAITING, text, run_id=run.id, level=Level.INFO, facts=facts
        )

    def see(self, sight: Sight, run: Run | None) -> None:
        incident = self._teller.memory.open.get(SLOT)
        if incident is None:
            return
        began = run is not None or sight.own is not None
        self._clear = min(self._clear, sight.mono) if sight.conditions.bed_clear else inf
        if began or sight.mono - self._clear >= SURE_S:
            self._clear = inf
            self._teller.end(SLOT, f"{self._teller.name}: the bed is clear.")
        elif not sight.conditions.bed_clear:
            self._remind(incident, sight.now)

    def _remind(self, incident: Incident, now: float) -> None:
        waits_s, file = self._reminders.due(incident, now), incident.file
        if waits_s is None:
            return
        text = (
            f"{self._teller.name}: {name_of(file)} has been on the bed for {duration(waits_s)}. "
            "Nothing can start there until it is cleared."
        )
        self._teller.remind(SLOT, text, {"file": file, "seconds": round(waits_s)})
