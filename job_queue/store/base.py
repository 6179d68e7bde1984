"""The store's interface: immutable views, and transactions that are durable when they return.

Every backend keeps the same invariants: one open job per printer, tokens and ids never given
twice, the bed's permission changed in the same write as the job that consumes or loses it.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from core.errors import Blocked, NotFound
from job_queue.job import ENDED, Job, JobState, advance
from job_queue.records import (
    BedRecord,
    Cleanup,
    Maintenance,
    Pause,
    PrinterRecord,
    QueueState,
    Seen,
)

KEEP_ENDED = 200
MAX_TOKEN = 2**31 - 1
_TOKEN_EPOCH = 1_577_836_800  # 2020-01-01: first tokens count from here in seconds


MayForget = Callable[[Job], bool]
"""Whether an ended job is kept elsewhere. Asked with the store's lock held: quick, no store."""


def first_token(now: float) -> int:
    """Where a new store starts to count: later than any token of a store that was lost.

    One token a second would be needed to catch up, so a fresh data folder never repeats a token
    that a printer may still show.
    """
    return max(1, min(int(now) - _TOKEN_EPOCH, MAX_TOKEN - 1))


class Transaction:
    """Changes that become durable together, or not at all. Used by one thread.

    ``jobs`` is to read; whatever changes it notes which job it was, so that a transition need not
    look at all the others.
    """

    def __init__(self, state: QueueState, may_forget: MayForget = lambda _: True) -> None:
        self._before = state
        self._may_forget = may_forget
        self._jobs: dict[str, Job] = dict(state.jobs)
        self.touched: dict[str, None] = {}  # ids of jobs that may differ now, in this order
        self.jobs: Mapping[str, Job] = MappingProxyType(self._jobs)
        self.printers: dict[str, PrinterRecord] = dict(state.printers)
        self.cleanup: list[Cleanup] = list(state.cleanup)
        self.next_token = state.next_token
        self.next_id = state.next_id
        self.trouble = state.trouble
        self.pause: Pause = state.pause

    def job(self, job_id: str) -> Job:
        """Raises NotFound."""
        job = self.jobs.get(job_id)
        if job is None:
            raise NotFound(f"There is no job {job_id!r}.", code="job_not_found")
        return job

    def open_job(self, printer_id: str) -> Job | None:
        return next(
            (j for j in self.jobs.values() if j.printer_id == printer_id and j.state.holds_printer),
            None,
        )

    def new_id(self) -> str:
        number, self.next_id = self.next_id, self.next_id + 1
        return f"j-{number}"

    def new_token(self, taken: frozenset[str]) -> int:
        """The next token, none of ``taken`` (what the printer shows already)."""
        while str(self.next_token) in taken:
            self.next_token += 1
        if self.next_token > MAX_TOKEN:
            raise Blocked("All start numbers are used up. Begin with a new data folder.")
        token, self.next_token = self.next_token, self.next_token + 1
        return token

    def add(self, job: Job) -> Job:
        self._jobs[job.id] = job
        self.touched[job.id] = None
        return job

    def drop(self, job_id: str) -> None:
        """Forget the job. Raises NotFound."""
        del self._jobs[self.job(job_id).id]
        self.touched[job_id] = None

    def move(self, job_id: str, state: JobState, **changes: Any) -> Job:
        """Advance along the table; the revision grows. Raises IllegalTransition."""
        job = self.job(job_id)
        return self.add(advance(job, state, rev=job.rev + 1, **changes))

    def touch(self, job_id: str, **changes: Any) -> Job:
        """Change a job within its state; the revision grows."""
        job = self.job(job_id)
        return self.add(replace(job, rev=job.rev + 1, **changes))

    def note(self, job_id: str, at: float, text: str) -> Job:
        """One more piece of evidence; the revision grows unless it says nothing new."""
        job = self.job(job_id)
        noted = job.noted(at, text)
        return job if noted is job else self.add(replace(noted, rev=job.rev + 1))

    def bed(self, printer_id: str) -> BedRecord | None:
        record = self.printers.get(printer_id)
        return record.bed if record else None

    def set_bed(self, printer_id: str, bed: BedRecord) -> None:
        record = self.printers.get(printer_id, PrinterRecord())
        self.printers[printer_id] = replace(record, bed=bed)

    def set_maintenance(self, printer_id: str, maintenance: Maintenance) -> None:
        record = self.printers.get(printer_id, PrinterRecord())
        self.printers[printer_id] = replace(record, maintenance=maintenance)

    def add_cleanup(self, item: Cleanup) -> None:
        self.drop_cleanup(item.printer_id, item.remote_name)
        self.cleanup.append(item)

    def drop_cleanup(self, printer_id: str, remote_name: str) -> None:
        self.cleanup = [
            c for c in self.cleanup if (c.printer_id, c.remote_name) != (printer_id, remote_name)
        ]

    def result(self) -> QueueState | None:
        """The state after these changes, None when nothing changed. Checks the invariants."""
        before = self._before
        changed, gone = changed_jobs(before.jobs, self._jobs, self.touched)
        jobs: Mapping[str, Job] = before.jobs
        if changed or gone:
            jobs = self._jobs
            if any(job.state.has_ended for job in changed):
                for job_id in _surplus(self._jobs, self._may_forget):
                    self.drop(job_id)
        state = QueueState(
            rev=before.rev,
            jobs=jobs,
            open_jobs=_open_after(before, changed, gone),
            printers=self.printers,
            cleanup=tuple(self.cleanup),
            next_token=self.next_token,
            next_id=self.next_id,
            trouble=self.trouble,
            pause=self.pause,
        )
        if jobs is before.jobs and state == before:
            return None
        return replace(state, rev=before.rev + 1)


