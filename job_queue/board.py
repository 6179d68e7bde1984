"""Durable changes and the telling of them: every write ends as conditions and job events."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from core.clock import Clock
from core.events import Bus
from job_queue.job import Job, JobState
from job_queue.matching.match import Outlook
from job_queue.records import QueueState, why_barred
from job_queue.store.base import JobStore, Transaction
from printers.conditions import Conditions, OpenJob
from printers.registry import Registry

TOPIC = "job"
FILE_TOPIC = "file"
_PROGRESS_EVERY_S = 0.25
_NO_OUTLOOK = Outlook()
_TEXT = {
    JobState.CLAIMED: "Getting ready",
    JobState.UPLOADING: "Sending the file",
    JobState.UPLOADED: "Checking the printer once more",
    JobState.STARTING: "Waiting for the printer to begin",
}


class Board:
    """Owns what is published but not durable: a transfer's percent, why jobs wait, "stopping"."""

    def __init__(self, store: JobStore, registry: Registry, bus: Bus, clock: Clock) -> None:
        self.store = store
        self.registry = registry
        self._bus = bus
        self._clock = clock
        self._tell = threading.Lock()
        self._percent: dict[str, tuple[float, int]] = {}
        self._marking = threading.Lock()
        self._stopping: frozenset[str] = frozenset()
        self._outlook: Mapping[str, Outlook] = {}

    @contextmanager
    def change(self) -> Iterator[Transaction]:
        """A store transaction; once it is durable, everybody concerned is told."""
        with self.store.transaction() as tx:
            before = self.store.view()
            yield tx
        self._announce(before, self.store.view(), tx.touched)

    def announce_all(self) -> None:
        """Hand every printer its conditions, as after a restart."""
        self._push({snapshot.status.printer_id for snapshot in self.registry.all()}, set())

    def _announce(self, before: QueueState, after: QueueState, touched: Iterable[str]) -> None:
        """``touched``: ids of all jobs that may differ. Of those of somebody else's transaction
        that came in between, that one tells."""
        if before is after:
            return
        touched = set(touched)
        jobs = {i for i in touched if i in after.jobs and before.jobs.get(i) is not after.jobs[i]}
        printers = {after.jobs[job_id].printer_id for job_id in jobs}
        printers |= {before.jobs[job_id].printer_id for job_id in jobs if job_id in before.jobs}
        printers.discard("")  # of jobs that wait
        for printer_id, record in after.printers.items():
            if before.printers.get(printer_id) is not record:
                printers.add(printer_id)
        printers |= {item.printer_id for item in set(before.cleanup) ^ set(after.cleanup)}
        self._push(printers, jobs)
        for job_id in (touched & before.jobs.keys()) - after.jobs.keys():
            self._bus.publish((TOPIC, job_id), None)

    def _push(self, printers: set[str], jobs: set[str]) -> None:
        """Always the newest values, in one order: an older one can never come last."""
        with self._tell:
            view = self.store.view()
            for printer_id in printers:
                self.registry.set_conditions(printer_id, self.conditions(printer_id))
            for job_id in jobs:
                job = view.jobs.get(job_id)
                if job is not None:
                    self._bus.publish((TOPIC, job_id), self.shown(job))

    def progress(self, job: Job, percent: int) -> None:
        """The transfer's percent: told at most four times a second, never written."""
        now = self._clock.monotonic()
        last = self._percent.get(job.id)
        if last and (last[1] == percent or (now - last[0] < _PROGRESS_EVERY_S and percent < 100)):
            return
        self._percent[job.id] = (now, percent)
        self._push({job.printer_id}, {job.id})

    def forget_progress(self, job_id: str) -> None:
        self._percent.pop(job_id, None)

    def outlook(self, job_id: str) -> Outlook:
        return self._outlook.get(job_id, _NO_OUTLOOK)

    def show_outlook(self, told: Mapping[str, Outlook]) -> None:
        """What waiting jobs are told; those whose words changed are told again."""
        before, self._outlook = self._outlook, dict(told)
        changed = {i for i in told.keys() | before.keys() if told.get(i) != before.get(i)}
        self._push(set(), changed)

    def tell_file(self, file_id: str, stored: object) -> None:
        """What the gates say of this file may be another thing from now on."""
        self._bus.publish((FILE_TOPIC, file_id), stored)

    def set_stopping(self, printer_id: str, stopping: bool) -> None:
        one = frozenset({printer_id})
        with self._marking:  # a Stop to all printers comes in as many threads
            if (printer_id in self._stopping) is stopping:
                return
            self._stopping = self._stopping | one if stopping else self._stopping - one
        self._push({printer_id}, set())

    def shown(self, job: Job) -> Job:
        """The job with its live percent."""
        entry = self._percent.get(job.id)
        if entry is None or job.state is not JobState.UPLOADING:
            return job
        return replace(job, upload_percent=entry[1])

    def _file_left(self, view: QueueState, printer_id: str) -> str:
        if not view.cleanup:
            return ""
        known = self.registry.get(printer_id)
        return why_barred(view.cleanup, printer_id, known.status.name if known else printer_id)

    def conditions(self, printer_id: str) -> Conditions:
        """What the farm knows of a printer now; of another farm's nothing."""
        known = self.registry.get(printer_id)
        if known is not None and known.status.shown_only:
            return Conditions()
        view = self.store.view()
        bed, care = view.bed(printer_id), view.maintenance(printer_id)
        job = view.open_jobs.get(printer_id)
        facts = Conditions(
            maintenance=care.on,
            maintenance_note=care.note,
            maintenance_since=care.since,
            job=_open_job(self.shown(job)) if job else None,
            file_left=self._file_left(view, printer_id),
            stopping=printer_id in self._stopping,
        )
        if bed is None:
            return facts
        return replace(
            facts,
            bed_clear=bed.clear,
            bed_since=bed.since,
            bed_why=bed.why,
            last_name=bed.name,
            last_result=bed.result,
            last_file_id=bed.file_id,
        )


def _open_job(job: Job) -> OpenJob:
    text = _TEXT.get(job.state, "")
    if job.state is JobState.NEEDS_HUMAN and job.error:
        text = job.error.text
    return OpenJob(
        job_id=job.id,
        phase=job.state.value,
        name=job.file_name,
        percent=job.upload_percent if job.state is JobState.UPLOADING else None,
        text=text,
        file_id=job.file_id,
        plate=job.plate,
        plates=job.plates,
        seconds=job.seconds,
        picture=job.picture,
        token=job.token,
        remote_name=job.remote_name,
    )
