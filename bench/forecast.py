"""How good the forecasts are, and what they cost.

``python -m bench.forecast [--days N]``. A made-up farm whose truth the forecast does not know:
slicers that are wrong by another share on every model, prints that scatter, people who clear beds
after very uneven times, printers that stand idle at night because nobody comes. The real order,
matching, learning, forecasting and scoring run on it in virtual time. Then the cost of one forecast
of a very long queue.
"""

from __future__ import annotations

import argparse
import logging
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from pathlib import Path
from statistics import median
from typing import cast

from bench.queue import FILES, RUNS, Queue, Shelf, measured
from bench.rows import Row
from core.config import DispatchConfig
from core.events import Bus
from job_queue.forecast.estimates import Figures, History, Spread
from job_queue.forecast.lanes import together
from job_queue.forecast.play import forecast
from job_queue.forecast.prediction import Forecast, PrinterNow, Running, Scene
from job_queue.forecast.scoring import Grade, Promises, Score, grades
from job_queue.forecaster import Forecaster
from job_queue.job import Job, JobState
from job_queue.matching.match import Candidate, Reason, assign
from job_queue.matching.ordering import in_order
from slicer.library import FileLibrary

AIM_MS = 300.0
HOUR = 3600.0
MODELS = {"P1S": (1.12, 0.06), "A1 mini": (0.97, 0.10), "MK4": (1.04, 0.15), "Voron": (1.30, 0.12)}
"""Real / estimated: the middle, and how far it scatters."""
CLEAR_S, CLEAR_SCATTER = 500.0, 0.9
JOBS_A_DAY = 100


def _all_fit(_job: Job, _printer: Candidate) -> Reason | None:
    return None


@dataclass(slots=True)
class Press:
    """A printer of the made-up farm."""

    candidate: Candidate
    model: str
    job: Job | None = None
    started_at: float = 0.0
    ends_at: float = 0.0
    ended_at: float = 0.0  # its bed waits since then


@dataclass(slots=True)
class World:
    """Virtual time, the truth, and what the farm has learned of it."""

    rng: random.Random
    now: float = 1_800_000_000.0
    presses: list[Press] = field(default_factory=list)
    waiting: dict[str, Job] = field(default_factory=dict)
    events: list[tuple[float, int, str]] = field(default_factory=list)
    history: History = field(default_factory=History)
    promises: Promises = field(default_factory=Promises)
    scores: list[Score] = field(default_factory=list)
    count: int = 0
    figures: Figures = field(default_factory=lambda: Figures(History(), 900.0))

    def add_printers(self, many: int) -> None:
        for n in range(many):
            model = list(MODELS)[n % len(MODELS)]
            candidate = Candidate(printer_id=f"p-{n}", name=f"P{n}")
            self.presses.append(Press(candidate, model))

    def add_jobs(self, many: int) -> None:
        for _ in range(many):
            self.count += 1
            seconds = int(self.rng.lognormvariate(8.6, 0.7))
            self.waiting[f"j-{self.count}"] = Job(
                id=f"j-{self.count}", state=JobState.QUEUED, from_queue=True, file_id="f",
                file_name="part", seconds=seconds, rank=float(self.count), waiting_since=self.now,
            )  # fmt: skip

    def run_until(self, end: float) -> None:
        self.dispatch()
        while self.events and self.events[0][0] <= end:
            self.now, number, what = heappop(self.events)
            self.finish(number) if what == "end" else self.clear(number)
            self.dispatch()
        self.now = end

    def dispatch(self) -> None:
        free = [p.candidate for p in self.presses if p.job is None and not p.ended_at]
        matches = assign(
            in_order(self.waiting.values(), self.now), free, _all_fit,
            slots=99, now=self.now, auto_assign=True,
        )  # fmt: skip
        for match in matches:
            number = int(match.printer_id[2:])
            press, job = self.presses[number], self.waiting.pop(match.job_id)
            middle, scatter = MODELS[press.model]
            real = (job.seconds or 0) * self.rng.lognormvariate(0, scatter) * middle
            press.job, press.started_at, press.ends_at = job, self.now, self.now + real
            heappush(self.events, (press.ends_at, number, "end"))
        if matches:
            self.promises.note(self.look(), ())

    def finish(self, number: int) -> None:
        press = self.presses[number]
        job = press.job
        assert job is not None
        self.scores += self.promises.settle(job.id, press.model, self.now)
        self.learn(
            self.history.with_print(press.model, "", job.seconds, self.now - press.started_at)
        )
        press.job, press.ended_at = None, self.now
        wait = self.rng.lognormvariate(0, CLEAR_SCATTER) * CLEAR_S
        heappush(self.events, (self.now + wait, number, "clear"))

    def clear(self, number: int) -> None:
        press = self.presses[number]
        self.learn(self.history.with_clear(self.now - press.ended_at))
        press.ended_at = 0.0
        press.candidate = replace(press.candidate, ready_since=self.now)

    def learn(self, history: History) -> None:
        self.history, self.figures = history, Figures(history, 900.0)

    def look(self) -> Forecast:
        """As lanes.of_farm does for real printers; these have no word of their own."""
        return forecast(
            Scene(now=self.now, printers=[self._as_is(p) for p in self.presses],
                  jobs=self.waiting.values(), figures=self.figures,
                  fits=_all_fit, slots=99)
        )  # fmt: skip

    def _as_is(self, press: Press) -> PrinterNow:
        clear = self.figures.clear()
        if press.job is not None:
            whole = self.figures.duration(press.model, "", press.job.seconds)
            left = (whole or Spread.exactly(HOUR)).less(self.now - press.started_at, 60.0)
            running = Running(job_id=press.job.id, left=left, began=True)
            return PrinterNow(candidate=press.candidate, model=press.model, running=running,
                              free_in=together(left, clear))  # fmt: skip
        free = Spread.exactly(0.0)
        if press.ended_at:
            free = self.figures.clear(self.now - press.ended_at)
        return PrinterNow(candidate=press.candidate, model=press.model, free_in=free)


