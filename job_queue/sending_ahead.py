"""At the end of a pass: which printers are sent the file of their next job already.

The dispatcher asks for it with what it has just looked at; starting/staging.py does it. Off for
every printer that ``dispatch.prestage`` does not name. Uses only the transfers no start needs.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.clock import Clock
from core.config import DispatchConfig
from job_queue.job import Job
from job_queue.matching import ahead, ordering
from job_queue.matching.ahead import Scene
from job_queue.matching.match import Candidate, Changes, Fits, Reason
from job_queue.records import QueueState, Staged
from job_queue.service import JobService
from printers.fleet import Fleet

JUDGE_S = 0.05
"""So long one pass asks the gates for it; what is left over comes with the next pass."""
_LATER = Reason("not_judged", "Not in this pass.")


class SendingAhead:
    """Used by one thread at a time (the dispatcher's turn)."""

    def __init__(self, jobs: JobService, fleet: Fleet, clock: Clock) -> None:
        self._jobs = jobs
        self._fleet = fleet
        self._clock = clock

    def send(
        self, scene: Scene, against: Fits, changes: Changes, config: DispatchConfig, slots: int
    ) -> None:
        """``against``: what a job's file is refused with there; ``slots``: how many transfers may
        run besides those of starts, 0 begins none."""
        if not config.prestage:
            return
        until = self._clock.monotonic() + JUDGE_S
        jobs = scene.waiting[: ahead.MOST]
        printers = {printer.printer_id: printer for printer in scene.printers}

        def fits(job: Job, printer: Candidate) -> Reason | None:
            return _LATER if self._clock.monotonic() > until else against(job, printer)

        def useful(printer_id: str, staged: Staged) -> bool:
            printer = printers.get(printer_id)
            return printer is not None and ahead.is_useful(
                staged, printer, jobs, against,
                now=scene.now, auto_assign=config.auto_assign,
            )  # fmt: skip

        near = ahead.soon(scene, self._clock.monotonic()) if slots > 0 else []
        wanted = ahead.next_jobs(
            jobs, near, fits, changes, lambda job: ordering.equals(job, scene.now),
            now=scene.now, auto_assign=config.auto_assign,
        )  # fmt: skip
        switched_on = self._switched_on(scene, near, config)
        chosen = {name: job for name, job in wanted.items() if name in switched_on}
        self._jobs.stage(chosen, useful, slots)

    def hold(self, view: QueueState, config: DispatchConfig) -> None:
        """Nothing is sent at all now. What lies on printers stays, unless nothing waits for it."""
        if config.prestage:
            waits = {j.file_id for j in view.jobs.values() if j.state.is_waiting}
            self._jobs.stage({}, lambda _, staged: staged.file_id in waits, 0)

    def _switched_on(
        self, scene: Scene, near: Sequence[Candidate], config: DispatchConfig
    ) -> set[str]:
        """The printers that may be sent a file now."""
        found = set()
        for printer in near:
            name = printer.printer_id
            snapshot, known = scene.snapshots[name], self._fleet.configs.get(name)
            on = ahead.is_switched_on(config.prestage, snapshot, known)
            if on and ahead.may_be_sent(printer, scene, self._jobs.stage_lead_s):
                found.add(name)
        return found
