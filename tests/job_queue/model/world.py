"""One printer of metal around the real JobService and Dispatcher, and an observer who counts.

The observer knows the bed, every physical start and every end, and raises Broken the moment one of
the invariants is.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from core.errors import FarmError, PrinterOffline, PrinterRejected
from job_queue.job import Job, JobState
from printers.commands import StartPrint
from printers.status import JobProgress
from printers.status import PrinterState as P
from tests.job_queue.conftest import Farm
from tests.job_queue.model.metal import Broken, Crash, Metal, MetalPrinter

SILENT_S = 205.0
"""The slowest printer seen shows a start it has taken after 210 s (reliability 1.1, row 2)."""
STEP_S = 5.0
EVIDENCE_S, QUIET_S = 185.0, 305.0
SHORTEST_S = 185.0
"""A print of nothing much: heating, homing, one part of a gram."""
UNDO_S = 10.0
"""A little longer than the queue waits (timing.py)."""
MAY_RUN = {
    JobState.STARTING, JobState.PRINTING, JobState.PAUSED, JobState.NEEDS_HUMAN, JobState.FAILED,
    JobState.CANCELLED,
}  # fmt: skip
"""Of these a person knows or has been asked; of any other a print would be a surprise."""


class World:
    """A farm of one printer, Alder. ``fate`` and ``crash_in`` are the faults to come."""

    def __init__(self, farm: Farm, reached: Counter[str]) -> None:
        self.farm = farm
        self.reached = reached
        self.metal = Metal(reached)
        self.fate = "begins"
        self.crash_in = 0  # writes and effects from now on; 0 = never
        self.dead = False
        self.quick_watcher = True  # it has looked before the dispatcher passes
        self.broken: Broken | None = None
        self.added: list[str] = []
        self._lock = threading.Lock()
        farm.configs = farm.configs[:1]
        farm.boot()
        self._wire()
        farm.service.recover()
        self.report()

    @property
    def printer(self) -> MetalPrinter:
        adapter = self.farm.fleet.adapter("alder")
        assert isinstance(adapter, MetalPrinter)
        return adapter

    def _wire(self) -> None:
        printer, store = self.printer, self.farm.store
        printer.world, printer.metal, printer.files = self, self.metal, self.metal.files
        persist = store._persist
        self.dead = False

        def written(state: Any) -> None:
            self.alive()
            persist(state)
            self.effect()

        store._persist = written  # type: ignore[method-assign]

    # -- crashes -----------------------------------------------------------------------------------

    def alive(self) -> None:
        if self.dead:
            raise Crash

    def effect(self) -> None:
        """A write or an effect has just happened. Perhaps it was the last one."""
        with self._lock:
            if self.crash_in:
                self.crash_in -= 1
                if not self.crash_in:
                    self.dead = True
                    self.reached["crash"] += 1
        self.alive()

    def sent(self, command: StartPrint) -> None:
        """X2, and what becomes of it."""
        metal, now = self.metal, self.farm.clock.monotonic()
        if metal.reading:
            self.broken = Broken("a start was sent while the printer was reading another one")
        if self.fate == "unsent":
            raise PrinterOffline("Alder is offline. Nothing was sent.")
        if self.fate == "refused":
            raise PrinterRejected("Alder refused.")
        if self.fate == "late":
            metal.under_way.append(command)
        elif self.fate != "lost":
            try:  # in the attempt's thread, whose barrier would only log it
                metal.arrives(command, now, silent=self.fate.startswith("silent"))
            except Broken as broken:
                self.broken = broken

    def act(self, what: Callable[[], Any]) -> Any:
        """Something people or the farm do. Refusals are answers; after a crash, a restart."""
        answer = None
        try:
            answer = what()
        except FarmError as error:
            self.reached[error.error_code] += 1
        except Crash:
            pass
        self.farm.join()
        self.crash_in = 0
        if self.dead:
            self.restart()
        if self.broken:
            raise self.broken
        return answer

    def restart(self) -> None:
        self.crash_in, self.dead = 0, True
        self.farm.join()
        self.farm.service._watch.close()  # as a tick may have done just before
        self.farm.boot()
        self._wire()
        self.farm.service.recover()
        self.printer.sees()

    # -- the printer -------------------------------------------------------------------------------

    def report(self, crash_in: int = 0) -> None:
        """A report comes, and the watcher looks at it."""
        self.crash_in = crash_in
        self.act(lambda: (self.printer.sees(), self.farm.look()))

    def deliver(self) -> None:
        """The oldest start under way arrives at last."""
        if self.metal.under_way and self.metal.online:
            command = self.metal.under_way.pop(0)
            if self.metal.arrives(command, self.farm.clock.monotonic(), silent=False):
                self.reached["began late"] += 1

    def deliver_silently(self) -> None:
        if self.metal.under_way and self.metal.online:
            self.metal.arrives(
                self.metal.under_way.pop(0), self.farm.clock.monotonic(), silent=True
            )

    def wait(self, seconds: float) -> None:
        end = self.farm.clock.monotonic() + seconds
        while self.farm.clock.monotonic() < end:
            self.farm.clock.advance(STEP_S)
            reading = self.metal.reading
            if reading and self.farm.clock.monotonic() - reading[1] >= SILENT_S:
                self.metal.begin(reading[0])
                self.reached["began in silence"] += 1
            self.report()
            self.act(self.farm.service.tick)

    def foreign_begins(self) -> None:
        """Somebody at the screen, who has emptied the bed for it."""
        metal = self.metal
        if metal.running is None and metal.reading is None and not metal.part:
            metal.running, metal.part, metal.word = "theirs", True, P.PRINTING
            name = f"theirs_{self.farm.clock.monotonic():.0f}"
            metal.shown = JobProgress(name=name, file=f"{name}.gcode.3mf")
            self.reached["foreign"] += 1

    def unwatched_foreign_print(self, *, dead: bool) -> None:
        """From its beginning to its end while the farm is dead or the printer out of sight; where
        that can be, of the very file that the screen shows already."""
        metal, shown = self.metal, self.metal.shown
        if metal.running is not None or metal.reading is not None or metal.part:
            return
        metal.online = dead and metal.online
        self.report()
        self.foreign_begins()
        if shown.name and self.open_job() is None:  # else it may be the open job's own file
            metal.shown = shown
        self.farm.clock.advance(SHORTEST_S)
        metal.end(well=True)
        self.reached["foreign, unwatched"] += 1
        metal.online = True
        if dead:
            self.restart()
        self.report()

    def short_foreign_print(self) -> None:
        if self.metal.running is None and not self.metal.part:
            self.foreign_begins()
            self.metal.end(well=True)

    # -- people ------------------------------------------------------------------------------------

    def clear(self) -> None:
        """They see the machine, and take the part when it does not move."""
        if self.metal.running is not None:
            return
        self.metal.part = False
        was = self.farm.bed()[0]
        self.act(lambda: self.farm.service.mark_clear("alder"))
        self.metal.approval += not was and self.farm.bed()[0]
        self.wait(UNDO_S)

    def open_job(self) -> Job | None:
        return self.farm.store.view().open_jobs.get("alder")

    def answer(self, give_up: bool = False) -> None:
        """What a person says who stands before it."""
        job = self.open_job()
        if job is None or job.state is not JobState.NEEDS_HUMAN:
            return
        running = self.metal.running
        if isinstance(running, StartPrint) and running.token == job.token and not give_up:
            outcome = "printing"
        else:
            outcome = "give_up" if give_up or job.token in self.metal.begun else "not_started"
        if self.act(lambda: self.farm.service.resolve(job.id, outcome, job.rev)) is not None:
            self.reached[outcome] += 1

    def insists_it_did_not_start(self) -> None:
        """Says so, waits the quiet period out beside the printer, and says it again."""
        self.answer()
        self.wait(QUIET_S)
        self.answer()

    def add(self) -> str:
        job = self.act(lambda: self.farm.add())
        if job is not None:
            self.added.append(job.id)
            return str(job.id)
        return ""

    def settle(self) -> None:
        """All faults are over and everybody does their work: every job comes to its end."""
        metal, waiting = self.metal, list[Job]()
        metal.online, self.printer.refuse_delete, self.printer.cut_bytes = True, None, 0
        for _ in range(8 * len(self.added) + 4):
            self.deliver()
            if metal.running is not None:
                metal.end(well=True)
            self.wait(20)
            job = self.open_job()
            if job is not None:
                self.wait(EVIDENCE_S)
                self.insists_it_did_not_start()
            self.clear()
            waiting = [j for j in self.farm.service.jobs() if not j.state.has_ended]
            if not waiting:
                return
            for job in waiting:
                if job.state is JobState.HELD:
                    self.act(partial(self.farm.service.desk.release, job.id))
            self.dispatch()
        raise Broken(f"jobs that never end: {[(j.id, j.state.value) for j in waiting]}")

    def dispatch(self, fate: str = "begins", crash_in: int = 0) -> None:
        """One pass, on what the dispatcher knows; the watcher looks after it."""
        if self.quick_watcher:
            self.report()
        self.fate, self.crash_in = fate, crash_in
        self.act(lambda: (self.farm.dispatcher.once(), self.farm.join()))
        self.report()
        self.check()

    # -- the observer ------------------------------------------------------------------------------

    def check(self) -> None:
        view, metal = self.farm.store.view(), self.metal
        known: dict[int, Job] = {}
        for job in view.jobs.values():
            known.update({attempt.token: job for attempt in job.attempts} | {job.token: job})
            tokens = {job.token, *(attempt.token for attempt in job.attempts)} & set(metal.begun)
            if len(tokens) > 1:
                raise Broken("a job was printed twice")
            if job.state is JobState.FINISHED and job.token not in metal.finished:
                raise Broken("done, but never printed")
            for attempt in job.attempts:
                if attempt.outcome == "not_started" and attempt.token in metal.begun:
                    raise Broken("said not to have started, and printed")
        if not set(self.added) <= set(view.jobs) or not set(metal.begun) <= set(known):
            raise Broken("a job was lost")
        if isinstance(metal.running, StartPrint):
            job = known[metal.running.token]
            if job.token == metal.running.token and job.state not in MAY_RUN:
                raise Broken(f"printing, and its job says {job.state.value}")
        if metal.part and metal.online and self.farm.bed()[0]:
            raise Broken("a bed with a part is called clear")
