"""What becomes of the live messages of prints that a result has told of: a last edit.

The result is a message of its own. Without the edit the live one would say "95 % done" for ever.
"""

from __future__ import annotations

from collections.abc import Mapping

from alerts.ends import RESULTS
from alerts.model import Event, Level, Message


def ended_by(message: Message) -> Mapping[str, Event]:
    """Live key -> the result, of every print whose end this message tells."""
    return {
        f"{event.printer_id}|{event.run}": event
        for event in message.events
        if event.kind in RESULTS and event.run
    }


def last_words(message: Message, live: str, event: Event) -> Message:
    """For the live message of that print; nothing is sent where there is none."""
    return Message(
        id=f"{message.id}-rest",
        channel=message.channel,
        level=Level.INFO,
        title=event.printer,
        text=event.text,
        created_at=message.created_at,
        silent=True,
        live=live,
        rests=True,
        events=(event,),
    )
