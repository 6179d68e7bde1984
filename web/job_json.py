"""A job as the API shows it (ui.md section 9, api.md "Bodies")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from web.panel_parts import thumbnail_url

if TYPE_CHECKING:
    from job_queue.job import Job


def job_json(job: Job) -> dict[str, Any]:
    """What a person may know of a job; nothing in it is secret."""
    ended = job.state.has_ended
    why = job.error.text if job.error else ""
    return {
        "id": job.id,
        "rev": job.rev,
        "state": job.state.value,
        "file_id": job.file_id,
        "name": job.file_name,
        "plate": job.plate,
        "plates": job.plates,
        "copies": job.copies,
        "made": job.made,
        "target": job.target.as_json(),
        "printer_id": job.printer_id,
        "attempt": job.attempt,
        "seconds": job.seconds,
        "created_at": job.created_at,
        "created_by": job.created_by,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "upload_percent": None if ended else job.upload_percent,
        "options": dict(job.options),
        "ams_mapping": list(job.ams_mapping),
        "result": job.result,
        "error": {"code": job.error.code, "text": job.error.text} if job.error else None,
        "why": [{"printer_id": job.printer_id, "code": job.error.code, "text": why}]
        if job.error and not ended
        else [],
        "evidence": [{"at": item.at, "text": item.text} for item in job.evidence],
        "thumb": thumbnail_url(job.file_id, job.plate) if job.picture else None,
    }
