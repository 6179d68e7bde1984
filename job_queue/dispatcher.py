"""Moves jobs from the queue onto printers. ``once`` is all there is: the timer, the button and the
tests call the same one.

A pass reads the durable records and the newest reports, asks matching/match.py who may go where,
and claims. What it starts runs in threads of its own (starting/start.py); it waits for no printer.
It never decides about a start that may have happened: that is the watcher's and people's.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.clock import Clock
from core.config import DispatchConfig
from core.errors import FarmError
from job_queue.job import Job
from job_queue.matching import advice, candidates, ordering
from job_queue.matching.advice import Advice
from job_queue.matching.heating import Heat, loads_of
from job_queue.matching.match import (
    Candidate,
    Match,
    Outlook,
    Reason,
    assign,
    class_of,
    explain,
    is_still,
    of_job,
    summary,
)
from job_queue.matching.verdicts import Answer, Asking, FileVerdicts
from job_queue.records import QueueState
from job_queue.sending_ahead import SendingAhead
from job_queue.service import JobService
from printers.fleet import Fleet
from printers.registry import Snapshot
from slicer.gates.filament_wishes import Need
from slicer.library import FileLibrary

logger = logging.getLogger(__name__)

TOLD = 200
"""So many jobs at the head of the queue are told why they wait; the others wait behind these."""
TELL_S = 0.05
"""So long a pass asks the gates only to explain; what is left over comes with the next pass."""
ADVISE_S = 0.25
"""So long an advice asks the gates; the next one goes on from there."""
_NOT_JUDGED = Reason("not_judged", "Its file has not been looked at yet for this printer.")
_BEHIND = Outlook("Waits for the jobs before it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass did."""

    at: float = 0.0  # epoch s
    took_s: float = 0.0
    sent: tuple[Match, ...] = ()
    refused: tuple[tuple[Match, Reason], ...] = ()
    why: Reason | None = None  # nothing may be sent at all
    unfinished: bool = False  # not every waiting job has been told yet why it waits
    again_in: float | None = None  # s; then a printer opens by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The farm as the queue sees it now, for people."""

    last: Pass
    uploads: int
    why: Reason | None
    printers: tuple[Candidate, ...]
    jobs: tuple[tuple[Job, tuple[Reason, ...]], ...]


@dataclass(slots=True)
class _Scene:
    """Everything one pass looks at, read once."""

    view: QueueState
    now: float
    snapshots: Mapping[str, Snapshot]
    gates: Asking
    printers: list[Candidate]
    waiting: list[Job]
    heat: Heat | None = None
    judge_until: float = 0.0  # monotonic s; then the gates are asked nothing new to explain
    all_judged: bool = True  # since the last explanation began
    last: dict[str, Job] | None = None  # by printer: what was started there last
    summaries: dict[object, Outlook] = field(default_factory=dict)


