"""What an event closes besides the incident it names."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.model import TRAITS, Event, Kind, Level

RESULTS = frozenset({Kind.FINISHED, Kind.FAILED, Kind.CANCELLED})
OF_THE_PRINT = frozenset(
    {
        Kind.PAUSED, Kind.FILAMENT_OUT, Kind.OFFLINE_PRINTING, Kind.DEFECT, Kind.WATCH_BLIND,
        Kind.SPOOL_SHORT,
    }
)  # fmt: skip
"""Over with the print at the latest."""
_ENDED_BY = {
    Kind.RESUMED: frozenset({Kind.PAUSED, Kind.FILAMENT_OUT}),
    Kind.ONLINE: frozenset({Kind.OFFLINE, Kind.OFFLINE_PRINTING}),
    **dict.fromkeys(RESULTS, OF_THE_PRINT),
}


def closes(event: Event, opened: Event) -> bool:
    """Whether the incident that ``opened`` began is over with ``event``."""
    if event.ends:
        return event.incident == opened.incident
    if opened.kind not in _ENDED_BY.get(event.kind, ()) or event.printer_id != opened.printer_id:
        return False
    return event.kind is Kind.ONLINE or (bool(event.run) and event.run == opened.run)


def still_open(events: Iterable[Event]) -> dict[str, Event]:
    """incident -> the event that began it, of those that none of the later ones closed. Nothing
    closes what is open of another printer, so that thousands of events are gone through at once."""
    found: dict[str, dict[str, Event]] = {}
    for event in events:
        here = found.setdefault(event.printer_id, {})
        if event.ends:
            here.pop(event.incident, None)
        elif event.kind in _ENDED_BY:
            for incident in [name for name, opened in here.items() if closes(event, opened)]:
                del here[incident]
        elif begins(event):
            here.setdefault(event.incident, event)
    return {incident: event for here in found.values() for incident, event in here.items()}


def begins(event: Event) -> bool:
    """It begins an incident, or tells once more of one."""
    return TRAITS[event.kind].incident and not event.ends


def urgency(event: Event) -> Level:
    """That something is over is information, whatever it was."""
    if event.ends:
        return event.level or Level.INFO
    return event.urgency
