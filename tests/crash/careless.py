"""A farm as a common design would be, for controls that must fail: after a restart every start that
was under way is simply queued again, and beds are taken for clear.
"""

from __future__ import annotations

from typing import Any

from job_queue.job import JobError, JobState
from job_queue.records import BedRecord
from job_queue.starting.closing import back_to_queue
from job_queue.starting.staging import Stager
from job_queue.starting.watch import Watch


def forget_intents(self: Any) -> None:
    """In place of Watch.reconcile."""
    now = self._clock.time()
    for job in self._board.store.view().open_jobs.values():
        with self._board.change() as tx:
            if job.state.is_before_start or job.state is JobState.STARTING:
                error = JobError(code="farm_restarted", text="Again")
                back_to_queue(tx, job, error, now, by_person=True)
            tx.set_bed(job.printer_id, BedRecord(clear=True, since=now, why="Assumed"))


def forget_what_was_ahead(self: Any) -> None:
    """In place of Stager.recover."""
    with self._board.change() as tx:
        for item in self.ahead():
            tx.drop_cleanup(item.printer_id, item.remote_name)


def forget(what: str) -> None:
    """From now on this process is careless with starts, or with files sent ahead of them."""
    if what == "ahead":
        Stager.recover = forget_what_was_ahead  # type: ignore[method-assign]
    else:
        Watch.reconcile = forget_intents  # type: ignore[method-assign]
