"""The start protocol of one job, in its own thread, up to the one publish.

Intent before effect: W1 claimed (written by the service), X1 transfer, W2 uploaded, the last
look, W3 starting together with the bed's permission, X2 the start, sent once. What happened then
is read from evidence by the watcher. Source: reliability-and-security 4.2, bambu-lan A8.3.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from core.clock import Clock
from core.errors import (
    Blocked,
    FarmError,
    PrinterOffline,
    PrinterRejected,
    StorageError,
    Unusable,
    UploadCancelled,
    UploadFailed,
)
from job_queue.board import Board
from job_queue.identity import baseline_signature, echoes, signature
from job_queue.job import Job, JobError, JobState
from job_queue.naming import shown_name
from job_queue.records import BedRecord
from job_queue.starting import beds
from job_queue.starting.closing import end_before_start
from job_queue.store.base import Transaction
from printers import safety
from printers.commands import StartPrint
from printers.fleet import Fleet
from printers.registry import Snapshot
from printers.status import PrinterStatus

logger = logging.getLogger(__name__)

NOTHING_STARTED = "Nothing was started."
SENT_AHEAD = "The file was on the printer already, sent ahead; its size was proved again."
See = Callable[[PrinterStatus], None]
"""Judges what a report says about the bed (Watch.see_bed)."""
Recheck = Callable[[Job, PrinterStatus], None]
"""Raises when the file no longer fits the printer as it is now (trays, nozzle, model)."""


class StartRun:
    """One attempt's way from claimed to the publish. Never repeats a step."""

    def __init__(
        self,
        job: Job,
        source: Path,
        board: Board,
        fleet: Fleet,
        clock: Clock,
        see: See,
        recheck: Recheck,
    ) -> None:
        self.job_id = job.id
        self.token = job.token
        self._job = job
        self._source = source
        self._board = board
        self._fleet = fleet
        self._clock = clock
        self._see = see
        self._recheck = recheck
        self._cancel = threading.Event()
        self._decision = threading.Lock()
        self._committed = False
        self._why_cancelled = JobError(code="cancelled", text="")
        self.thread = threading.Thread(target=self._run, name=f"job:{job.id}", daemon=True)

    def cancel(self, error: JobError) -> bool:
        """Ask for the end of the attempt; False when the start may already have left."""
        with self._decision:
            if self._committed:
                return False
            if not self._cancel.is_set():
                self._why_cancelled = error
            self._cancel.set()
            return True

    # -- the steps -----------------------------------------------------------------------------

    def _run(self) -> None:
        job = self._job
        try:
            self._steps()
        except FarmError as error:
            logger.info("%s: %s not started: %s", job.printer_id, job.id, error.message)
            self._give_up(error)
        except Exception:
            logger.exception("%s: %s ended in an unforeseen error", job.printer_id, job.id)
            self._give_up(StorageError("The farm failed inside; see the server's log."))
        finally:
            self._board.forget_progress(self.job_id)

    def _steps(self) -> None:
        self._verify_source()
        self._move(JobState.UPLOADING)
        there = self._job.staged and self._is_there()
        if not there:
            self._upload()
        self._move(JobState.UPLOADED, SENT_AHEAD if there else "")
        with self._fleet.exclusive(self._job.printer_id):
            self._last_look()
            before = self._commit()
            self._publish(before)

    def _move(self, state: JobState, note: str = "") -> None:
        with self._board.change() as tx:
            self._mine(tx)
            self._job = tx.move(self.job_id, state)
            if note:
                self._job = tx.note(self.job_id, self._clock.time(), note)

    def _mine(self, tx: Transaction) -> Job:
        """The job as it is, for as long as this attempt is the job's present one."""
        job = tx.job(self.job_id)
        if job.token != self._job.token:
            raise Blocked("This attempt has been given up.", code="superseded")
        return job

    def _verify_source(self) -> None:
        """The bytes in the library are still those that were inspected."""
        try:
            with self._source.open("rb") as handle:
                digest = hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError as error:
            raise Unusable(
                f"{self._job.file_name} is missing from the library. Upload it again.",
                code="file_missing",
            ) from error
        if digest != self._job.sha256:
            raise Unusable(
                f"{self._job.file_name} in the library is damaged. Upload it again.",
                code="file_damaged",
            )

    def _is_there(self) -> bool:
        """The printer still has the file that was sent ahead, in its whole size."""
        job = self._job
        self._raise_if_cancelled()
        try:
            size = self._fleet.adapter(job.printer_id).remote_size(job.remote_name)
        except FarmError as error:
            logger.info("%s: cannot prove what was sent ahead: %s", job.printer_id, error.message)
            return False
        if size != job.size_bytes:
            logger.warning("%s: %s has %s bytes", job.printer_id, job.remote_name, size)
        return size == job.size_bytes

    def _upload(self) -> None:
        job = self._job
        self._board.progress(job, 0)

        def progress(sent: int, total: int) -> None:
            self._board.progress(job, min(100, sent * 100 // total) if total else 100)

        size = self._fleet.upload(
            job.printer_id, self._source, job.remote_name, progress, self._cancel
        )
        self._raise_if_cancelled()
        if size != job.size_bytes:
            raise UploadFailed(
                f"The file arrived incomplete ({size} of {job.size_bytes} bytes). "
                "Check the printer's storage and network.",
                code="size_mismatch",
            )

    def _last_look(self) -> None:
        """A report newer than now must allow the start, with the bed's permission standing."""
        job = self._job
        self._raise_if_cancelled()
        status = self._fleet.adapter(job.printer_id).refresh()
        self._see(status)
        conditions = replace(self._board.conditions(job.printer_id), job=None)
        snapshot = Snapshot(status=status, conditions=conditions, revision=0)
        safety.check_act("start", snapshot, self._clock.monotonic())
        shown = signature(status.job)
        if shown and shown != baseline_signature(job.baseline):
            raise Blocked(
                f"{status.name} shows another job than when the transfer began. "
                "Look at its bed first.",
                code="other_job",
            )
        self._recheck(job, status)

    def _commit(self) -> BedRecord:
        """W3: the intent and the bed's permission, one write. Returns the bed as it was."""
        now = self._clock.time()
        printer_id = self._job.printer_id
        with self._board.change() as tx:
            self._mine(tx)
            bed = tx.bed(printer_id)
            if bed is None or not bed.clear:
                raise Blocked("The bed is not marked clear any more.", code="bed_not_clear")
            self._job = tx.move(self.job_id, JobState.STARTING, started_at=now)
            tx.set_bed(printer_id, beds.consumed(self._job, now))
            with self._decision:
                self._raise_if_cancelled()
                self._committed = True
        return bed

    def _publish(self, before: BedRecord) -> None:
        """X2: once. Only a certain "not sent" or "refused" ends the job here."""
        job = self._job
        command = StartPrint(
            remote_name=job.remote_name,
            token=job.token,
            display_name=shown_name(job.remote_name),
            plate=job.plate,
            md5=job.md5.upper(),
            ams_mapping=job.ams_mapping,
            options=job.options,
        )
        logger.info("%s: starting %s as %s", job.printer_id, job.id, job.remote_name)
        try:
            self._fleet.start_print(job.printer_id, command)
        except (PrinterOffline, PrinterRejected, Blocked) as error:
            self._refused(error, before)
        except FarmError as error:
            self._note(f"The start was sent without an answer: {error.message}")

    def _refused(self, error: FarmError, before: BedRecord) -> None:
        """The permission returns, unless the printer's own report contradicts the refusal."""
        status = self._after_refusal(error)
        job, now = self._job, self._clock.time()
        ours = echoes(job, status.job)
        if ours:
            self._note(f"Refused, but the printer shows this job: {error.message}")
            return
        logger.info("%s: %s refused: %s", job.printer_id, job.id, error.message)
        with self._board.change() as tx:
            current = self._mine(tx)
            if current.state is not JobState.STARTING:
                return  # the watcher has read something surer
            failure = JobError(code=error.error_code, text=error.message)
            self._job = end_before_start(tx, current, failure, now)
            if status.state.is_at_rest or not status.state.is_connected:
                bed = tx.bed(job.printer_id)
                tx.set_bed(job.printer_id, beds.returned(before, bed, job, signature(status.job)))

    def _after_refusal(self, error: FarmError) -> PrinterStatus:
        """By a report newer than the refusal: a macro of Klipper's may fail after the print began.
        What shows itself later still is starting/belied.py's."""
        if isinstance(error, PrinterRejected):
            with suppress(FarmError):
                return self._fleet.adapter(self._job.printer_id).refresh()
        return self._fleet.snapshot(self._job.printer_id).status

    # -- ends ----------------------------------------------------------------------------------

    def _raise_if_cancelled(self) -> None:
        if self._cancel.is_set():
            raise UploadCancelled(self._why_cancelled.text or "The transfer was cancelled.")

    def _note(self, text: str) -> None:
        with self._board.change() as tx:
            self._mine(tx)
            tx.note(self.job_id, self._clock.time(), text)

    def _give_up(self, error: FarmError) -> None:
        """End an attempt that has not been sent; one that may have been is left to evidence."""
        with suppress(StorageError), self._board.change() as tx:
            job = tx.job(self.job_id)
            if job.token != self._job.token or not job.state.is_before_start:
                return
            # whoever asked for its end was told yes, whatever ended it in the same moment
            cancelled = isinstance(error, UploadCancelled) or self._cancel.is_set()
            failure = self._failure(error, cancelled)
            end_before_start(
                tx, job, failure, self._clock.time(),
                cancelled=cancelled and failure.code == "cancelled",
            )  # fmt: skip

    def _failure(self, error: FarmError, cancelled: bool) -> JobError:
        if cancelled and self._why_cancelled.text:
            return self._why_cancelled
        if cancelled:
            return JobError(code="cancelled", text=f"{error.message} {NOTHING_STARTED}")
        return JobError(code=error.error_code, text=_with_ending(error.message))


def _with_ending(message: str) -> str:
    """Some causes say it themselves."""
    return message if NOTHING_STARTED in message else f"{message} {NOTHING_STARTED}"
