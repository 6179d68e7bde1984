"""Events on their way to the broker: each at least once, none of them old, never retained.

Home Assistant ignores retained events (alerts 4), so one that waits for the broker to come back is
kept here for a while, until the broker has acknowledged it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from alerts.model import Event
from core.jsonio import dumps
from mqtt_out.bands import iso

Send = Callable[[str, bytes], int]
"""(printer_id, payload) -> the message's number, 0 = not now."""

OLD_S = 600.0
"""What could not be told for so long is history, not an event."""
WAITING = 500


def body(event: Event) -> dict[str, Any]:
    """As published. ``id`` is the same for the same event for ever."""
    return {
        **event.facts,
        "event_type": f"{event.kind}_over" if event.ends else event.kind.value,
        "id": event.identity,
        "at": iso(event.at),
        "level": event.urgency.value,
        "text": event.text,
        "printer_id": event.printer_id or None,
        "printer": event.printer or None,
        "run": event.run or None,
        "key": event.key or None,
    }


class Outgoing:
    """Used by the publisher's thread."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Event] = OrderedDict()
        self._sent: dict[int, str] = {}
        self.dropped = 0

    def add(self, event: Event) -> None:
        self._waiting[event.identity] = event
        while len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)
            self.dropped += 1

    def begin_session(self) -> None:
        """What was not acknowledged is sent again."""
        self._sent.clear()

    def send(self, send: Send, now: float) -> None:
        """``now``: epoch s."""
        under_way = set(self._sent.values())
        for identity, event in list(self._waiting.items()):
            if now - event.at > OLD_S:
                del self._waiting[identity]
                self.dropped += 1
            elif identity not in under_way:
                number = send(event.printer_id, dumps(body(event)))
                if not number:
                    return
                self._sent[number] = identity

    def delivered(self, number: int) -> None:
        identity = self._sent.pop(number, None)
        if identity is not None:
            self._waiting.pop(identity, None)

    def __len__(self) -> int:
        return len(self._waiting)
