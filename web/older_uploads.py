"""The earlier dashboard's uploads: into the library, or straight onto one printer."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from core.errors import BadRequest, FarmError
from web.errors import farm_error, json_response
from web.files_api import receive
from web.older_api import ok
from web.printers_api import note
from web.services import services
from web.status_api import one_of_query

blueprint = Blueprint("older_uploads", __name__)


@blueprint.errorhandler(FarmError)
def refused(error: FarmError) -> Response:
    return farm_error(error, ok=False)


@blueprint.post("/api/upload")
def upload() -> Response:
    """Into the library; with ``start=1`` it is started on the printer as well."""
    stored, _, _ = receive()
    if request.args.get("start", "").lower() not in ("1", "true", "yes"):
        return ok(file_id=stored.id, filename=stored.name)
    return start_one(stored.id, one_of_query())


@blueprint.post("/api/jobs")
def add_job() -> Response:
    """The earlier form: a file for one printer, started directly."""
    stored, _, _ = receive()
    return start_one(stored.id, one_of_query())


def start_one(file_id: str, printer_id: str) -> Response:
    plate = request.args.get("plate", "1")
    if not plate.isascii() or not plate.isdigit() or not 1 <= int(plate) <= 64:
        raise BadRequest("The plate must be a number from 1 to 64.")
    job = services().jobs.start_file(
        printer_id,
        file_id,
        int(plate),
        ams_mapping=None,
        options={},
        confirm=(),
        created_by=g.get("user", ""),
    )
    note(printer_id, "command", f"start of {job.file_name} accepted")
    return json_response(
        {"ok": True, "job_id": job.id, "file_id": file_id, "printer_id": printer_id}, 202
    )
