"""Printers that cannot be reached, and that are back. A short gap is told to nobody."""

from __future__ import annotations

from alerts.model import Kind
from alerts.watch.memory import Run
from alerts.watch.sight import Sight
from alerts.watch.telling import Teller
from alerts.watch.words import duration, facts_of, name_of, sentence

SLOT = "offline"
BACK_S = 5.0
"""It must answer for so long before it counts as back."""


class Reach:
    """One printer's."""

    def __init__(self, teller: Teller, offline_after_s: float) -> None:
        self._teller = teller
        self._after_s = offline_after_s
        self._gone: float | None = None  # monotonic s
        self._back: float | None = None  # monotonic s

    def see(self, sight: Sight, run: Run | None) -> None:
        if sight.unreachable:
            self._back = None
            self._is_gone(sight, run)
            return
        self._gone = None
        if not sight.believable or not self._teller.is_open(SLOT):
            self._back = None
            return
        if self._back is None:
            self._back = sight.mono
        if sight.mono - self._back >= BACK_S:
            self._is_back(sight, run)

    def _is_gone(self, sight: Sight, run: Run | None) -> None:
        """A printer that was never heard of is no news: it may have been off for weeks."""
        if self._gone is None:
            self._gone = sight.mono
        if sight.mono - self._gone < self._after_s or not self._teller.memory.seen_at:
            return
        if self._teller.is_open(SLOT):
            return
        kind, text = Kind.OFFLINE, f"{self._teller.name} cannot be reached."
        if run is not None:
            kind = Kind.OFFLINE_PRINTING
            text = f"{self._teller.name} cannot be reached in the middle of {name_of(run.file)}."
        why = sentence(sight.status.message or sight.status.link.text)
        facts = facts_of(sight, run) | ({"reason": why} if why else {})
        self._teller.begin(SLOT, kind, f"{text} {why}".strip(), run=run, facts=facts)

    def _is_back(self, sight: Sight, run: Run | None) -> None:
        self._back = None
        incident = self._teller.memory.open[SLOT]
        away = duration(max(0.0, sight.now - incident.since))
        text = f"{self._teller.name} is back after {away}"
        if run is not None:
            text = f"{text} and still busy with {name_of(run.file)}"
        self._teller.end(SLOT, f"{text}.")
        self._teller.tell(
            Kind.ONLINE, f"{text}.", run=incident.run, key=incident.key or "1",
            facts=facts_of(sight, run) | {"seconds": round(sight.now - incident.since)},
        )  # fmt: skip
