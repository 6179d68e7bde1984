"""What the history keeps of an attempt: one immutable record, and who cleared its bed later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from job_queue.job import Attempt, Job, JobError, JobState

RESULTS = ("finished", "failed", "cancelled", "not_started")
REMOVED = 0
"""The attempt's number of a job that was removed while it waited: no printer had it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """One filament of the plate, as the slicer counted it."""

    type: str = ""
    color: str = ""  # "RRGGBB", "" = unknown
    name: str = ""
    grams: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An attempt that has ended. Times are epoch seconds, None = it never came to that."""

    job_id: str
    attempt: int  # 1…, REMOVED
    result: str  # of RESULTS
    file_id: str
    file_name: str
    kind: str = ""
    plate: int = 1
    plates: int = 1
    series: str = ""  # id of the job whose copy this is, "" = none
    copies: int = 1  # that were wanted in all
    made: int = 0  # that were finished when this was written
    printer_id: str = ""
    printer: str = ""  # its name then
    model: str = ""
    from_queue: bool = False
    created_by: str = ""
    queued_at: float = 0.0
    claimed_at: float | None = None
    started_at: float | None = None
    ended_at: float = 0.0
    estimate_s: int | None = None  # the slicer's
    filaments: tuple[Used, ...] = ()
    grams: float | None = None  # of the whole plate, the slicer's
    code: str = ""
    reason: str = ""  # why it did not finish
    text: str = ""  # its end in one sentence
    cleared_at: float | None = None  # its bed was marked clear
    cleared_by: str = ""

    @property
    def key(self) -> tuple[str, int]:
        return self.job_id, self.attempt

    @property
    def month(self) -> str:
        """Where it is kept: "2026-11", of its end in UTC."""
        return month_of(self.ended_at)

    @property
    def took_s(self) -> float | None:
        """From the start to the end, pauses included."""
        return None if self.started_at is None else max(0.0, self.ended_at - self.started_at)

    @property
    def used_grams(self) -> float | None:
        """All of it for a finished print; of one that ended early the part of its time."""
        return None if self.grams is None else self.grams * self.share

    @property
    def share(self) -> float:
        """How much of the plate was printed, 0 to 1; an estimate unless it was finished."""
        if self.result == "finished":
            return 1.0
        if self.result == "not_started" or not self.took_s or not self.estimate_s:
            return 0.0
        return min(1.0, self.took_s / self.estimate_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A bed that was marked clear after the attempt's record had been written."""

    job_id: str
    attempt: int
    at: float
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a job's own data tell of one of its attempts."""

    number: int
    printer_id: str
    result: str
    claimed_at: float | None
    started_at: float | None
    ended_at: float
    error: JobError | None
    text: str


def month_of(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m")


def ended_of(job: Job) -> Iterator[Ended]:
    """Every attempt of this job that is over, oldest first."""
    for past in job.attempts:
        yield _past(past)
    if job.state.has_ended:
        yield _present(job)


def _past(past: Attempt) -> Ended:
    return Ended(
        number=past.number,
        printer_id=past.printer_id,
        result=past.outcome,
        claimed_at=past.claimed_at,
        started_at=past.started_at,
        ended_at=past.ended_at or past.started_at or past.claimed_at or 0.0,
        error=past.error,
        text=past.result or (past.error.text if past.error else ""),
    )


def _present(job: Job) -> Ended:
    never = job.state is JobState.FAILED and job.started_at is None
    return Ended(
        number=job.attempt if job.printer_id else REMOVED,
        printer_id=job.printer_id,
        result="not_started" if never else job.state.value,
        claimed_at=job.claimed_at,
        started_at=job.started_at,
        ended_at=job.finished_at or job.started_at or job.created_at,
        error=job.error,
        text=job.result or (job.error.text if job.error else ""),
    )


def record_of(
    job: Job,
    ended: Ended,
    *,
    parent: Job | None = None,
    printer: str = "",
    model: str = "",
    filaments: Sequence[Used] = (),
    grams: float | None = None,
) -> Record:
    """``parent``: the job whose copy this is, while the queue still knows it."""
    whole = parent or job
    finished = ended.result == JobState.FINISHED.value
    return Record(
        job_id=job.id,
        attempt=ended.number,
        result=ended.result,
        file_id=job.file_id,
        file_name=job.file_name,
        kind=job.kind,
        plate=job.plate,
        plates=job.plates,
        series=job.series,
        copies=whole.copies,
        made=whole.made,
        printer_id=ended.printer_id,
        printer=printer,
        model=model,
        from_queue=job.from_queue,
        created_by=job.created_by,
        queued_at=job.created_at,
        claimed_at=ended.claimed_at,
        started_at=ended.started_at,
        ended_at=ended.ended_at,
        estimate_s=job.seconds,
        filaments=tuple(filaments),
        grams=grams,
        code="" if finished or ended.error is None else ended.error.code,
        reason="" if finished or ended.error is None else ended.error.text,
        text=ended.text,
    )


def with_cleared(record: Record, cleared: Cleared | None) -> Record:
    if cleared is None:
        return record
    return replace(record, cleared_at=cleared.at, cleared_by=cleared.by)


_FIELDS = frozenset(Record.__slots__)


def record_from(data: Mapping[str, Any]) -> Record:
    """The Record that was written as JSON; fields of a later version are left out.

    Raises KeyError, TypeError or ValueError.
    """
    known = dict(data)
    for name in known.keys() - _FIELDS:
        del known[name]
    if not isinstance(known["job_id"], str) or not isinstance(known["attempt"], int):
        raise TypeError("a record is known by job_id and attempt")
    known["ended_at"] = float(known["ended_at"])
    known["filaments"] = tuple(Used(**one) for one in known.get("filaments", ()))
    return Record(**known)
