"""Printers that are muted: nothing of them is sent, the page goes on."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.log import AlertLog, Mute
from core.clock import Clock


class Mutes:
    """Thread-safe; kept in the log."""

    def __init__(self, log: AlertLog, clock: Clock) -> None:
        self._log, self._clock = log, clock

    def mute(
        self, printer_id: str, until: float = 0.0, *, print_end: bool = False, by: str = ""
    ) -> Mute:
        """``until``: epoch s; 0 = until a person ends it, or the print, if that is wanted."""
        mute = Mute(printer_id, until, print_end, by, self._clock.time())
        self._log.mute(mute)
        return mute

    def unmute(self, printer_id: str) -> None:
        self._log.unmute(printer_id)

    def muted(self) -> Mapping[str, Mute]:
        """Those in force, by printer."""
        now = self._clock.time()
        return {
            printer_id: mute
            for printer_id, mute in self._log.mutes().items()
            if not mute.until or now < mute.until
        }

    def is_muted(self, printer_id: str) -> bool:
        return bool(printer_id) and printer_id in self.muted()

    def print_ended(self, printer_id: str) -> None:
        """How it ended is told again."""
        mute = self._log.mutes().get(printer_id)
        if mute is not None and mute.print_end:
            self._log.unmute(printer_id)
