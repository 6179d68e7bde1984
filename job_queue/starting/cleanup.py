"""Removes our files from printers once their job is over: a durable to-do, tried until done."""

from __future__ import annotations

import logging
import threading

from core.clock import Clock
from core.errors import FarmError, NotFound, PrinterTimeout
from job_queue.board import Board
from job_queue.records import Cleanup
from job_queue.timing import Timing
from printers.base import Printer
from printers.fleet import Fleet

logger = logging.getLogger(__name__)


def remove(adapter: Printer, remote_name: str, *, prove: bool) -> None:
    """Delete our file on a printer. ``prove``: and see that it is gone, whatever the reply said.

    Raises FarmError; NotFound never.
    """
    try:
        adapter.delete_remote(remote_name)
    except NotFound:
        logger.debug("%s: %s is gone already", adapter.config.id, remote_name)
    if prove and adapter.remote_size(remote_name) is not None:
        name = adapter.config.name
        raise PrinterTimeout(
            f"{name} still has the file after it was deleted. Try again in a minute."
        )


class Sweeper:
    """One removal at a time, in a thread of its own that lives as long as there is work."""

    def __init__(self, board: Board, fleet: Fleet, clock: Clock, timing: Timing) -> None:
        self._board = board
        self._fleet = fleet
        self._clock = clock
        self._timing = timing
        self._next_try: dict[tuple[str, str], float] = {}
        self._gone_at: dict[tuple[str, str], float] = {}  # monotonic, of files whose start may come
        self._thread: threading.Thread | None = None

    def due(self) -> list[Cleanup]:
        """What may be tried now: the printer at rest, free of our jobs, not tried just before."""
        view, now, mono = self._board.store.view(), self._clock.time(), self._clock.monotonic()
        return [
            item
            for item in view.cleanup
            # a clock that went back must not bar a printer for as long
            if (item.late_start or item.due_at <= now)
            and item.staged is None  # a claim may take it this very moment (staging.py)
            and item.printer_id not in view.open_jobs
            and self._next_try.get((item.printer_id, item.remote_name), 0.0) <= mono
            and self._is_at_rest(item.printer_id, mono)
        ]

    def _is_at_rest(self, printer_id: str, mono: float) -> bool:
        snapshot = self._board.registry.get(printer_id)
        if snapshot is None or snapshot.status.shown_only:
            return False
        return snapshot.status.state.is_at_rest and not snapshot.status.is_stale(mono)

    def kick(self) -> None:
        """Begin a round when there is one due and none is running."""
        if self._thread is not None and self._thread.is_alive():
            return
        items = self.due()
        if items:
            self._thread = threading.Thread(
                target=self._round, args=(items,), name="jobs:cleanup", daemon=True
            )
            self._thread.start()

    def join(self, timeout: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _round(self, items: list[Cleanup]) -> None:
        for item in items:
            try:
                self._remove(item)
            except Exception:
                logger.exception("%s: removing %s failed", item.printer_id, item.remote_name)

    def _remove(self, item: Cleanup) -> None:
        key = (item.printer_id, item.remote_name)
        self._next_try[key] = self._clock.monotonic() + self._timing.cleanup_every_s
        if item.printer_id in self._board.store.view().open_jobs:
            return  # claimed since the round began
        try:
            adapter = self._fleet.adapter(item.printer_id)
        except NotFound:
            return  # removed or misconfigured; kept until it is back
        try:
            remove(adapter, item.remote_name, prove=item.late_start)
        except FarmError as error:
            logger.info("%s: %s stays for now: %s", item.printer_id, item.remote_name, error)
            self._gone_at.pop(key, None)
            return
        if item.late_start and self._is_too_early(key):
            return
        with self._board.change() as tx:
            tx.drop_cleanup(item.printer_id, item.remote_name)
        self._next_try.pop(key, None)
        self._gone_at.pop(key, None)
        logger.info("%s: removed %s", item.printer_id, item.remote_name)

    def _is_too_early(self, key: tuple[str, str]) -> bool:
        """A start that the printer read just before its file went shows itself within the quiet
        period. So long the item stays and bars the printer; a restart waits anew."""
        mono = self._clock.monotonic()
        over = self._gone_at.setdefault(key, mono) + self._timing.quiet_s
        self._next_try[key] = over
        return mono < over
