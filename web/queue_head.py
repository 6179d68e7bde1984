"""The queue as a whole for pages: its revision, whether it runs by itself, and the order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.clock import Clock
from job_queue.matching.ordering import AGE_STEP_S, in_order

if TYPE_CHECKING:
    from job_queue.dispatcher import Dispatcher
    from job_queue.records import QueueState
    from job_queue.service import JobService

SHOWN = 500
"""So many jobs are in the order that pages get; what is behind them is behind them."""
_AGE_LOOK_S = AGE_STEP_S / 60


class QueueHead:
    """Used by one thread; the same object comes back until something changes."""

    def __init__(self, jobs: JobService, dispatcher: Dispatcher, clock: Clock) -> None:
        self._jobs = jobs
        self._dispatcher = dispatcher
        self._clock = clock
        self._of: QueueState | None = None
        self._order: list[str] = []
        self._ordered_at = 0.0
        self._head: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """{"rev", "auto", "why", "paused", "order": ids}."""
        view, now = self._jobs.view(), self._clock.time()
        if view is not self._of or abs(now - self._ordered_at) > _AGE_LOOK_S:
            order = in_order(view.jobs.values(), now)[:SHOWN]
            self._of, self._order, self._ordered_at = view, [job.id for job in order], now
        why = self._dispatcher.closed(view)
        head = {
            "rev": view.rev,
            "auto": why is None,
            "why": {"code": why.code, "text": why.text} if why else None,
            "paused": {"on": view.pause.on, "by": view.pause.by, "at": view.pause.at},
            "order": self._order,
        }
        if head != self._head:
            self._head = head
        return self._head
