"""What was printed: pages of ended attempts, statistics, and both as files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request, send_file

from cameras.final_photos import photo_name
from core.errors import BadRequest, NotFound
from job_queue.history.attempts import RESULTS
from job_queue.history.wanted import Wanted
from web import history_files
from web.errors import json_response
from web.history_json import Shelf, place_from, place_json, statistics_json
from web.services import services

if TYPE_CHECKING:
    from collections.abc import Collection

blueprint = Blueprint("history", __name__)
_FILTERS = frozenset({"printer_id", "result", "from", "to", "q"})
_LIMIT, _MOST = 50, 500
_LONGEST = 200
_LATEST = 253_370_764_800.0  # the year 9999


@blueprint.get("/api/history")
def listing() -> Response:
    """Newest first; ``next`` is the ``before`` of the following page, null = that is all."""
    wanted = _wanted(_FILTERS | {"limit", "before"})
    history = services().archive
    page = history.page(wanted, _limit(), place_from(request.args.get("before", "")))
    shelf = Shelf(services().library, services().photos)
    return json_response(
        {
            "records": [shelf.record_json(record) for record in page.records],
            "next": place_json(page.next),
            "problems": list(history.problems),
        }
    )


@blueprint.get("/api/history.csv")
def as_csv() -> Response:
    """All of them, oldest first, for a spreadsheet."""
    return history_files.csv_response(services().archive.all(_wanted(_FILTERS)), _file_name("csv"))


@blueprint.get("/api/history.json")
def as_json() -> Response:
    """All of them, oldest first, for another program."""
    return history_files.json_response(
        services().archive.all(_wanted(_FILTERS)), _file_name("json")
    )


@blueprint.get("/api/history/<job_id>/<int:attempt>/photo")
def photo(job_id: str, attempt: int) -> Response:
    """The picture of the print's end."""
    path = services().photos.path(photo_name(job_id, attempt))
    if path is None:
        raise NotFound("There is no photo of this print.", code="photo_not_found")
    response = send_file(path, mimetype="image/jpeg", conditional=True, max_age=86_400)
    response.headers["Cache-Control"] = "private, max-age=86400"  # it never changes
    return response


@blueprint.get("/api/stats")
def stats() -> Response:
    """Sums over the prints that ended in this time, per printer and month (UTC)."""
    wanted = _wanted(frozenset({"printer_id", "from", "to"}))
    return json_response(
        {
            "from": wanted.since,
            "to": wanted.until,
            **statistics_json(services().archive.statistics(wanted)),
        }
    )


def _file_name(ending: str) -> str:
    today = datetime.fromtimestamp(services().clock.time(), UTC)
    return f"print-history-{today:%Y-%m-%d}.{ending}"


# -- the query -------------------------------------------------------------------------------------


def _wanted(known: Collection[str]) -> Wanted:
    """Raises BadRequest for what is not understood: a filter that is ignored would lie."""
    unknown = sorted(set(request.args) - set(known))
    if unknown:
        raise BadRequest(
            f"Unknown parameter: {unknown[0][:60]!r}. Known are {', '.join(sorted(known))}.",
            details={"unknown": unknown[:10]},
        )
    result = _text("result")
    if result and result not in RESULTS:
        raise BadRequest(f"The result must be one of {', '.join(RESULTS)}.")
    return Wanted(
        printer_id=_text("printer_id"),
        result=result,
        since=_time("from"),
        until=_time("to"),
        text=_text("q").strip(),
    )


def _text(name: str) -> str:
    value = request.args.get(name, "")
    if len(value) > _LONGEST:
        raise BadRequest(f"The parameter {name!r} is at most {_LONGEST} characters long.")
    return value


def _time(name: str) -> float | None:
    """Epoch seconds, or a date or time in ISO 8601 (UTC unless it says otherwise)."""
    value = _text(name)
    if not value:
        return None
    try:
        at = _seconds(value)
    except ValueError:
        at = -1.0
    if not 0 <= at <= _LATEST:
        raise BadRequest(
            f"The parameter {name!r} must be epoch seconds or a date such as 2026-11-21."
        )
    return at


def _seconds(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _limit() -> int:
    value = request.args.get("limit", str(_LIMIT))
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:9]) <= _MOST:
        raise BadRequest(f"The limit must be a number from 1 to {_MOST}.")
    return int(value)
