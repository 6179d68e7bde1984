"""Printers that are muted: nothing of them is sent, the page goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alerts.ends import RESULTS
from alerts.log import AlertLog, Mute
from alerts.model import Event, Kind
from core.clock import Clock

_RUNS = frozenset(
    {
        Kind.STARTED, Kind.FILE_CHANGED, Kind.PROGRESS, Kind.PHOTO, Kind.PAUSED, Kind.FILAMENT_OUT,
        Kind.OFFLINE_PRINTING,
    }
)  # fmt: skip
"""What tells of a print that it runs."""


class Mutes:
    """Thread-safe; kept in the log."""

    def __init__(
        self, log: AlertLog, clock: Clock, run_of: Callable[[str], str] = lambda _: ""
    ) -> None:
        """``run_of``: which print runs on a printer, as events name it; "" = none."""
        self._log, self._clock, self._run_of = log, clock, run_of

    def mute(
        self, printer_id: str, until: float = 0.0, *, print_end: bool = False, by: str = ""
    ) -> Mute:
        """``until``: epoch s; 0 = until a person ends it, or the print, if that is wanted."""
        run = self._run_of(printer_id) if print_end else ""
        mute = Mute(printer_id, until, print_end, by, self._clock.time(), run)
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

    def heard(self, event: Event) -> None:
        """How the print ended is told again. An end that is no news (a person's own word, or a
        printer in maintenance) must not keep the next print silent."""
        mute = self._log.mutes().get(event.printer_id)
        if mute is None or not mute.print_end:
            return
        runs = event.kind in _RUNS and not event.ends and bool(event.run)
        if event.kind in RESULTS or (runs and bool(mute.run) and event.run != mute.run):
            self._log.unmute(event.printer_id)
