"""One task that moves all printers: their physics and their reports."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Sequence

from simulator.host import SimulatedHost

logger = logging.getLogger(__name__)

_GRAIN_S = 0.005
"""Printers due within this time are served in one wake-up."""


class PushLoop:
    """A timetable of printers; a hundred printers are one timer, not a hundred tasks."""

    def __init__(self, hosts: Sequence[SimulatedHost], tick_s: float) -> None:
        self._hosts = hosts
        self._tick_s = tick_s
        self._failed: set[str] = set()

    async def run(self) -> None:
        """Runs until cancelled."""
        loop = asyncio.get_running_loop()
        count = max(1, len(self._hosts))
        start = loop.time()
        timetable: list[tuple[float, int]] = []
        for index, host in enumerate(self._hosts):
            host.begin(start, index / count)
            timetable.append((start + self._tick_s * index / count, index))
        heapq.heapify(timetable)
        while timetable:
            await asyncio.sleep(max(_GRAIN_S, timetable[0][0] - loop.time()))
            now = loop.time()
            while timetable[0][0] <= now:
                _due, index = timetable[0]
                again = self._step(self._hosts[index], loop.time())
                heapq.heapreplace(timetable, (max(again, now + _GRAIN_S), index))
        await asyncio.Event().wait()

    def _step(self, host: SimulatedHost, now: float) -> float:
        try:
            again = host.step(now, self._tick_s)
        except Exception:  # the barrier: one broken printer must not stop the others
            if host.spec.id not in self._failed:
                self._failed.add(host.spec.id)
                logger.exception("%s: simulated printer failed", host.spec.id)
            return now + self._tick_s
        if host.spec.id in self._failed:
            self._failed.discard(host.spec.id)
            logger.info("%s: simulated printer works again", host.spec.id)
        return again