def changed_jobs(
    before: Mapping[str, Job], after: Mapping[str, Job], touched: Iterable[str]
) -> tuple[list[Job], list[Job]]:
    """The jobs of ``after`` that are new or other than before, and those of before that are gone.
    ``touched``: ids of all that may differ; every other one is the same object in both."""
    changed, gone = [], []
    for job_id in touched:
        old, new = before.get(job_id), after.get(job_id)
        if new is None:
            if old is not None:
                gone.append(old)
        elif new is not old and new != old:
            changed.append(new)
    return changed, gone


def _open_after(before: QueueState, changed: list[Job], gone: list[Job]) -> Mapping[str, Job]:
    """As open_jobs_of, from what has changed alone."""
    if not changed and not gone:
        return before.open_jobs
    other = {job.id for job in (*changed, *gone)}
    kept = [job for job in before.open_jobs.values() if job.id not in other]
    return open_jobs_of({job.id: job for job in (*kept, *changed)})


def open_jobs_of(jobs: Mapping[str, Job]) -> dict[str, Job]:
    """By printer. Raises Blocked when a printer would hold two: the one invariant of all."""
    found: dict[str, Job] = {}
    for job in jobs.values():
        if not job.state.holds_printer:
            continue
        other = found.setdefault(job.printer_id, job)
        if other is not job:
            raise Blocked(
                f"{other.file_name} is still open on this printer.",
                code="job_open",
                details={"job_id": other.id},
            )
    return found


def _surplus(jobs: Mapping[str, Job], may_forget: MayForget) -> list[str]:
    """The oldest ended ones beyond KEEP_ENDED, as far as they are kept elsewhere."""
    ended = [job for job in jobs.values() if job.state in ENDED]
    if len(ended) <= KEEP_ENDED:
        return []
    ended.sort(key=lambda job: job.finished_at or 0.0)
    return [job.id for job in ended[: len(ended) - KEEP_ENDED] if may_forget(job)]


class JobStore(ABC):
    """Holds the state and serialises its changes. Readers never wait."""

    def __init__(self, state: QueueState) -> None:
        self._state = state
        self._writer = threading.Lock()
        self._may_forget: MayForget = lambda _: True
        self._touched: Collection[str] = ()  # of the transaction that is being written

    def view(self) -> QueueState:
        """The latest durable state; immutable."""
        return self._state

    @property
    def trouble(self) -> str:
        """Why no job may start until a person acknowledges it; "" when all is well."""
        return self._state.trouble

    def acknowledge(self) -> None:
        """A person has read the trouble."""
        with self.transaction() as tx:
            tx.trouble = ""

    def seen(self) -> Mapping[str, Seen]:
        """When each printer was last seen, as far as ``keep_seen`` has kept it. Never raises."""
        return {}

    def keep_seen(self, seen: Mapping[str, Seen]) -> bool:  # noqa: ARG002 - keeps nothing
        """In place of what was kept before, durable when it returns True. A store may refuse or
        lose it, and never keep anything newer. Never raises FarmError."""
        return False

    def forget_only(self, may_forget: MayForget) -> None:
        """From now on an ended job stays until that says yes: nothing that was printed may be
        forgotten before the history has it."""
        self._may_forget = may_forget

    def tend(self) -> None:  # noqa: B027 - a backend may have nothing to do
        """Called every second or so: what can wait. Never raises FarmError."""

    def close(self) -> None:  # noqa: B027 - a backend may have nothing to do
        """The last call, at a clean stop. Never raises FarmError."""

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All changes of the block in one durable write; an exception leaves all as it was.

        Raises StorageError when the disk refuses, Blocked when an invariant would break.
        """
        with self._writer:
            tx = Transaction(self._state, self._may_forget)
            yield tx
            state = tx.result()
            if state is not None:
                self._touched = tx.touched
                self._persist(state)
                self._state = state

    @abstractmethod
    def _persist(self, state: QueueState) -> None:
        """Make ``state`` durable before returning. Raises StorageError and changes nothing.
        No other jobs than those of ``self._touched`` differ from the state before."""
