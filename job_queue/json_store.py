"""The default store: one readable queue.json, replaced durably at every change.

Recipe: reliability-and-security 4.4. The folder's OS lock is held by whoever starts the farm.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from pathlib import Path

from core.clock import Clock
from core.errors import Blocked, StorageError
from core.files import sync_folder, write_durably
from job_queue.codec import SCHEMA, Damaged, Encoder, Newer, decode, schema_of
from job_queue.job import Job, JobState
from job_queue.records import BedRecord, PrinterRecord, QueueState
from job_queue.store import JobStore, first_token

logger = logging.getLogger(__name__)

FILE_NAME = "queue.json"
_LOOK = "Look at every printer and its bed, then acknowledge this. No job starts until then."


class JsonJobStore(JobStore):
    """``folder``/queue.json with queue.json.bak beside it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Raises StorageError for a file of a later version (it is left as it is)."""
        self._path = folder / FILE_NAME
        self._clock = clock
        self._encoder = Encoder()
        state, repaired = self._load()
        super().__init__(state)
        if repaired:
            self._persist(state)

    def _persist(self, state: QueueState) -> None:
        content = self._encoder.encode(state, self._clock.time())
        write_durably(self._path, content, keep_backup=True)

    def _load(self) -> tuple[QueueState, bool]:
        backup = self._path.with_name(FILE_NAME + ".bak")
        if not self._path.exists() and not backup.exists():
            return QueueState(next_token=first_token(self._clock.time())), False
        why = "it is missing"
        if self._path.exists():
            try:
                state = _decode(self._path)
                return state, self._keep_older()
            except Damaged as error:
                why = str(error)
                self._quarantine(self._path, why)
        return self._recover(backup, why), True

    def _keep_older(self) -> bool:
        """A file of an older schema is kept beside as it was; True when there was one."""
        content = self._path.read_bytes()
        if schema_of(content) == SCHEMA:
            return False
        copy = self._path.with_name(f"{FILE_NAME}.pre-v{SCHEMA}")
        if not copy.exists():
            write_durably(copy, content)
        logger.info("jobs: %s is taken over into schema %d", FILE_NAME, SCHEMA)
        return True

    def _recover(self, backup: Path, why: str) -> QueueState:
        try:
            state = _decode(backup) if backup.exists() else None
        except Damaged as error:
            self._quarantine(backup, str(error))
            state = None
        head = f"The farm's job file {FILE_NAME} could not be used: {why}."
        now = self._clock.time()
        if state is None:
            text = f"{head} There was no usable copy, so the farm begins without jobs. {_LOOK}"
            logger.error("jobs: %s", text)
            return QueueState(next_token=first_token(now), trouble=text)
        text = f"{head} The copy from one change earlier is in use. {_LOOK}"
        logger.error("jobs: %s", text)
        return _distrusted(state, now, text)

    def _quarantine(self, path: Path, why: str) -> None:
        """Move a damaged file aside under a name of its own; it is never deleted."""
        stamp = int(self._clock.time())
        target = path.with_name(f"{path.name}.corrupt-{stamp}")
        number = 1
        while target.exists():
            target = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
            number += 1
        try:
            path.replace(target)
            with contextlib.suppress(OSError):
                sync_folder(path.parent)
        except OSError as error:
            raise StorageError(f"{path.name} is damaged and cannot be moved: {error}") from error
        logger.error("jobs: %s is damaged (%s), kept as %s", path.name, why, target.name)


def _decode(path: Path) -> QueueState:
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise StorageError(
            f"{path.name} cannot be read ({error.strerror or error}). Check its permissions."
        ) from error
    except Newer as error:
        raise StorageError(
            f"{path.name} was written by a later version of the farm ({error}). "
            "Start that version, or use another data folder."
        ) from error
    except Blocked as error:
        raise Damaged("two open jobs hold one printer") from error


def _distrusted(state: QueueState, now: float, trouble: str) -> QueueState:
    """A copy from one change earlier: a start may have happened that it does not know of."""
    bed = BedRecord(since=now, why="The farm's job file was damaged")
    jobs = {job.id: _doubted(job, now) for job in state.jobs.values()}
    return replace(
        state,
        jobs=jobs,
        open_jobs={job.printer_id: job for job in jobs.values() if job.state.holds_printer},
        printers={
            name: PrinterRecord(bed=bed, maintenance=record.maintenance)
            for name, record in state.printers.items()
        },
        next_token=max(state.next_token + 1000, first_token(now)),
        next_id=state.next_id + 1000,
        trouble=trouble,
    )


def _doubted(job: Job, now: float) -> Job:
    if not job.state.is_before_start:
        return job
    doubtful = replace(job, state=JobState.NEEDS_HUMAN, rev=job.rev + 1)
    text = f"The farm's job file was damaged; the last sure state is {job.state.value}"
    return doubtful.noted(now, text)
