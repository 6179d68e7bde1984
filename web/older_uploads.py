"""The earlier dashboard's uploads: into the library, into the queue, or straight onto a printer."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from core.errors import BadRequest, FarmError
from job_queue.target import Target
from web.errors import farm_error, json_response
from web.files_api import receive
from web.older_api import ok
from web.printers_api import note
from web.services import services
from web.status_api import one_of_query

blueprint = Blueprint("older_uploads", __name__)
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


@blueprint.errorhandler(FarmError)
def refused(error: FarmError) -> Response:
    return farm_error(error, ok=False)


@blueprint.post("/api/upload")
def upload() -> Response:
    """Into the library; with ``start=1`` it is started on the printer as well."""
    stored, _, _ = receive()
    if request.args.get("start", "").lower() not in _YES:
        return ok(file_id=stored.id, filename=stored.name)
    return start_one(stored.id, one_of_query())


def add_job() -> Response:
    """POST /api/jobs with a file (the route is jobs_api's): queued for ``printer_id``; without one
    for whichever printer is free, or held until somebody chooses when ``auto_assign`` is off."""
    try:
        return _add_job()
    except FarmError as error:
        return refused(error)


def _add_job() -> Response:
    printer_id = request.args.get("printer_id", "")
    chooses = _flag("auto_assign", services().config.dispatch.auto_assign)
    plate = _plate()
    if printer_id:
        services().fleet.snapshot(printer_id)
    stored, _, _ = receive()
    job = services().jobs.add(
        stored.id,
        plate,
        Target.printer(printer_id) if printer_id else Target(),
        held=not printer_id and not chooses,
        created_by=g.get("user", ""),
    )
    return json_response(
        {
            "ok": True,
            "job_id": job.id,
            "file_id": stored.id,
            "printer_id": printer_id or None,
            "state": job.state.value,
        },
        202,
    )


def _flag(name: str, default: bool) -> bool:
    value = request.args.get(name, "").lower()
    if value and value not in _YES | _NO:
        raise BadRequest(f"The field {name!r} must be 1 or 0.", details={"field": name})
    return value in _YES if value else default


def _plate() -> int:
    plate = request.args.get("plate", "1")
    if not plate.isascii() or not plate.isdigit() or not 1 <= int(plate) <= 64:
        raise BadRequest("The plate must be a number from 1 to 64.")
    return int(plate)


def start_one(file_id: str, printer_id: str) -> Response:
    job = services().jobs.start_file(
        printer_id,
        file_id,
        _plate(),
        ams_mapping=None,
        options={},
        confirm=(),
        created_by=g.get("user", ""),
    )
    note(printer_id, "command", f"start of {job.file_name} accepted")
    return json_response(
        {"ok": True, "job_id": job.id, "file_id": file_id, "printer_id": printer_id}, 202
    )
