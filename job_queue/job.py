"""A job, its states, and the one table of legal transitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from job_queue.target import Target
from slicer.gates.filament_wishes import FilamentWish

MAX_EVIDENCE = 40
MAX_ATTEMPTS = 20
NOT_ITS_FAULT = frozenset({"farm_stopped", "farm_restarted"})
"""Codes of errors: these do not count as tries, nor against the printer."""


class JobState(Enum):
    """A job's life. Everything before STARTING has certainly not moved a printer."""

    QUEUED = "queued"  # waits for a printer
    HELD = "held"  # waits for a person
    CLAIMED = "claimed"  # the printer is reserved, nothing external has happened
    UPLOADING = "uploading"
    UPLOADED = "uploaded"  # the printer's SIZE equals ours
    STARTING = "starting"  # the intent is on disk, the start may or may not have left
    PRINTING = "printing"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NEEDS_HUMAN = "needs_human"  # uncertain: holds the printer until a person or proof decides

    __hash__ = object.__hash__  # each state is there once; Enum's own is slow, and asked very often

    @property
    def has_ended(self) -> bool:
        return self in ENDED

    @property
    def is_waiting(self) -> bool:
        """In the queue, without a printer."""
        return self in WAITING

    @property
    def is_before_start(self) -> bool:
        """Nothing has been asked of the printer but to store a file."""
        return self in BEFORE_START

    @property
    def holds_printer(self) -> bool:
        """From the claim to the end: no other job and no approval of the bed until then."""
        return self not in ENDED and self not in WAITING


_S = JobState
ENDED = frozenset({_S.FINISHED, _S.FAILED, _S.CANCELLED})
WAITING = frozenset({_S.QUEUED, _S.HELD})
BEFORE_START = frozenset({_S.CLAIMED, _S.UPLOADING, _S.UPLOADED})
_RESULTS = frozenset({_S.FINISHED, _S.FAILED, _S.CANCELLED})
_UNDONE = frozenset({_S.FAILED, _S.CANCELLED, _S.NEEDS_HUMAN})

TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    _S.QUEUED: frozenset({_S.CLAIMED, _S.HELD, _S.CANCELLED}),
    _S.HELD: frozenset({_S.QUEUED, _S.CANCELLED}),
    # needs_human before the start is for records that a damaged store may have set back
    _S.CLAIMED: _UNDONE | WAITING | {_S.UPLOADING},
    _S.UPLOADING: _UNDONE | WAITING | {_S.UPLOADED},
    _S.UPLOADED: _UNDONE | WAITING | {_S.STARTING},
    # back into the queue only when the start certainly did not happen (starting/closing.py)
    _S.STARTING: _RESULTS | WAITING | {_S.PRINTING, _S.PAUSED, _S.NEEDS_HUMAN},
    _S.PRINTING: _RESULTS | {_S.PAUSED, _S.NEEDS_HUMAN},
    _S.PAUSED: _RESULTS | {_S.PRINTING, _S.NEEDS_HUMAN},
    # and when a person saw that it did not, with the file proved gone (starting/doubt.py)
    _S.NEEDS_HUMAN: _RESULTS | {_S.PRINTING, _S.PAUSED, _S.QUEUED},
    _S.FINISHED: frozenset(),
    _S.FAILED: frozenset({_S.QUEUED}),  # a person says "again"
    _S.CANCELLED: frozenset({_S.QUEUED}),
}


