"""A queue that stands still until somebody does something."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from alerts.model import Event, Kind
from alerts.watch.telling import Teller
from alerts.watch.words import sentence
from job_queue.job import Job, JobState
from job_queue.matching.match import Outlook
from job_queue.records import QueueState
from printers.registry import Snapshot
from printers.status import PrinterStatus

AFTER_S = 600.0
SLOT = "queue"
_PASSES = frozenset(
    {
        "printer_busy", "printer_connecting", "heating", "resting", "just_cleared", "being_read",
        "not_judged", "not_before", "upload_slots", "file_left",
    }
)  # fmt: skip
"""Reasons that end by themselves (match.Reason.code)."""
_WANTED = frozenset({"paused", "disabled", "held", "auto_assign_off"})
"""Reasons that a person has chosen."""


def _works(status: PrinterStatus) -> bool:
    """For this farm's queue."""
    return status.state.has_job and not status.shown_only


class Blocked:
    """Of the dispatcher's own word on every waiting job (JobService.outlook)."""

    def __init__(self, teller: Teller, outlook: Callable[[str], Outlook]) -> None:
        self._teller = teller
        self._outlook = outlook
        self._since: float | None = None  # monotonic s

    def see(
        self, view: QueueState, snapshots: Iterable[Snapshot], now: float, mono: float
    ) -> list[Event]:
        self._teller.now = now
        stuck = self._stuck(view, snapshots)
        if not stuck:
            self._since = None
            self._teller.end(SLOT, "The queue goes on.")
        elif self._since is None:
            self._since = mono
        elif mono - self._since >= AFTER_S:
            self._tell(stuck)
        return self._teller.taken()

    def _stuck(self, view: QueueState, snapshots: Iterable[Snapshot]) -> list[Job]:
        """The waiting jobs, when nothing runs and each of them waits for people only."""
        waiting = [job for job in view.jobs.values() if job.state is JobState.QUEUED]
        if not waiting or any(_works(s.status) for s in snapshots):
            return []
        if any(job.state is not JobState.NEEDS_HUMAN for job in view.open_jobs.values()):
            return []
        return waiting if all(map(self._waits_for_people, waiting)) else []

    def _waits_for_people(self, job: Job) -> bool:
        """Jobs far down the list have no reasons of their own: those before them decide."""
        said = self._outlook(job.id)
        codes = {reason.code for reason in said.why}
        if not said.text:
            return False  # nobody has looked at it yet
        return not codes & (_PASSES | _WANTED)

    def _tell(self, stuck: list[Job]) -> None:
        first = min(stuck, key=lambda job: (-job.priority, job.rank))
        why = sentence(self._outlook(first.id).text)
        jobs = "1 job waits" if len(stuck) == 1 else f"{len(stuck)} jobs wait"
        text = f"{jobs} and nothing has been able to start for ten minutes. {why}"
        facts = {"reason": why, "file": first.file_name, "job_id": first.id}
        self._teller.begin(SLOT, Kind.QUEUE_BLOCKED, text, facts=facts)
