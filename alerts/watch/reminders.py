"""What waits for a person is told again after a while, and then no more (alerts 6, rule 6)."""

from __future__ import annotations

from alerts.watch.memory import Incident


class Reminders:
    """Of one kind of incident."""

    def __init__(self, minutes: tuple[float, ...]) -> None:
        """``minutes``: after each of these since its beginning."""
        self._after_s = tuple(sorted(one * 60 for one in minutes))

    def due(self, incident: Incident, now: float) -> float | None:
        """Seconds it has waited, when it is to be told again; then it counts as told but for
        ``Teller.remind``. Of those missed without the farm only the newest. ``now``: epoch s."""
        incident.since = min(incident.since, now)  # the clock was set back
        waits_s = now - incident.since
        due = sum(waits_s >= after for after in self._after_s)
        if due <= incident.repeats:
            return None
        incident.repeats = due - 1
        return waits_s