class Dispatcher:
    """Thread-safe; passes follow each other, never two at once. Who only looks waits for no
    pass, and keeps none waiting."""

    def __init__(
        self,
        jobs: JobService,
        fleet: Fleet,
        library: FileLibrary,
        clock: Clock,
        config: DispatchConfig | None = None,
    ) -> None:
        self._jobs = jobs
        self._fleet = fleet
        self._clock = clock
        self.config = config or DispatchConfig()
        self.verdicts = FileVerdicts(jobs.fitting, library, clock)
        self._ahead = SendingAhead(jobs, fleet, clock)
        self._turn = threading.Lock()
        self._last = Pass()
        self._advised: Advice | None = None
        self._looked_at: Mapping[str, Job] = {}

    # -- acting --------------------------------------------------------------------------------

    def once(self) -> Pass:
        """One pass: send what may be sent now, and tell every waiting job why it waits."""
        with self._turn:
            began = self._clock.monotonic()
            view = self._jobs.view()
            if not any(job.state.is_waiting for job in view.jobs.values()):
                self._jobs.show_outlook({})
                self._ahead.hold(view, self.config)
                self._last = Pass(at=self._clock.time(), why=self.closed(view))
                self._looked_at = view.jobs
                return self._last
            scene = self._look()
            why = self.closed(scene.view)
            sent, refused = [], []
            for match in [] if why else self._assign(scene):
                reason = self._send(scene, match)
                if reason is None:
                    sent.append(match)
                else:
                    refused.append((match, reason))
            self._last = Pass(at=scene.now, sent=tuple(sent), refused=tuple(refused), why=why)
            if sent or refused:
                scene = self._look()
            self._send_ahead(scene, why)
            all_told = self._tell(scene, why)
            # what those that were refused are told brings another try
            self._looked_at = {} if refused else view.jobs
            took = self._clock.monotonic() - began
            opens = [p.opens_in for p in scene.printers if p.opens_in is not None]
            self._last = replace(
                self._last, took_s=took, unfinished=not all_told, again_in=min(opens, default=None)
            )
            return self._last

    def file_changed(self, file_id: str) -> None:
        """Its moves have been read, or it is gone: ask the gates anew."""
        self.verdicts.forget_file(file_id)

    def has_seen(self, job: Job) -> bool:
        """A pass has looked at this very record: at most, it was only told why it waits since."""
        return self._looked_at.get(job.id) is job

    def _assign(self, scene: _Scene) -> list[Match]:
        return assign(
            scene.waiting,
            scene.printers,
            lambda job, printer: self._fits(scene, job, printer),
            slots=self.config.max_uploads - candidates.in_transfer(scene.view),
            now=scene.now,
            auto_assign=self.config.auto_assign,
            gate=scene.heat,
            changes=lambda job, printer: self._changes(scene, job, printer),
            equals=lambda job: ordering.equals(job, scene.now),
        )

    def _send_ahead(self, scene: _Scene, why: Reason | None) -> None:
        if why is not None:
            self._ahead.hold(scene.view, self.config)
            return
        slots = self.config.max_uploads - candidates.in_transfer(scene.view)
        self._ahead.send(
            scene,
            lambda job, printer: self._fits(scene, job, printer),
            lambda job, printer: self._changes(scene, job, printer),
            self.config,
            slots,
        )

    def _send(self, scene: _Scene, match: Match) -> Reason | None:
        """Claim and begin. Somebody may have been faster: then the reason, and nothing happened."""
        try:
            job = self._jobs.job(match.job_id)
            if not is_still(scene.view.jobs[job.id], job):
                return Reason("stale", f"{job.file_name} has just been changed.", match.printer_id)
            job = self._jobs.start_queued(job, match.printer_id)
        except FarmError as error:
            logger.info("%s: %s not sent: %s", match.printer_id, match.job_id, error.message)
            self.verdicts.forget_printer(match.printer_id)
            return Reason(error.error_code, error.message, match.printer_id)
        logger.info("%s: takes %s, %s", match.printer_id, job.id, job.file_name)
        return None

    # -- seeing --------------------------------------------------------------------------------

    def _look(self) -> _Scene:
        view, now, mono = self._jobs.view(), self._clock.time(), self._clock.monotonic()
        snapshots, configs = self._fleet.snapshots(), self._fleet.configs
        revocable = self._jobs.revocable_beds()
        printers = candidates.of_farm(snapshots, configs, view, now, mono, revocable)
        heat = None
        if self.config.heating.limits:
            loads = loads_of(snapshots, configs, view.open_jobs, now, mono)
            heat = Heat(self.config.heating, loads)
        return _Scene(
            view=view,
            now=now,
            snapshots={snapshot.status.printer_id: snapshot for snapshot in snapshots},
            gates=self.verdicts.of(snapshots),
            printers=printers,
            waiting=ordering.in_order(view.jobs.values(), now),
            heat=heat,
        )

    def _fits(self, scene: _Scene, job: Job, printer: Candidate) -> Reason | None:
        return scene.gates.answer(job, printer.printer_id).reason

    def _changes(self, scene: _Scene, job: Job, printer: Candidate) -> bool:
        """Whether another filament than the wanted is loaded there. Where the printer cannot tell,
        the last print of the farm says what probably is."""
        answer = scene.gates.answer(job, printer.printer_id)
        if not answer.blind:
            return answer.other
        if scene.last is None:
            scene.last = candidates.last_started(scene.view)
        last = scene.last.get(printer.printer_id)
        return last is None or self.verdicts.spools(last) != self.verdicts.spools(job)

    def _judged(self, scene: _Scene, job: Job, printer: Candidate) -> Answer | None:
        """To explain something. None: there is no time left to ask what nobody has asked yet."""
        late = self._clock.monotonic() > scene.judge_until
        ask = scene.gates.known if late else scene.gates.answer
        answer = ask(job, printer.printer_id)
        if answer is None:
            scene.all_judged = False
        return answer

    def _against(self, scene: _Scene, job: Job, printer: Candidate) -> Reason | None:
        answer = self._judged(scene, job, printer)
        return _NOT_JUDGED if answer is None else answer.reason

    def _missing(
        self, scene: _Scene, job: Job, printer: Candidate
    ) -> tuple[Reason | None, tuple[Need, ...]]:
        answer = self._judged(scene, job, printer)
        if answer is None:
            return _NOT_JUDGED, ()
        return answer.reason, self.verdicts.needs(job, answer)

    def closed(self, view: QueueState) -> Reason | None:
        """Why nothing at all is sent."""
        if trouble := view.trouble or self._jobs.trouble:
            return Reason("store_trouble", trouble)
        if not self.config.enabled:
            return Reason("disabled", "The dispatcher is switched off in config.json.")
        if view.pause.on:
            by = f" by {view.pause.by}" if view.pause.by else ""
            return Reason("paused", f"The queue is paused{by}.")
        return None

    # -- telling -------------------------------------------------------------------------------

    def explain(self, job: Job) -> list[Reason]:
        """Everything that keeps this waiting job back, printer by printer."""
        if not job.state.is_waiting:
            return []
        return self._explain(self._look(), job)

    def standing(self) -> Standing:
        """For the status page: every printer and every waiting job with its reasons."""
        scene = self._look()
        jobs = [(job, tuple(self._explain(scene, job))) for job in scene.waiting[:TOLD]]
        return Standing(
            last=self._last,
            uploads=candidates.in_transfer(scene.view),
            why=self.closed(scene.view),
            printers=tuple(scene.printers),
            jobs=tuple(jobs),
        )

    def advice(self) -> Advice | None:
        """The one action of a person that would let the most work go on. While the gates have not
        been asked about everything, what was last found."""
        scene = self._look()
        scene.judge_until = self._clock.monotonic() + ADVISE_S
        found = self._advice(scene)
        if scene.all_judged:
            self._advised = found
        return self._advised

    def after_clearing(self) -> dict[str, Job]:
        """By printer whose bed waits for a person: the job that would start there once it is
        marked clear, as far as can be told without asking the gates anything new."""
        scene = self._look()
        if self.closed(scene.view) is not None:
            return {}
        beds = [p for p in scene.printers if p.closed and p.closed.code == "bed_not_clear"]
        jobs = {job.id: job for job in scene.waiting[:TOLD]}
        found = {p.printer_id: self._next_on(scene, jobs, p) for p in beds}
        return {name: job for name, job in found.items() if job is not None}

    def _next_on(self, scene: _Scene, jobs: dict[str, Job], printer: Candidate) -> Job | None:
        matches = assign(
            jobs.values(),
            [*scene.printers, replace(printer, closed=None, ready_since=scene.now)],
            lambda job, other: self._against(scene, job, other),
            slots=len(scene.printers),
            now=scene.now,
            auto_assign=self.config.auto_assign,
            gate=None if scene.heat is None else scene.heat.copy(),
        )
        return next((jobs[m.job_id] for m in matches if m.printer_id == printer.printer_id), None)

    def _advice(self, scene: _Scene) -> Advice | None:
        closed, auto = self.closed(scene.view), self.config.auto_assign
        if closed is not None:
            if closed.code != "paused":
                return None
            return advice.resume(scene.waiting, now=scene.now, auto_assign=auto)
        return advice.best(
            scene.waiting,
            scene.printers,
            lambda job, printer: self._missing(scene, job, printer),
            now=scene.now,
            auto_assign=auto,
        )

    def _explain(self, scene: _Scene, job: Job) -> list[Reason]:
        closed = self.closed(scene.view)
        reasons = explain(
            job,
            scene.printers,
            lambda job, printer: self._fits(scene, job, printer),
            now=scene.now,
            auto_assign=self.config.auto_assign,
            full=self._full(scene.view),
            gate=scene.heat,
        )
        failed = self._refused(job)
        return [reason for reason in (closed, failed) if reason is not None] + reasons

    def _refused(self, job: Job) -> Reason | None:
        """Matching said yes, and then the claim was refused (the disk, somebody faster)."""
        refused = self._last.refused
        return next((why for match, why in refused if match.job_id == job.id), None)

    def _full(self, view: QueueState) -> Reason | None:
        most = self.config.max_uploads
        if candidates.in_transfer(view) < most:
            return None
        text = f"{most} files are being sent already, as many as the farm sends at once."
        return Reason("upload_slots", text)

    def _tell(self, scene: _Scene, why: Reason | None) -> bool:
        """True when there was time for all of the head of the queue."""
        until = self._clock.monotonic() + TELL_S
        told = {job.id: self._outlook(scene, job, why, until) for job in scene.waiting[:TOLD]}
        late = [job_id for job_id, outlook in told.items() if outlook is None]
        known = {job_id: out or self._jobs.outlook(job_id) for job_id, out in told.items()}
        known.update((job.id, _BEHIND) for job in scene.waiting[TOLD:])
        for item in self._jobs.staged():
            if item.staged is not None and item.staged.ready and item.staged.job_id in known:
                said = known[item.staged.job_id]
                known[item.staged.job_id] = replace(said, staged_on=item.printer_id)
        self._jobs.show_outlook(known)
        return not late

    def _outlook(self, scene: _Scene, job: Job, why: Reason | None, until: float) -> Outlook | None:
        """None: there is no time left to ask what has not been asked before."""
        own = of_job(job, scene.now, auto_assign=self.config.auto_assign)
        first = own or why or self._refused(job)
        if first is not None:
            return Outlook(first.text, (first,))
        kind = class_of(job)
        found = scene.summaries.get(kind)
        if found is None:
            scene.judge_until, scene.all_judged = until, True
            said = summary(job, scene.printers, lambda j, p: self._against(scene, j, p), scene.heat)
            if scene.all_judged:
                found = scene.summaries[kind] = said
        return found
