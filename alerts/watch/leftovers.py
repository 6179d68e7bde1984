"""Alerts that stand open on the page though nobody will ever end them: their beginning was told,
and a kill, a full disk or a lost file took the watch's memory of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from alerts.model import Event, Kind, Level
from alerts.watch.memory import Memory
from core.alert_config import AlertsConfig
from printers.registry import Snapshot

_OURS = frozenset(
    {
        Kind.PAUSED, Kind.FILAMENT_OUT, Kind.BED_WAITING, Kind.FAULT, Kind.OFFLINE_PRINTING,
        Kind.OFFLINE, Kind.NEEDS_PERSON, Kind.QUEUE_BLOCKED, Kind.SPOOL_SHORT, Kind.DISK_LOW,
        Kind.CAMERA_DEAD,
    }
)  # fmt: skip
"""The kinds that the watch begins and ends."""
SURE_S = 900.0
"""So long after the start everything that still stands has been found again: a queue that stands
still takes ten minutes."""


def settle_s(config: AlertsConfig) -> float:
    """Seconds after the start from which on ``over`` may be asked."""
    return SURE_S + config.offline_after_s


def over(
    standing: Iterable[Event], memory: Memory, snapshots: Iterable[Snapshot], now: float
) -> Iterator[Event]:
    """Ends of those that are over. ``standing``: what began the open alerts; ``snapshots``: of the
    printers whose word counts now; ``now``: epoch s."""
    known = {
        (printer_id, one.kind, one.run, one.key)
        for printer_id, printer in memory.printers.items()
        for one in printer.open.values()
    }
    heard = {snapshot.status.printer_id: snapshot for snapshot in snapshots}
    for event in standing:
        names = {
            (where, event.kind.value, event.run, event.key) for where in (event.printer_id, "")
        }
        if event.kind in _OURS and not names & known and _is_sure(event, heard):
            text = f"{event.printer or 'The farm'}: this is over; nobody saw when. ({event.text})"
            yield replace(
                event, at=now, text=text, ends=True, repeat=0, level=Level.INFO, facts={}, photo=""
            )


def _is_sure(event: Event, heard: dict[str, Snapshot]) -> bool:
    """What begins with a print's end alone is not found again: the bed itself is asked."""
    if not event.printer_id:
        return True
    snapshot = heard.get(event.printer_id)
    if snapshot is None or snapshot.conditions.maintenance:
        return False
    return event.kind is not Kind.BED_WAITING or snapshot.conditions.bed_clear
