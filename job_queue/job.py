"""A job, its states, and the one table of legal transitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

MAX_EVIDENCE = 40


class JobState(Enum):
    """One attempt's life. Everything before STARTING has certainly not moved the printer."""

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

    @property
    def has_ended(self) -> bool:
        return self in ENDED

    @property
    def is_before_start(self) -> bool:
        """Nothing has been asked of the printer but to store a file."""
        return self in BEFORE_START


_S = JobState
ENDED = frozenset({_S.FINISHED, _S.FAILED, _S.CANCELLED})
BEFORE_START = frozenset({_S.CLAIMED, _S.UPLOADING, _S.UPLOADED})
_RESULTS = frozenset({_S.FINISHED, _S.FAILED, _S.CANCELLED})
_UNDONE = frozenset({_S.FAILED, _S.CANCELLED, _S.NEEDS_HUMAN})

TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    # needs_human before the start is for records that a damaged store may have set back
    _S.CLAIMED: _UNDONE | {_S.UPLOADING},
    _S.UPLOADING: _UNDONE | {_S.UPLOADED},
    _S.UPLOADED: _UNDONE | {_S.STARTING},
    _S.STARTING: _RESULTS | {_S.PRINTING, _S.PAUSED, _S.NEEDS_HUMAN},
    _S.PRINTING: _RESULTS | {_S.PAUSED, _S.NEEDS_HUMAN},
    _S.PAUSED: _RESULTS | {_S.PRINTING, _S.NEEDS_HUMAN},
    _S.NEEDS_HUMAN: _RESULTS | {_S.PRINTING, _S.PAUSED},
    _S.FINISHED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
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
class Job:
    """One attempt to print one plate on one printer. Never edited, only replaced."""

    id: str  # "j-12"
    attempt: int = 1
    state: JobState = JobState.CLAIMED
    rev: int = 1
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
    printer_id: str
    target: str = ""  # how the printer was chosen: its id, for a direct start
    created_at: float = 0.0
    created_by: str = ""
    started_at: float | None = None  # when the intent to start was written
    finished_at: float | None = None
    token: int = 0
    remote_name: str = ""
    ams_mapping: tuple[int, ...] = ()
    options: Mapping[str, bool] = field(default_factory=dict)
    confirm: tuple[str, ...] = ()
    baseline: Baseline = field(default_factory=Baseline)
    upload_percent: int | None = None  # published, not written for its own sake
    error: JobError | None = None
    evidence: tuple[Evidence, ...] = ()
    result: str = ""  # sentence, once ended
    stop_sent_at: float | None = None  # we sent Stop: its end is a cancellation
    alias: str = ""  # identity a person vouched for as this job

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
