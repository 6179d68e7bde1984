"""What is open and what was: faults, pauses, beds to clear and everything that waits for somebody.

Told by the log's events alone, so that a restart finds the same. Acknowledged by a person, resolved
by the event that ends it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from alerts.ends import begins, closes, urgency
from alerts.log import AlertLog
from alerts.model import Event, Level
from core.clock import Clock
from core.errors import NotFound

MOST_RESOLVED = 500


def incident_id(incident: str) -> str:
    """Short, the same after a restart, and fit for an address."""
    return hashlib.blake2s(incident.encode(), digest_size=9).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that is or was open."""

    id: str
    event: Event  # the one that began it
    text: str  # the newest sentence about it
    since: float  # epoch s
    resolved_at: float | None = None
    acked_by: str = ""
    acked_at: float | None = None
    photo: str = ""  # file name in the alerts' photo folder
    repeats: int = 1  # how often it was told

    @property
    def level(self) -> Level:
        return urgency(self.event)

    @property
    def printer_id(self) -> str:
        return self.event.printer_id


class IncidentBook:
    """Thread-safe."""

    def __init__(self, log: AlertLog, clock: Clock) -> None:
        """Reads what the log knows."""
        self._log, self._clock = log, clock
        self._lock = threading.Lock()
        self._open: dict[str, Incident] = {}
        self._resolved: OrderedDict[str, Incident] = OrderedDict()
        acks = log.acks()
        for event in log.events():
            self.note(event)
        for incident in [*self._open.values(), *self._resolved.values()]:
            by, at = acks.get(incident.event.incident, ("", 0.0))
            if incident.since <= at:
                self._put(replace(incident, acked_by=by, acked_at=at))

    def note(self, event: Event) -> tuple[Incident, ...]:
        """What of the book it has changed, as it is now."""
        with self._lock:
            changed = [
                self._resolve(incident, event.at)
                for incident in list(self._open.values())
                if closes(event, incident.event)
            ]
            if begins(event):
                changed.append(self._begin(event))
            return tuple(changed)

    def _begin(self, event: Event) -> Incident:
        incident_key = incident_id(event.incident)
        known = self._open.get(incident_key)
        if known is None:
            found = Incident(
                id=incident_key, event=event, text=event.text, since=event.at, photo=event.photo
            )
        else:
            found = replace(
                known, text=event.text, repeats=known.repeats + 1, photo=event.photo or known.photo
            )
        self._open[incident_key] = found
        return found

    def _resolve(self, incident: Incident, at: float) -> Incident:
        del self._open[incident.id]
        done = replace(incident, resolved_at=at)
        self._resolved[incident.id] = done
        self._resolved.move_to_end(incident.id)
        while len(self._resolved) > MOST_RESOLVED:
            self._resolved.popitem(last=False)
        return done

    def _put(self, incident: Incident) -> None:
        book = self._open if incident.resolved_at is None else self._resolved
        book[incident.id] = incident

    def set_photo(self, event: Event) -> Incident | None:
        """``event`` has its picture now; the incident it belongs to, if there is one."""
        with self._lock:
            found = self._find(incident_id(event.incident))
            if found is None or event.ends:
                return None
            found = replace(found, photo=event.photo)
            self._put(found)
            return found

    def _find(self, incident_id: str) -> Incident | None:
        return self._open.get(incident_id) or self._resolved.get(incident_id)

    # -- for people --------------------------------------------------------------------------------

    def open(self) -> tuple[Incident, ...]:
        """Oldest first."""
        with self._lock:
            return tuple(sorted(self._open.values(), key=lambda one: one.since))

    def resolved(self, count: int = 100, before: float | None = None) -> tuple[Incident, ...]:
        """The newest end first; ``before``: epoch s, only ends before it."""
        with self._lock:
            ended = [
                one for one in self._resolved.values()
                if before is None or (one.resolved_at or 0.0) < before
            ]  # fmt: skip
        return tuple(sorted(ended, key=lambda one: -(one.resolved_at or 0.0))[:count])

    def get(self, incident_id: str) -> Incident:
        """Raises NotFound."""
        with self._lock:
            found = self._find(incident_id)
        if found is None:
            raise NotFound("There is no such alert; perhaps it is too old by now.")
        return found

    def ack(self, incident_id: str, by: str = "") -> Incident:
        """A person has seen it; the first one counts. Raises NotFound."""
        found = self.get(incident_id)
        if found.acked_at is not None or found.resolved_at is not None:
            return found
        self._log.ack(found.event.incident, by)
        with self._lock:
            known = self._find(incident_id) or found
            known = replace(known, acked_by=by, acked_at=self._clock.time())
            self._put(known)
            return known
