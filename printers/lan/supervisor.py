"""Keeps one printer connected: attempt, wait, again. One thread per printer does all of it, so a
dead address, a bad message or a slow disk of one printer never holds up another.

The libraries' own reconnects are not used: one has been seen to stall for hours
(reliability-and-security 1.1 #22).
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

from core.config import PrinterConfig
from printers.lan import outage as words
from printers.lan.backoff import Backoff
from printers.lan.outage import Outage
from printers.status import PrinterState

logger = logging.getLogger(__name__)


class Handler(Protocol):
    """The adapter's part. All but ``interrupt`` are called in the printer's thread."""

    def attempt(self) -> Outage:
        """Connect and converse until the session ends; why it did."""
        ...

    def interrupt(self) -> None:
        """From any thread: break off what ``attempt`` is doing now."""
        ...

    def opening(self) -> None: ...
    def down(self, outage: Outage) -> None: ...
    def stopped(self) -> None: ...


class Supervisor:
    """Owns the printer's thread ("printer:<id>:<what>")."""

    def __init__(
        self, config: PrinterConfig, handler: Handler, backoff: Backoff, thread: str
    ) -> None:
        self._config = config
        self._handler = handler
        self.backoff = backoff
        self._name = f"printer:{config.id}:{thread}"
        self._stopped = threading.Event()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        self._failing = ""
        self._failing_since = 0.0
        self.attempts = 0

    @property
    def is_stopping(self) -> bool:
        return self._stopped.is_set()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Break off and wait for the thread."""
        self._stopped.set()
        self._break_off()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
            if thread.is_alive():
                logger.warning("%s: thread did not end in %.0f s", self._config.id, timeout)

    def restart(self) -> None:
        """Drop what there is and connect now."""
        self._break_off()

    def session_is_good(self) -> None:
        """The handler has its first full report: the outage, if there was one, is over."""
        if self._failing:
            seconds = time.monotonic() - self._failing_since
            logger.info("%s: back after %.0f s", self._config.id, seconds)
            self._failing = ""

    def _break_off(self) -> None:
        self._hurry.set()
        self._handler.interrupt()

    def _run(self) -> None:
        self._keep_connected()
        self._handler.stopped()

    def _keep_connected(self) -> None:
        while not self._stopped.is_set():
            outage = self._attempt()
            if self._stopped.is_set():
                return
            try:
                self._report(outage)
            except Exception:
                logger.exception("%s: telling of an outage failed", self._config.id)
            if outage.kind == "asked":
                self.backoff.reset()
            else:
                refused = outage.state in (PrinterState.AUTH, PrinterState.IDENTITY)
                self._hurry.wait(self.backoff.next(refused=refused))
            self._hurry.clear()

    def _attempt(self) -> Outage:
        self.attempts += 1
        try:
            self._handler.opening()
            return self._handler.attempt()
        except Exception:  # the printer's barrier: anything else would end the thread
            logger.exception("%s: connection attempt failed inside the farm", self._config.id)
            return words.internal(self._config.name)

    def _report(self, outage: Outage) -> None:
        if outage.kind not in (self._failing, "asked"):
            if not self._failing:
                self._failing_since = time.monotonic()
            self._failing = outage.kind
            where = self._config.url or self._config.host
            logger.warning("%s (%s): %s", self._config.id, where, outage.text.rstrip("."))
        self._handler.down(outage)