def lived(days: int, printers: int = 30, seed: int = 1) -> World:
    """So many days: every morning work for the day, and what is foreseen for it."""
    world = World(random.Random(seed))
    world.add_printers(printers)
    for _ in range(days):
        world.add_jobs(JOBS_A_DAY)
        single = list(world.waiting)
        world.promises.note(world.look(), single)
        world.run_until(world.now + 24 * HOUR)
    return world


def quality(days: int) -> Iterator[str]:
    world = lived(days)
    fresh = [s for s in world.scores if s.made_at < 1_800_000_000.0 + 24 * HOUR]
    later = [s for s in world.scores if s.made_at >= 1_800_000_000.0 + 48 * HOUR]
    for when, scores in (("day 1, nothing learned", fresh), ("from day 3 on", later)):
        for grade in grades(scores):
            yield f"{when:<24} {_words(grade)}"


def _words(grade: Grade) -> str:
    kind = {"queued": "when queued", "started": "at the start"}[grade.kind]
    return (
        f"{kind:<13} n={grade.count:<5} within P90 {grade.within_p90:6.1%}   "
        f"before P50 {grade.early:6.1%}   median error {grade.error_s / 60:5.1f} min "
        f"({grade.share:.1%} of the time ahead)"
    )


def cost(jobs: int, printers: int) -> Iterator[Row]:
    """With real gates, records and reports: first (asks the gates, bounded in time), and later."""
    with tempfile.TemporaryDirectory() as folder:
        queue = Queue(Path(folder), jobs, printers)
        library = cast(FileLibrary, Shelf(FILES))
        seer = Forecaster(
            queue.jobs, queue.fleet, library, Bus(), queue.clock, DispatchConfig(), Path(folder)
        )
        queue.report(free=printers)
        first = measured(seer._make, 1)
        rest, makes = 0.0, 1
        while seer.partial:
            rest += sum(measured(lambda: seer.judge_rest(60.0), 1).processor)
            seer._make()
            makes += 1
        later = measured(seer._make)
        name = f"forecast, {jobs} jobs, {printers} printers"
        yield Row(f"{name}: first", first.wall[0], "ms", AIM_MS)
        yield Row("  of it processor time", first.processor[0], "ms")
        yield Row("  processor time of the rest of the gates' answers", rest, "ms")
        yield Row("  forecasts until all files are judged", makes, "")
        yield Row(f"{name}: later, median of {RUNS}", median(later.wall), "ms", AIM_MS)
        yield Row("  of it processor time", median(later.processor), "ms")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=6)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--printers", type=int, default=100)
    wanted = parser.parse_args(argv)
    logging.disable(logging.WARNING)
    print(f"30 printers of 4 models, {JOBS_A_DAY} jobs a day, {wanted.days} days")
    for line in quality(wanted.days):
        print(line)
    for row in cost(wanted.jobs, wanted.printers):
        print(row.text())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
