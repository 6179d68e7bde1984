"""One websocket message after the other, whatever is in it."""

from __future__ import annotations

import logging

from core.jsonio import loads
from printers.octoprint.reading import Reading, Unreadable

logger = logging.getLogger(__name__)


class Inbox:
    """Counts what it cannot read; nothing in a message can end the printer's thread."""

    def __init__(self, printer_id: str, reading: Reading) -> None:
        self._id = printer_id
        self._reading = reading
        self.received = 0
        self.dropped = 0
        self.last_drop = ""
        self.failures = 0
        self.reauth = False  # the server wants a new login

    def take(self, text: str) -> bool:
        """True when the message was a report of the printer's state."""
        self.received += 1
        try:
            message = loads(text)
            if not isinstance(message, dict):
                raise Unreadable("a message that is no object")
            return self._dispatch(message)
        except (ValueError, RecursionError) as error:
            self._drop(error)
        except Exception as error:
            self.failures += 1
            self._drop(error)
            if self.failures == 1:
                logger.exception("%s: message could not be handled", self._id)
        return False

    def _dispatch(self, message: dict[str, object]) -> bool:
        reported = False
        for key, value in message.items():
            if key in ("current", "history"):
                self._reading.frame(value, live=key == "current")
                reported = True
            elif key == "event":
                self._reading.event(value)
            elif key == "reauthRequired":
                self.reauth = True
        return reported

    def _drop(self, error: Exception) -> None:
        self.dropped += 1
        self.last_drop = f"{type(error).__name__}: {error}"[:200]
