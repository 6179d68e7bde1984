"""Faults and messages that stand on a printer: each code once, until it is gone."""

from __future__ import annotations

from math import inf

from alerts.model import Kind, Level
from alerts.watch.memory import Run
from alerts.watch.sight import Sight
from alerts.watch.telling import Teller
from alerts.watch.words import facts_of, sentence
from printers.status import Fault, Severity

BEGINS_S = 3.0
"""A fault must stand so long: some are shown for a moment while a stop is carried out."""
WITH_S = 5.0
"""A fault that came so shortly before or after a pause is why it pauses: the pause is told, and
the fault rings no second time."""
GONE_S = 10.0
"""And be away so long: lists of faults come and go while a printer works one off."""
AGAIN_S = 600.0
"""One that comes back sooner than this, in the same print, rings no second time: some come and go
for hours."""
_SLOT = "fault "
_LEVELS = {Severity.COMMON: Level.SOON, Severity.INFO: Level.INFO}


class Faults:
    """One printer's."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._since: dict[str, float] = {}  # slot -> monotonic s it has stood since
        self._gone: dict[str, float] = {}  # slot -> monotonic s it has been away since
        self._over: dict[str, tuple[str, float]] = {}  # slot -> run, monotonic s of its end

    def see(self, sight: Sight, run: Run | None, paused: float | None) -> None:
        """Of a printer that does not report nothing is known: what stood goes on standing.
        ``paused``: monotonic s since which its print is, None = it is not."""
        if not sight.believable:
            return
        standing = {_SLOT + fault.code: fault for fault in sight.status.faults}
        self._since = {slot: self._since.get(slot, sight.mono) for slot in standing}
        for slot, fault in standing.items():
            self._gone.pop(slot, None)
            if sight.mono - self._since[slot] >= BEGINS_S:
                self._begin(slot, fault, sight, run, paused)
        told = [slot for slot in self._teller.memory.open if slot.startswith(_SLOT)]
        for slot in told:
            if slot not in standing:
                self._goes(slot, sight, run)

    def _begin(
        self, slot: str, fault: Fault, sight: Sight, run: Run | None, paused: float | None
    ) -> None:
        if self._teller.is_open(slot):
            return
        level = _LEVELS.get(fault.severity)
        if paused is not None and abs(self._since[slot] - paused) < WITH_S:
            level = Level.INFO
        of_run, over = self._over.get(slot, ("", -inf))
        if of_run == _id(run) and sight.mono - over < AGAIN_S:
            level = Level.INFO
        text = f"{self._teller.name}: {sentence(fault.text)}"
        facts = facts_of(sight, run) | {"code": fault.code, "reason": fault.text}
        self._teller.begin(
            slot, Kind.FAULT, text, run=run, code=fault.code, level=level, facts=facts
        )

    def _goes(self, slot: str, sight: Sight, run: Run | None) -> None:
        since = self._gone.setdefault(slot, sight.mono)
        if sight.mono - since >= GONE_S:
            del self._gone[slot]
            self._over[slot] = _id(run), sight.mono
            code = slot.removeprefix(_SLOT)
            self._teller.end(slot, f"{self._teller.name} no longer reports {code}.", {"code": code})


def _id(run: Run | None) -> str:
    return "" if run is None else run.id
