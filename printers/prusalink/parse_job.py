"""The job PrusaLink shows, and how it ended.

/api/v1/status carries the job's number and progress, /api/v1/job its file; both are gone the
moment it ends (measured on the Pi, where the state then says FINISHED or STOPPED for 11 s; by the
public sources the firmware says so until someone leaves that screen). Whose end it is follows
from the job seen in the same session just before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from printers.prusalink.values import as_int, as_name, as_number, as_object, as_text
from printers.status import JobProgress

ENDS = {"FINISHED": "finished", "STOPPED": "cancelled"}
REST = frozenset({"IDLE", "READY"})
_YOUNG_S = 15
_MAX_MINUTES = 60 * 24 * 60


@dataclass(frozen=True, slots=True)
class SeenJob:
    """One job by its number. ``file`` is the long name: our own, unique one.

    ``inherited``: the progress a job began with. The Pi shows that of the job before until the
    new file says its own (measured: 99 % in the first seconds), so it is not shown.
    """

    id: int
    name: str = ""
    file: str = ""
    percent: int | None = None
    inherited: float | None = None


def seen_job(reply: Mapping[str, Any]) -> SeenJob | None:
    """From /api/v1/job; None when it names no number."""
    number = as_int(reply.get("id"))
    if number is None:
        return None
    file = as_object(reply.get("file"))
    name = as_name(file.get("display_name")) or as_name(file.get("name"))
    base = name.rsplit("/", 1)[-1]
    return SeenJob(id=number, name=as_text(base), file=base)


def telemetry_of(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """The job in /api/v1/status; empty when there is none."""
    return as_object(status.get("job"))


def job_id(status: Mapping[str, Any]) -> int | None:
    return as_int(telemetry_of(status).get("id"))


def follow(
    status: Mapping[str, Any], word: str, before: SeenJob | None, fetched: SeenJob | None
) -> SeenJob | None:
    """Which job to show from now on. ``fetched``: the answer of /api/v1/job, if it was asked."""
    number = job_id(status)
    if number is None:
        return before if before is not None and before.file and word not in REST else None
    same = before if before is not None and before.id == number else None
    named = fetched if fetched is not None and fetched.id == number else same
    inherited = _inherited(status, same)
    return SeenJob(
        id=number,
        name=named.name if named else "",
        file=named.file if named else "",
        percent=percent_of(status) if inherited is None else None,
        inherited=inherited,
    )


def _inherited(status: Mapping[str, Any], same: SeenJob | None) -> float | None:
    """A young job's first progress above zero, as long as it stays the same."""
    job = telemetry_of(status)
    progress = as_number(job.get("progress"))
    if same is not None:
        return progress if progress == same.inherited else None
    young = (as_number(job.get("time_printing")) or 0) < _YOUNG_S
    return progress if young and progress else None


def renewed(before: SeenJob | None) -> SeenJob | None:
    """For a new session: numbers may begin anew after a restart, so the file is asked again."""
    return replace(before, name="", file="") if before is not None else None


def needs_details(status: Mapping[str, Any], before: SeenJob | None) -> bool:
    """Whether /api/v1/job must be asked: a number whose file is not known yet."""
    number = job_id(status)
    return number is not None and (before is None or before.id != number or not before.file)


def percent_of(status: Mapping[str, Any]) -> int | None:
    """0–99 while it runs, floored."""
    progress = as_number(telemetry_of(status).get("progress"))
    return None if progress is None else max(0, min(99, int(progress)))


def progress_of(seen: SeenJob | None, status: Mapping[str, Any], word: str) -> JobProgress | None:
    """What to show of it. ``word``: the printer's state."""
    if seen is None:
        return None
    running = job_id(status) is not None
    ended = "" if running else ENDS.get(word, "")
    known = seen.percent if running or ended else None  # an old one would look alive
    return JobProgress(
        name=seen.name,
        file=seen.file,
        task_id=f"job:{seen.id}",
        percent=100 if ended == "finished" else known,
        remaining_min=None if seen.inherited is not None else _remaining(status, word),
        ended=ended,
    )


def _remaining(status: Mapping[str, Any], word: str) -> int | None:
    """Minutes, rounded up. The Pi says 0 s before it knows (measured)."""
    seconds = as_int(telemetry_of(status).get("time_remaining"))
    if seconds is None or seconds < 0 or word not in ("PRINTING", "PAUSED"):
        return None
    if seconds == 0 and (percent_of(status) or 0) < 99:
        return None
    minutes = -(-seconds // 60)
    return minutes if minutes <= _MAX_MINUTES else None
