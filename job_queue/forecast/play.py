"""Pure: when each waiting job starts and ends, on which printer, and when all is done.

The queue is played forward with the dispatcher's own rules (matching/ordering.py and match.py):
whenever a printer gets free, the first job in order that may go there does. Durations are spreads
(estimates.py); along a printer's lane they add up, so that the far future is less certain than
the next hour. Starts wait for the limits of heating (heat.py). Nothing fails, nobody changes the
queue: what people do tomorrow is not foreseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush
from math import inf

from job_queue.forecast.estimates import Spread
from job_queue.forecast.heat import course_of
from job_queue.forecast.line import Kind, Line
from job_queue.forecast.prediction import (
    Forecast,
    Lane,
    Moment,
    Outcome,
    Planned,
    PrinterNow,
    Scene,
    lateness,
    latest,
)
from job_queue.job import Job
from job_queue.matching import match
from job_queue.matching.match import Reason
from job_queue.matching.ordering import AGE_STEP_S, in_order

MOST_PLACED = 2_000
"""Copies that get a time; what is behind them is only counted ("beyond")."""
MOST_TOLD = 200
"""Jobs that are told why they never start; the others are only counted."""
MOST_SORTED = 500
"""The order is worked out anew so often at most; then the rest is "beyond"."""
FEW = 500
"""Up to so many waiting jobs the order is worked out every hour of what is to come. Beyond, the
order of now is kept, in which each job's age counts as much as in any later one to within a step
(ordering.AGE_STEP_S makes all of them more urgent by one); with deadlines, once for every step."""
TOGETHER_S = 1.0
"""Printers that get free within this time are one pass of the dispatcher."""
_BEHIND_UNKNOWN = Reason("unknown_time", "Waits behind a print whose duration nobody knows.")
_PASSING = frozenset({"being_read", "not_judged"})
"""Over in seconds: nothing that a person would have to do something about."""
_NOT_TOLD = Reason("waiting", "Waits like the jobs before it.")


def forecast(scene: Scene) -> Forecast:
    """The whole queue, or as far as MOST_PLACED copies go."""
    play = _Play(scene)
    play.run()
    return play.result()


class _Play:
    """The queue played forward once."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._printers = scene.printers
        self._candidates = [p.candidate for p in scene.printers]
        self._lanes: list[list[Planned]] = [[] for _ in scene.printers]
        self._ends: list[Moment | None] = [_end(p, scene.now) for p in scene.printers]
        self._ready: list[Moment | None] = [_ready(p, scene.now) for p in scene.printers]
        self._events = [(r.p50, i) for i, r in enumerate(self._ready) if r is not None]
        heapify(self._events)
        self._free: set[int] = set()
        self._idle: set[int] = set()  # free, and no job in the order of now is for them
        self._todo = 0  # copies
        self._left: dict[str, int] = {}  # of them, by job
        self._by_id: dict[str, Job] = {}
        self._barred: dict[str, Reason] = {}  # by job: what keeps it from every printer
        self._awake: list[Job] = []
        self._asleep: list[tuple[float, int, Job]] = []
        self._line = Line(list(self._candidates), scene.fits)
        self._sending: list[float] = []
        self._sorted_at = -inf
        self._sorts = self._placed = 0
        self._jobs: dict[str, list[Planned]] = {}
        self._cooled: set[int] = set()  # ready, and waiting for others to heat up
        self._heat = course_of(scene)
        for job in in_order(scene.jobs, scene.now):
            self._admit(job)
        heapify(self._asleep)
        few = len(self._left) <= FEW
        pressing = any(job.deadline is not None for job in self._by_id.values())
        self._step = AGE_STEP_S / 4 if few else AGE_STEP_S if pressing else inf
        self._arrange(self._awake, scene.now)

    def _admit(self, job: Job) -> None:
        now, auto = self._scene.now, self._scene.auto_assign
        reason = match.of_job(job, now, auto_assign=auto)
        until = job.not_before
        if reason is not None and until is not None and until > now:
            reason = match.of_job(job, until, auto_assign=auto)
        self._by_id[job.id] = job
        if reason is not None:
            self._barred[job.id] = reason
            return
        self._left[job.id] = job.left
        self._todo += job.left
        self._line.admit(job)
        if until is not None and until > now:
            self._asleep.append((until, len(self._asleep), job))
        else:
            self._awake.append(job)

    # -- time ----------------------------------------------------------------------------------

    def run(self) -> None:
        now = self._scene.now
        while self._todo and not self._is_far_enough():
            ready = self._events[0][0] if self._events else inf
            wakes = self._asleep[0][0] if self._asleep and (self._free or self._idle) else inf
            now = max(now, min(ready, wakes))
            if now == inf:
                return
            while self._events and self._events[0][0] <= now + TOGETHER_S:
                self._set_free(heappop(self._events)[1])
            self._look(now)

    def _is_far_enough(self) -> bool:
        return self._placed >= MOST_PLACED or self._sorts >= MOST_SORTED

    def _set_free(self, printer: int) -> None:
        ready = self._ready[printer]
        assert ready is not None  # noqa: S101 (only those are events)
        since = ready.p50 if self._lanes[printer] else None
        if since is not None:
            self._candidates[printer] = replace(self._candidates[printer], ready_since=since)
        self._free.add(printer)

    def _look(self, now: float) -> None:
        """One pass of the dispatcher."""
        woken = False
        while self._asleep and self._asleep[0][0] <= now:
            self._awake.append(heappop(self._asleep)[2])
            woken = True
        if woken or now - self._sorted_at >= self._step:
            self._sort(now)
        self._wait_for_heat(now)
        while self._free and self._placed < MOST_PLACED:
            fronts = {p: self._line.front(p) for p in self._free}
            first = min(fronts.values())
            if first == inf:
                self._set_aside()
                break
            self._place(int(first), now)
            self._wait_for_heat(now)

    def _set_aside(self) -> None:
        """Nothing is left for the printers that are free; only another order changes that. With
        limits of heating they go on to wait for their turn to heat."""
        if self._heat is None:
            self._idle |= self._free
            self._free.clear()

    def _wait_for_heat(self, now: float) -> None:
        """Printers that may not begin to heat now come again when that has changed."""
        if self._heat is None or not self._free:
            return
        names = {self._candidates[p].printer_id: p for p in self._free}
        for name, opens in self._heat.opens(names, now).items():
            if opens > now:
                self._free.discard(names[name])
                self._cooled.add(names[name])
                if opens < inf:
                    heappush(self._events, (opens, names[name]))

    def _sort(self, now: float) -> None:
        """The order as it is then."""
        self._arrange(in_order((job for job in self._awake if self._left[job.id]), now), now)

    def _arrange(self, order: list[Job], now: float) -> None:
        self._sorted_at, self._sorts = now, self._sorts + 1
        self._awake = list(order)
        self._line.arrange(order)
        self._free |= self._idle
        self._idle.clear()

    # -- who goes where ------------------------------------------------------------------------

    def _place(self, place: int, now: float) -> None:
        job, kind = self._line.at(place)
        able = [p for p in self._free if p in kind.meant and self._line.can(kind, p)]
        chosen = match.choose(job, [self._candidates[p] for p in able])
        printer = next(p for p in able if self._candidates[p] is chosen)
        self._free.discard(printer)
        self._left[job.id] -= 1
        self._todo -= 1
        if not self._left[job.id]:
            kind.drop_first()
        self._placed += 1
        self._plan(job, printer, now)

    def _plan(self, job: Job, printer: int, now: float) -> None:
        scene, model = self._scene, self._printers[printer].model
        ready = self._ready[printer]
        if ready is not None and printer in self._cooled:
            ready = replace(ready, mean=ready.mean + max(0.0, now - ready.p50))
        elif ready is None or now - ready.p50 > TOGETHER_S:
            ready = Moment(now)  # it stood idle until there was a job for it
        self._cooled.discard(printer)
        waits = self._queue_for_slot(now)
        start = ready.plus(Spread.exactly(waits)).plus(scene.figures.handover)
        length = scene.figures.duration(model, scene.slicer_of(job), job.seconds)
        end = None if length is None else start.plus(length)
        planned = Planned(
            job_id=job.id,
            copy=job.copies - self._left[job.id],
            printer_id=self._candidates[printer].printer_id,
            start=start.p50,
            start_p90=start.p90,
            end=None if end is None else end.p50,
            end_p90=None if end is None else end.p90,
        )
        self._lanes[printer].append(planned)
        self._jobs.setdefault(job.id, []).append(planned)
        self._ends[printer] = end or self._ends[printer]
        self._ready[printer] = None if end is None else end.plus(scene.figures.clear())
        if self._heat is not None:
            length_s = waits + scene.figures.handover.p50
            over = inf if end is None else end.p50
            self._heat.begin(self._candidates[printer].printer_id, now, length_s, over)
        again = self._ready[printer]
        if again is not None:
            heappush(self._events, (max(now, again.p50), printer))

    def _queue_for_slot(self, now: float) -> float:
        """How long the transfer waits for another one to end."""
        length = self._scene.figures.handover.p50
        if length <= 0:
            return 0.0
        while self._sending and self._sending[0] <= now:
            heappop(self._sending)
        begin = now
        if len(self._sending) >= max(1, self._scene.slots):
            begin = heappop(self._sending)
        heappush(self._sending, begin + length)
        return begin - now

    # -- the result ----------------------------------------------------------------------------

    def result(self) -> Forecast:
        planned = [item for lane in self._lanes for item in lane]
        never, pending, beyond = self._unplaced()
        running = [p.running for p in self._printers if p.running is not None]
        unknown = sum(item.end is None for item in planned) + sum(r.left is None for r in running)
        ends = [end for end in self._ends if end is not None]
        done = bool(ends) and not beyond and not pending
        return Forecast(
            at=self._scene.now,
            lanes=tuple(
                Lane(printer_id=p.candidate.printer_id, name=p.candidate.name, running=p.running,
                     out=p.out, planned=tuple(lane))
                for p, lane in zip(self._printers, self._lanes, strict=True)
            ),
            jobs={job_id: self._outcome(job_id, items) for job_id, items in self._jobs.items()},
            never=tuple(never[:MOST_TOLD]),
            never_count=len(never),
            pending=pending,
            beyond=beyond,
            unknown=unknown,
            all_done_at=latest(ends, 0.5) if done else None,
            all_done_p90=latest(ends, 0.9) if done else None,
        )  # fmt: skip

    def _outcome(self, job_id: str, items: Sequence[Planned]) -> Outcome:
        known = [item for item in items if item.end is not None]
        left = self._left[job_id]
        whole = not left and len(known) == len(items)
        end = max(item.end or 0.0 for item in known) if whole else None
        p90 = max(item.end_p90 or 0.0 for item in known) if whole else None
        deadline = self._by_id[job_id].deadline
        return Outcome(
            start=min(item.start for item in items),
            end=end,
            end_p90=p90,
            placed=len(items),
            left=len(items) + left,
            printers=tuple(dict.fromkeys(item.printer_id for item in items)),
            deadline=deadline,
            late=lateness(deadline, end, p90),
        )

    def _unplaced(self) -> tuple[list[tuple[str, Reason]], int, int]:
        """The jobs that nothing will start, in order; the copies that cannot be judged yet; those
        that nobody looked at."""
        stopped = self._is_far_enough()
        found: list[tuple[str, Reason]] = []
        told: dict[int, Reason] = {}
        pending = beyond = 0
        for job in self._by_id.values():
            if not self._left.get(job.id, 1):
                continue
            reason = self._barred.get(job.id)
            if reason is None:
                kind = self._line.kind_of(job)
                if stopped and any(kind.able.get(p, True) for p in kind.meant):
                    beyond += self._left[job.id]
                    continue
                if len(told) < MOST_TOLD and kind.number not in told:
                    told[kind.number] = self._why(job, kind)
                reason = told.get(kind.number, _NOT_TOLD)
            if reason.code in _PASSING:
                pending += self._left[job.id]
            else:
                found.append((job.id, reason))
        return found, pending, beyond

    def _why(self, job: Job, kind: Kind) -> Reason:
        able = [p for p in kind.meant if self._line.can(kind, p)]
        if any(self._lanes[p] and self._lanes[p][-1].end is None for p in able):
            return _BEHIND_UNKNOWN
        candidates = [p.candidate for p in self._printers]
        outlook = match.summary(job, candidates, self._scene.fits)
        code = outlook.why[0].code if outlook.why else "waiting"
        return Reason(code, outlook.text)


def _ready(printer: PrinterNow, now: float) -> Moment | None:
    return None if printer.free_in is None else Moment(now).plus(printer.free_in)


def _end(printer: PrinterNow, now: float) -> Moment | None:
    """Of what runs now."""
    running = printer.running
    return None if running is None or running.left is None else Moment(now).plus(running.left)
