"""Keeps the forecast up to date, learns from what happens, and scores itself by it.

One thread ("jobs:forecast") follows the events of jobs and files; ``current`` gives anybody the
newest forecast and works it out anew only when something has changed, at most every two seconds.
Nobody waits for one that is being made while there is an older one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import thread_time
from typing import Any

from core.clock import Clock
from core.config import DispatchConfig
from core.errors import NotFound
from core.events import Bus
from job_queue.board import FILE_TOPIC
from job_queue.board import TOPIC as JOB_TOPIC
from job_queue.forecast import lanes
from job_queue.forecast.estimates import Figures, History
from job_queue.forecast.judging import Judging
from job_queue.forecast.learned import Memory
from job_queue.forecast.play import forecast
from job_queue.forecast.prediction import Forecast, Scene
from job_queue.forecast.scoring import Grade, Promises, grades
from job_queue.job import Job, JobState
from job_queue.matching import candidates
from job_queue.matching.heating import loads_of
from job_queue.matching.match import Fits
from job_queue.matching.verdicts import FileVerdicts
from job_queue.records import BedRecord, QueueState
from job_queue.service import JobService
from printers.fleet import Fleet
from printers.registry import Snapshot
from slicer.library import FileLibrary

logger = logging.getLogger(__name__)

GAP_S = 2.0
"""Between two forecasts at least."""
REST, UNSEEN_REST = 20.0, 100.0
"""And so many times the processor time that the last one took; the second while nobody has asked
for one in the last SEEN_S."""
SEEN_S = 30.0
OLD_S = 30.0
"""A forecast is worked out anew when it is so old, even if only time has passed."""
JUDGE_S = 0.05
"""Processor time in which one forecast asks the gates about files."""
LEFT_S = 0.1
"""The same of one tick, which asks what the last forecast had no time for."""
_TICK_S = 1.0
_SLICERS_KEPT = 5_000


@dataclass(slots=True)
class _Watched:
    """A print that has been followed since its start."""

    paused_s: float = 0.0
    paused_since: float | None = None  # epoch s


class Forecaster:
    """Thread-safe; ``start`` and ``stop`` once each. Without ``start`` it forecasts all the same,
    but learns nothing."""

    def __init__(
        self,
        jobs: JobService,
        fleet: Fleet,
        library: FileLibrary,
        bus: Bus,
        clock: Clock,
        config: DispatchConfig,
        folder: Path,
        verdicts: FileVerdicts | None = None,
    ) -> None:
        """``verdicts``: the dispatcher's, so that the gates are asked once for both."""
        self._jobs, self._fleet, self._library = jobs, fleet, library
        self._bus, self._clock, self._config = bus, clock, config
        self._memory = Memory(folder)
        self._figures = Figures(self._memory.history, config.clear_s)
        self._verdicts = verdicts or FileVerdicts(jobs.fitting, library, clock)
        self._promises = Promises()
        self._watched: dict[int, _Watched] = {}  # by the attempt's token
        self._beds: dict[str, BedRecord] = {}
        self._slicers: dict[str, str] = {}
        self._up_since = clock.time()
        self._turn = threading.RLock()
        self._last: Forecast | None = None
        self._key: tuple[Any, ...] = ()
        self._made_at = self._asked_at = 0.0  # monotonic s
        self._cost_s = 0.0  # of the processor
        self._partial = False
        self._judging = Judging(self._verdicts.of(()))
        self._file_told = False  # since the last forecast
        self._box = bus.subscribe(JOB_TOPIC, FILE_TOPIC)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="jobs:forecast", daemon=True)

    # -- life ----------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._stopping.set()
        self._bus.unsubscribe(self._box)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                self.tick(self._box.take(0 if self._judging.unasked else _TICK_S))
            except Exception:
                logger.exception("forecast: a look at the queue failed")
            self._stopping.wait(_TICK_S / 4)

    def tick(self, slots: dict[tuple[str, str], Any]) -> None:
        """What one second brings: events to learn from, beds that were cleared, a new forecast."""
        with self._turn:
            for (topic, name), value in slots.items():
                if topic == FILE_TOPIC:
                    self._verdicts.forget_file(name)
                    self._slicers.pop(name, None)
                    self._file_told = True
                elif value is None:
                    self._promises.forget(name)
                else:
                    self.learn(value)
            self._learn_beds(self._jobs.view())
            self._newest()
        self.judge_rest(LEFT_S)

    def judge_rest(self, seconds: float) -> None:
        """For so much processor time: ask what the last forecast had no time to ask."""
        self._judging.ask_for(seconds)

    # -- reading -------------------------------------------------------------------------------

    @property
    def last(self) -> Forecast | None:
        """The newest one there is, without any work."""
        return self._last

    @property
    def partial(self) -> bool:
        """Some files have not been judged yet for some printers; the next one knows more."""
        return self._partial

    @property
    def clear_s(self) -> float:
        """What a person is believed to need to clear a bed, as far as has been learned."""
        return self._figures.clear().p50

    def grades(self) -> tuple[Grade, ...]:
        return grades(self._memory.scores)

    def current(self) -> Forecast:
        """The forecast as of now, a little old at most."""
        self._asked_at = self._clock.monotonic()
        last = self._last
        if not self._turn.acquire(blocking=last is None):
            assert last is not None  # noqa: S101 (else it was waited for)
            return last
        try:
            return self._newest()
        finally:
            self._turn.release()

    def _newest(self) -> Forecast:
        if self._last is None or self._is_due(self._last):
            return self._make()
        return self._last

    def _is_due(self, last: Forecast) -> bool:
        mono = self._clock.monotonic()
        age = mono - self._made_at
        rest = REST if mono - self._asked_at < SEEN_S else UNSEEN_REST
        if age < min(OLD_S, rest * self._cost_s):
            return False
        if self._file_told and last.pending:  # it may be what that one waited for
            return True
        if age < GAP_S:
            return False
        if self._partial or self._file_told or age >= OLD_S:
            return True
        return self._key != _key(self._jobs.view(), self._fleet.snapshots())

    def _make(self) -> Forecast:
        began, spent, self._file_told = self._clock.monotonic(), thread_time(), False
        view, snapshots = self._jobs.view(), self._fleet.snapshots()
        judging = Judging(self._verdicts.of(snapshots))
        made = forecast(self._scene(view, snapshots, judging.fits(JUDGE_S)))
        self._last, self._made_at, self._key = made, began, _key(view, snapshots)
        self._judging, self._partial = judging, bool(judging.unasked)
        if not self._partial:
            self._promises.note(made, (j.id for j in view.jobs.values() if _is_one_print(j)))
        self._cost_s = thread_time() - spent
        return made

    def _scene(self, view: QueueState, snapshots: list[Snapshot], fits: Fits) -> Scene:
        now, mono = self._clock.time(), self._clock.monotonic()
        configs, figures = self._fleet.configs, self._figures
        known = candidates.of_farm(snapshots, configs, view, now, mono)
        limits = self._config.heating
        loads = loads_of(snapshots, configs, view.open_jobs, now, mono) if limits.limits else {}
        printers = lanes.of_farm(snapshots, known, configs, view, figures, now, self._slicer_of)
        return Scene(
            now=now,
            printers=[lanes.on_circuit(p, limits, loads) for p in printers],
            jobs=view.jobs.values(),
            figures=figures,
            fits=fits,
            slots=self._config.max_uploads,
            auto_assign=self._config.auto_assign,
            slicer_of=self._slicer_of,
            heating=limits,
            loads=loads,
        )

    def _slicer_of(self, job: Job) -> str:
        known = self._slicers.get(job.file_id)
        if known is None:
            if len(self._slicers) >= _SLICERS_KEPT:
                self._slicers.clear()
            try:
                known = self._library.get(job.file_id).file.slicer
            except NotFound:
                known = ""
            self._slicers[job.file_id] = known
        return known

    # -- learning ------------------------------------------------------------------------------

    def learn(self, job: Job) -> None:
        """From a job's newest state. Failed prints, pauses, and prints whose start this run of
        the farm has not seen teach nothing about durations."""
        state, now = job.state, self._clock.time()
        if state is JobState.FINISHED:
            self._ended_well(job)
        elif state.has_ended or state is JobState.NEEDS_HUMAN:
            self._watched.pop(job.token, None)
            self._promises.forget(job.id)
        elif state in (JobState.STARTING, JobState.PRINTING, JobState.PAUSED):
            seen = self._watched.get(job.token) or self._begin(job)
            if seen is None:
                return
            if state is JobState.PAUSED:
                seen.paused_since = seen.paused_since or now
            elif seen.paused_since is not None:
                seen.paused_s += max(0.0, now - seen.paused_since)
                seen.paused_since = None

    def _begin(self, job: Job) -> _Watched | None:
        """None: it was started before anybody here could see it."""
        if job.started_at is None or job.started_at < self._up_since:
            return None
        if job.claimed_at is not None:
            self._remember(self._memory.history.with_handover(job.started_at - job.claimed_at))
        self._watched[job.token] = seen = _Watched()
        return seen

    def _ended_well(self, job: Job) -> None:
        seen = self._watched.pop(job.token, None)
        if job.finished_at is None or job.started_at is None:
            return
        try:
            snapshot = self._fleet.snapshot(job.printer_id)
        except NotFound:  # taken out of the configuration; a person said how the print ended
            self._promises.forget(job.id)
            return
        model = lanes.model_of(snapshot.status, self._fleet.configs.get(job.printer_id))
        self._memory.add_scores(self._promises.settle(job.id, model, job.finished_at))
        if seen is not None and seen.paused_since is None:
            real = job.finished_at - job.started_at - seen.paused_s
            slicer = self._slicer_of(job)
            self._remember(self._memory.history.with_print(model, slicer, job.seconds, real))

    def _learn_beds(self, view: QueueState) -> None:
        history = self._memory.history
        for printer_id, record in view.printers.items():
            before, bed = self._beds.get(printer_id), record.bed
            if bed is None or bed is before:
                continue
            self._beds[printer_id] = bed
            if before is not None and _was_cleared(before, bed):
                history = history.with_clear(bed.since - before.since)
        self._remember(history)

    def _remember(self, history: History) -> None:
        if history is not self._memory.history:
            self._memory.keep_history(history)
            self._figures = Figures(history, self._config.clear_s)


def _was_cleared(before: BedRecord, bed: BedRecord) -> bool:
    """A person took away the part of a print whose end was seen."""
    return bed.clear and not before.clear and not before.active and bool(before.result)


def _is_one_print(job: Job) -> bool:
    return job.state.is_waiting and job.left == 1


def _key(view: QueueState, snapshots: Iterable[Snapshot]) -> tuple[Any, ...]:
    """What a forecast depends on, besides the time."""
    return (
        view.rev,
        tuple(
            (s.status.state, s.status.job.remaining_min if s.status.job else None, s.conditions)
            for s in snapshots
        ),
    )