class IllegalTransition(Exception):
    """A bug, not an operator's mistake: this state cannot follow that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    at: float  # epoch s
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    code: str
    text: str  # for the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the printer showed when the job claimed it; what shows the same later proves nothing."""

    state: str = ""  # PrinterState.value
    name: str = ""
    file: str = ""
    task_id: str = ""
    subtask_id: str = ""
    faults: tuple[str, ...] = ()  # codes that stood already
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A past attempt of a job: what was tried where, and how it ended."""

    number: int
    printer_id: str
    token: int
    remote_name: str
    outcome: str  # JobState.value of its end, or "not_started" when it went back into the queue
    claimed_at: float | None = None
    started_at: float | None = None  # None = it never came to the intent
    ended_at: float | None = None
    baseline: Baseline = field(default_factory=Baseline)
    error: JobError | None = None
    evidence: tuple[Evidence, ...] = ()
    result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One plate to print, on one printer at a time. Never edited, only replaced.

    The fields below "attempt" are those of the present (or last) attempt; the ones before it are
    in ``attempts``. A job of several copies gives every copy but the last to a job of its own
    (``series`` is then the first one's id), so that copies can be printed side by side.
    """

    id: str  # "j-12"
    state: JobState = JobState.CLAIMED
    rev: int = 1
    # what to print
    file_id: str
    file_name: str
    kind: str = "gcode.3mf"  # of the print file
    sha256: str = ""
    md5: str = ""
    size_bytes: int = 0
    plate: int = 1
    plates: int = 1
    seconds: int | None = None  # the slicer's estimate
    picture: bool = True  # the file has a thumbnail of this plate
    options: Mapping[str, bool] = field(default_factory=dict)
    confirm: tuple[str, ...] = ()
    created_at: float = 0.0
    created_by: str = ""
    notes: str = ""
    # the queue
    from_queue: bool = False  # False: a direct start, which never waits
    target: Target = field(default_factory=Target)
    copies: int = 1  # wanted
    made: int = 0  # finished, those of its own series included
    handed: int = 0  # copies that became jobs of their own
    series: str = ""
    priority: int = 0  # -10 to 10, higher first
    rank: float = 0.0  # by hand among the same priority, lower first
    waiting_since: float = 0.0  # epoch s; ageing counts from here
    by_hand: bool = False  # somebody put it where it is
    not_before: float | None = None  # epoch s
    deadline: float | None = None  # epoch s; until when it is to be done
    filaments: tuple[FilamentWish, ...] = ()  # what it has to be made of, besides the file's word
    ams_wanted: tuple[int, ...] | None = None  # a person's mapping, None = the farm proposes
    tries: int = 0  # attempts in a row that came to no start
    attempts: tuple[Attempt, ...] = ()
    # the attempt
    attempt: int = 1
    printer_id: str = ""  # "" while it waits
    claimed_at: float | None = None
    started_at: float | None = None  # when the intent to start was written
    finished_at: float | None = None
    token: int = 0
    remote_name: str = ""
    staged: bool = False  # its file lay on the printer when it was claimed (starting/staging.py)
    ams_mapping: tuple[int, ...] = ()
    baseline: Baseline = field(default_factory=Baseline)
    upload_percent: int | None = None  # published, not written for its own sake
    error: JobError | None = None
    evidence: tuple[Evidence, ...] = ()
    result: str = ""  # sentence, once ended
    stop_sent_at: float | None = None  # we sent Stop: its end is a cancellation
    alias: str = ""  # identity a person vouched for as this job

    @property
    def left(self) -> int:
        """Copies that are still this job's own to print, the present one included."""
        return self.copies - self.handed

    def noted(self, at: float, text: str) -> Job:
        """With one more piece of evidence (the oldest of very many are dropped)."""
        if self.evidence and self.evidence[-1].text == text:
            return self
        return replace(self, evidence=(*self.evidence, Evidence(at=at, text=text))[-MAX_EVIDENCE:])


def advance(job: Job, state: JobState, **changes: Any) -> Job:
    """``job`` in its next state. Raises IllegalTransition for a step that is not in the table."""
    if state not in TRANSITIONS[job.state]:
        raise IllegalTransition(f"{job.id}: {job.state.value} -> {state.value}")
    return replace(job, state=state, **changes)


def archived(job: Job, outcome: str, at: float) -> Job:
    """The job ready for another attempt, with the present one kept among its past ones."""
    past = Attempt(
        number=job.attempt,
        printer_id=job.printer_id,
        token=job.token,
        remote_name=job.remote_name,
        outcome=outcome,
        claimed_at=job.claimed_at,
        started_at=job.started_at,
        ended_at=job.finished_at or at,
        baseline=job.baseline,
        error=job.error,
        evidence=job.evidence,
        result=job.result,
    )
    attempts = (*job.attempts, past)[-MAX_ATTEMPTS:] if job.printer_id else job.attempts
    return replace(
        job,
        attempts=attempts,
        attempt=job.attempt + (1 if job.printer_id else 0),
        printer_id="",
        claimed_at=None,
        started_at=None,
        finished_at=None,
        token=0,
        remote_name="",
        staged=False,
        ams_mapping=(),
        baseline=Baseline(),
        upload_percent=None,
        evidence=(),
        result="",
        stop_sent_at=None,
        alias="",
    )
