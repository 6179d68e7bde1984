"""A start that counted as not made, and the printer prints the file all the same.

A macro of Klipper may fail after it has begun the print, a gateway may invent a refusal, somebody
may start at the screen what was sent there. The job is back in the queue by then and would be
printed a second time: it waits for a person instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from core.clock import Clock
from job_queue.board import Board
from job_queue.identity import echoes, names_start, signature
from job_queue.job import Attempt, Job, JobError, JobState
from job_queue.records import QueueState
from job_queue.starting.closing import BEGAN_AFTER_ALL, was_not_made
from printers.status import PrinterStatus

logger = logging.getLogger(__name__)

Cancel = Callable[[Job, JobError], bool]
"""Ends a transfer (Launcher.cancel)."""


class Belied:
    """Used by the watcher thread alone."""

    def __init__(self, board: Board, clock: Clock, cancel: Cancel) -> None:
        self._board = board
        self._clock = clock
        self._cancel = cancel
        self._known: dict[str, str] = {}  # by printer: what it showed when it was last looked for

    def look(self, status: PrinterStatus) -> None:
        """One printer's newest report. Raises StorageError."""
        shown = signature(status.job)
        if not shown or not status.state.has_job or status.shown_only:
            return
        view = self._board.store.view()
        job = view.open_jobs.get(status.printer_id)
        if self._known.get(status.printer_id) == shown or (job and echoes(job, status.job)):
            return
        found = _attempt_of(view, status)
        if found is not None:
            self._hold(*found, status)
        self._known[status.printer_id] = shown

    def _hold(self, job: Job, attempt: Attempt, status: PrinterStatus) -> None:
        why = f" ({attempt.error.text.rstrip('.')})" if attempt.error else ""
        text = (
            f"{status.name} prints {job.file_name} after all; its start there had counted as not "
            f"made{why}. Release this job only if it is to be printed once more."
        )
        logger.warning("%s: %s: %s", status.printer_id, job.id, text)
        error = JobError(code=BEGAN_AFTER_ALL, text=text)
        if job.state.is_before_start and self._cancel(job, error):
            return
        with self._board.change() as tx:
            if tx.job(job.id).state.has_ended:
                return
            current = tx.note(job.id, self._clock.time(), text)
            if current.state is JobState.QUEUED:
                tx.move(job.id, JobState.HELD, error=error)
            elif current.state is JobState.HELD:
                tx.touch(job.id, error=error)


def _attempt_of(view: QueueState, status: PrinterStatus) -> tuple[Job, Attempt] | None:
    """The job that has not ended, one of whose attempts there was not made and is what the printer
    shows. A print that did end there, and is asked for once more, contradicts nobody."""
    for job in view.jobs.values():
        if not job.attempts or job.state.has_ended:
            continue
        for past in job.attempts:
            there = past.printer_id == status.printer_id and was_not_made(past)
            if there and names_start(status.job, past.token, past.remote_name):
                return job, past
    return None
