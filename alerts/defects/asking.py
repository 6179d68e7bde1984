"""Questions under way: each in a thread of its own, so that a provider that hangs holds up
nobody, and never more at once than the provider takes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from alerts.defects.eye import Sight
from alerts.defects.verdict import Provider, Trouble, Verdict
from core.clock import Clock

logger = logging.getLogger(__name__)

OVERTIME_S = 10.0
"""A question that lasts so much longer than its time-out is given up: heads that trickle in byte by
byte escape the libraries' own."""
_ENDLESS = "The provider does not finish its answers"
MOST_ABANDONED = 16
"""Threads that may wait for such answers; then no further question is asked."""
Spawn = Callable[[Callable[[], None], str], None]
"""Run this in a thread of that name."""


def in_thread(work: Callable[[], None], name: str) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a question. One of ``verdict`` and ``trouble`` is set."""

    number: int
    printer_id: str
    run: str
    sight: Sight
    verdict: Verdict | None = None
    trouble: Trouble | None = None


class _Slot:
    """One of the provider's places, given back once: by the question, or by who gives it up."""

    def __init__(self, slots: threading.Semaphore) -> None:
        self._slots: threading.Semaphore | None = slots
        self._lock = threading.Lock()

    def free(self) -> None:
        with self._lock:
            slots, self._slots = self._slots, None
        if slots is not None:
            slots.release()


@dataclass(frozen=True, slots=True)
class _Open:
    answer: Answer
    since: float  # monotonic s
    slot: _Slot


class Asking:
    """``ask``, ``take`` and ``overdue`` belong to one thread; ``now`` to all."""

    def __init__(
        self,
        provider: Provider,
        clock: Clock,
        timeout_s: float,
        deliver: Callable[[Answer], None],
        spawn: Spawn = in_thread,
    ) -> None:
        """``deliver`` is called from the question's thread."""
        self._provider, self._clock, self._deliver = provider, clock, deliver
        self._limit_s, self._spawn = timeout_s + OVERTIME_S, spawn
        self._slots = threading.BoundedSemaphore(provider.at_once)
        self._open: dict[int, _Open] = {}
        self._count = self._abandoned = 0

    @property
    def under_way(self) -> int:
        return len(self._open)

    def reserve(self) -> bool:
        """Whether one more may be asked now; each True needs its ``ask`` or ``release``.

        Answers that nobody has read count as under way: they may say that the provider is down.
        """
        if self._abandoned >= MOST_ABANDONED or len(self._open) >= self._provider.at_once:
            return False
        return self._slots.acquire(blocking=False)

    def release(self) -> None:
        self._slots.release()

    def ask(self, printer_id: str, run: str, sight: Sight, jpeg: bytes) -> None:
        self._count += 1
        blank = Answer(self._count, printer_id, run, sight)
        slot = _Slot(self._slots)
        self._open[self._count] = _Open(blank, self._clock.monotonic(), slot)

        def work() -> None:
            try:
                answer = self._ask(blank, jpeg)
            finally:
                slot.free()
            self._deliver(answer)

        self._spawn(work, f"defects:ask:{printer_id}")

    def _ask(self, blank: Answer, jpeg: bytes) -> Answer:
        verdict, trouble = self.attempt(jpeg)
        return Answer(blank.number, blank.printer_id, blank.run, blank.sight, verdict, trouble)

    def attempt(self, jpeg: bytes) -> tuple[Verdict | None, Trouble | None]:
        """Ask here and now. Never raises."""
        try:
            return self._provider.ask(jpeg), None
        except Trouble as trouble:
            return None, trouble
        except Exception:
            # The barrier of this thread: a library's surprise is no verdict and ends nothing.
            logger.exception("a question of the defect watch failed")
            return None, Trouble("refused", "The question failed; see the server's log")

    def now(self, jpeg: bytes, patience_s: float) -> tuple[Verdict | None, Trouble | None]:
        """Ask for a person who waits, when there is a free place within ``patience_s``. It hangs no
        longer than any other question."""
        if not self._slots.acquire(timeout=patience_s):
            return None, Trouble("busy", "The provider is busy with other pictures")
        slot, found = _Slot(self._slots), SimpleQueue[tuple[Verdict | None, Trouble | None]]()

        def work() -> None:
            try:
                found.put(self.attempt(jpeg))
            finally:
                slot.free()

        self._spawn(work, "defects:test")
        try:
            return found.get(timeout=self._limit_s)
        except Empty:
            slot.free()
            self._provider.abandon()
            return None, Trouble("timeout", _ENDLESS)

    def take(self, answer: Answer) -> bool:
        """False for the late answer of a question that was given up."""
        known = self._open.pop(answer.number, None) is not None
        self._abandoned -= not known
        return known

    def overdue(self) -> list[Answer]:
        """Those that are given up now; their connections are cut."""
        now = self._clock.monotonic()
        late = [one for one in self._open.values() if now - one.since > self._limit_s]
        if late:
            self._provider.abandon()
        trouble = Trouble("timeout", _ENDLESS)
        for one in late:
            del self._open[one.answer.number]
            one.slot.free()
        self._abandoned += len(late)
        return [
            Answer(a.number, a.printer_id, a.run, a.sight, None, trouble)
            for a in (one.answer for one in late)
        ]
