"""When the dispatcher passes: every interval_s by APScheduler, and whenever something changes."""

from __future__ import annotations

import logging
import threading
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from core.clock import Clock
from core.events import Bus, Key
from job_queue.board import FILE_TOPIC
from job_queue.board import TOPIC as JOB_TOPIC
from job_queue.dispatcher import Dispatcher, Pass
from job_queue.job import Job, JobState
from printers import safety
from printers.registry import TOPIC as PRINTER_TOPIC
from printers.registry import Snapshot

logger = logging.getLogger(__name__)

GAP_S = 0.25
"""Changes within this time are answered by one pass."""
LATE_S = 1.0
"""A timer this late has been put off: APScheduler goes by the wall clock, and that was set back."""


class Runner:
    """``start`` and ``stop`` once each. A dispatcher that is switched off still tells jobs why
    they wait."""

    def __init__(self, dispatcher: Dispatcher, bus: Bus, clock: Clock) -> None:
        self._dispatcher = dispatcher
        self._bus = bus
        self._clock = clock
        self._box = bus.subscribe(PRINTER_TOPIC, JOB_TOPIC, FILE_TOPIC)
        self._unfinished = False
        self._due = self._due_after(None)
        self._seen: dict[str, tuple[object, ...]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="jobs:dispatch", daemon=True)
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # two lines per pass otherwise
        self._scheduler = BackgroundScheduler(
            timezone="UTC", executors={"default": ThreadPoolExecutor(1)}, daemon=True
        )
        self._scheduler.add_job(
            self.once_guarded,
            "interval",
            seconds=dispatcher.config.interval_s,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def start(self) -> None:
        self._scheduler.start()
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """No pass begins after this; what has been sent goes on in its own threads."""
        self._stopping.set()
        self._bus.unsubscribe(self._box)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def once_guarded(self) -> Pass | None:
        """The barrier of both threads: a pass that fails is told in the log, the next one comes."""
        if self._stopping.is_set():
            return None
        try:
            done = self._dispatcher.once()
            self._unfinished, self._due = done.unfinished, self._due_after(done.again_in)
            return done
        except Exception:
            self._due = self._due_after(None)
            logger.exception("dispatch: a pass failed")
            return None

    def _due_after(self, again_in: float | None) -> float:
        """Monotonic s, when the next pass is due whatever the timer does."""
        late = self._dispatcher.config.interval_s + LATE_S
        return self._clock.monotonic() + (late if again_in is None else min(late, again_in))

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                left = max(0.0, self._due - self._clock.monotonic())
                slots = self._box.take(GAP_S if self._unfinished else left)
                news = [self._matters(key, value) for key, value in slots.items()]
                is_due = self._clock.monotonic() >= self._due
                if any(news) or self._unfinished or is_due:
                    self.once_guarded()
            except Exception:
                logger.exception("dispatch: a change could not be judged")
            self._stopping.wait(GAP_S)

    def _matters(self, key: Key, value: Any) -> bool:
        topic, name = key
        if topic == FILE_TOPIC:
            self._dispatcher.file_changed(name)
            return True
        if isinstance(value, Snapshot):
            return self._printer_matters(name, value)
        return not isinstance(value, Job) or self._job_matters(value)

    def _printer_matters(self, name: str, snapshot: Snapshot) -> bool:
        """Whether a start is now judged otherwise, or other filament is loaded."""
        status = snapshot.status
        gate = safety.gates(snapshot, self._clock.monotonic())["start"]
        facts = (gate, status.machine, status.nozzles, status.external, status.next_tray,
                 tuple(unit.trays for unit in status.ams))  # fmt: skip
        changed = self._seen.get(name) != facts
        self._seen[name] = facts
        return changed

    def _job_matters(self, job: Job) -> bool:
        """A percent of a transfer does not, nor what a pass itself told the job; what waits, ends,
        or frees a transfer's slot does."""
        state = job.state
        matters = state.is_waiting or state.has_ended or state is JobState.STARTING
        return matters and not self._dispatcher.has_seen(job)
