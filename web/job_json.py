"""A job as the API shows it (ui.md section 9, api.md "Bodies")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from job_queue.matching.ordering import latest_start
from web.panel_parts import thumbnail_url

if TYPE_CHECKING:
    from job_queue.job import Attempt, Evidence, Job, JobError
    from job_queue.matching.match import Outlook, Reason


def job_json(job: Job, outlook: Outlook | None = None) -> dict[str, Any]:
    """What a person may know of a job; nothing in it is secret.

    ``outlook``: what the dispatcher last said about a waiting job; its ``why`` has only the first
    reasons. ``with_all`` gives them all.
    """
    waits = outlook if outlook is not None and job.state.is_waiting else None
    return {
        "id": job.id,
        "rev": job.rev,
        "state": job.state.value,
        "file_id": job.file_id,
        "name": job.file_name,
        "kind": job.kind,
        "plate": job.plate,
        "plates": job.plates,
        "copies": job.copies,
        "made": job.made,
        "left": job.left if job.state.is_waiting else 0,
        "series": job.series or None,
        "target": job.target.as_json(),
        "printer_id": job.printer_id or None,
        "from_queue": job.from_queue,
        "priority": job.priority,
        "rank": job.rank,
        "waiting_since": job.waiting_since or None,
        "not_before": job.not_before,
        "deadline": job.deadline,
        "latest_start": latest_start(job),
        "filament": _filament(job),
        "attempt": job.attempt,
        "tries": job.tries,
        "seconds": job.seconds,
        "created_at": job.created_at,
        "created_by": job.created_by,
        "notes": job.notes,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "upload_percent": None if job.state.has_ended else job.upload_percent,
        "options": dict(job.options),
        "ams_mapping": _mapping(job),
        "confirm": list(job.confirm),
        "result": job.result,
        "error": _error(job.error),
        "waits": waits.text if waits else "",
        "why": reasons_json(waits.why) if waits else _why(job),
        "staged_on": (waits.staged_on or None) if waits else None,
        "evidence": _evidence(job.evidence),
        "thumb": thumbnail_url(job.file_id, job.plate) if job.picture else None,
    }


def with_all(job: Job, outlook: Outlook, reasons: Iterable[Reason]) -> dict[str, Any]:
    """As job_json, with every reason why it waits and its past attempts."""
    doc = job_json(job, outlook)
    if job.state.is_waiting:
        doc["why"] = reasons_json(reasons)
    doc["attempts"] = [_attempt(attempt) for attempt in job.attempts]
    return doc


def reasons_json(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """``printer_id`` null: whatever the printer."""
    return [{"printer_id": r.printer_id or None, "code": r.code, "text": r.text} for r in reasons]


def _why(job: Job) -> list[dict[str, Any]]:
    """Of a job that waits for no printer any more: what a person is asked about."""
    if job.error is None or job.state.has_ended:
        return []
    return [{"printer_id": job.printer_id or None, **_told(job.error)}]


def _mapping(job: Job) -> list[int] | None:
    """A person's wish while it waits (null: the farm proposes), then what was chosen."""
    if job.state.is_waiting:
        return None if job.ams_wanted is None else list(job.ams_wanted)
    return list(job.ams_mapping)


def _filament(job: Job) -> list[dict[str, Any]]:
    """What it has to be made of, as it was asked; [] = what the file says, in any colour."""
    return [
        {"index": wish.index, "match": wish.match, "type": wish.type, "color": wish.color}
        for wish in job.filaments
    ]


def _told(error: JobError) -> dict[str, str]:
    return {"code": error.code, "text": error.text}


def _error(error: JobError | None) -> dict[str, str] | None:
    return _told(error) if error else None


def _evidence(items: Iterable[Evidence]) -> list[dict[str, Any]]:
    return [{"at": item.at, "text": item.text} for item in items]


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "printer_id": attempt.printer_id,
        "outcome": attempt.outcome,
        "claimed_at": attempt.claimed_at,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "error": _error(attempt.error),
        "result": attempt.result,
        "evidence": _evidence(attempt.evidence),
    }
