"""When each job starts and ends on which printer, and when all is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from web.errors import json_response
from web.services import services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from job_queue.forecast.prediction import Forecast, Lane, Outcome, Planned, Running
    from job_queue.forecast.scoring import Grade
    from job_queue.job import Job

blueprint = Blueprint("forecast", __name__)


@blueprint.get("/api/dispatch/forecast")
def forecast() -> Response:
    """Worked out anew at most every two seconds, however many ask. Times are epoch seconds; null:
    nobody can tell. ``why``: nothing is sent now, and the times are those of a queue that runs."""
    s = services()
    found = s.forecaster.current()
    view = s.jobs.view()
    why = s.dispatcher.closed(view)
    document = {
        **forecast_json(found, view.jobs),
        "partial": s.forecaster.partial or found.pending > 0,
        "why": {"code": why.code, "text": why.text} if why else None,
        "clear_s": round(s.forecaster.clear_s),
        "score": [_grade(grade) for grade in s.forecaster.grades()],
    }
    return json_response(document)


def forecast_json(found: Forecast, jobs: Mapping[str, Job]) -> dict[str, Any]:
    """Jobs that are gone since it was made keep their id as their name."""
    names = {job_id: job.file_name for job_id, job in jobs.items()}
    return {
        "at": found.at,
        "all_done_at": _whole(found.all_done_at),
        "all_done_p90": _whole(found.all_done_p90),
        "pending": found.pending,
        "beyond": found.beyond,
        "unknown": found.unknown,
        "lanes": [_lane(lane, found.at) for lane in found.lanes],
        "jobs": {
            job_id: {"name": names.get(job_id, job_id), **_outcome(outcome)}
            for job_id, outcome in found.jobs.items()
        },
        "late": [job_id for job_id, outcome in found.jobs.items() if outcome.late],
        "never": [
            {"job_id": i, "name": names.get(i, i), "code": reason.code, "text": reason.text}
            for i, reason in found.never
        ],
        "never_count": found.never_count,
    }


def _whole(at: float | None) -> int | None:
    return None if at is None else round(at)


def _lane(lane: Lane, at: float) -> dict[str, Any]:
    return {
        "printer_id": lane.printer_id,
        "name": lane.name,
        "now": _running(lane.running, at) if lane.running else None,
        "out": {"code": lane.out.code, "text": lane.out.text} if lane.out else None,
        "jobs": [_planned(item) for item in lane.planned],
    }


def _running(running: Running, at: float) -> dict[str, Any]:
    left = running.left
    return {
        "job_id": running.job_id or None,
        "name": running.name,
        "start": _whole(running.started_at),
        "end": None if left is None else round(at + left.p50),
        "end_p90": None if left is None else round(at + left.p90),
    }


def _planned(item: Planned) -> dict[str, Any]:
    return {
        "job_id": item.job_id,
        "copy": item.copy,
        "start": round(item.start),
        "start_p90": round(item.start_p90),
        "end": _whole(item.end),
        "end_p90": _whole(item.end_p90),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "start": round(outcome.start),
        "end": _whole(outcome.end),
        "end_p90": _whole(outcome.end_p90),
        "placed": outcome.placed,
        "left": outcome.left,
        "printers": list(outcome.printers),
        "deadline": outcome.deadline,
        "late": outcome.late or None,
    }


def _grade(grade: Grade) -> dict[str, Any]:
    return {
        "kind": grade.kind,
        "count": grade.count,
        "within_p90": round(grade.within_p90, 3),
        "early": round(grade.early, 3),
        "error_s": round(grade.error_s),
        "share": round(grade.share, 3),
    }
