"""One wish to slice and how far it is, as frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    WAITING = "waiting"
    SLICING = "slicing"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRequest:
    """What a person asks for, by names."""

    file_id: str
    set: str
    machine: str
    process: str
    filaments: tuple[str, ...]
    plate: int = 0  # of a project: 1…64, 0 = the only one
    printer_id: str | None = None  # whom it is for, when it is for one
    engine: str = "auto"
    bed_type: str = ""  # "" = as in the presets
    queue: Mapping[str, Any] | None = None  # what the job queue is to do with the result


@dataclass(frozen=True, slots=True)
class TaskError:
    code: str
    text: str  # a sentence for the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A request and where it stands."""

    id: str  # 32 hex digits
    request: SliceRequest
    name: str  # the model's
    created_at: float  # epoch s
    created_by: str = ""
    state: State = State.WAITING
    percent: int | None = None  # 0–100, never falls; None = not told
    text: str = ""  # what the slicer says it is doing
    engine: str = ""  # who slices it, "" until it begins
    result_file_id: str | None = None
    job_id: str | None = None
    error: TaskError | None = None
    warnings: tuple[str, ...] = field(default=())
    ended_at: float | None = None
