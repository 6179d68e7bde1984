"""Upload & Start: a library file, or a file in the same call, on one printer."""

from __future__ import annotations

from flask import Blueprint, Response, g

from core.errors import BadRequest, FarmError
from web.errors import json_response
from web.fields import json_body
from web.files_api import receive
from web.printers_api import note
from web.schemas import StartRequest, form_fields, read_start
from web.services import services

blueprint = Blueprint("start", __name__)


def start(printer_id: str, wanted: StartRequest) -> Response:
    """202 with the job's id; the transfer and the start go on in the job's own thread."""
    s = services()
    try:
        job = s.jobs.start_file(
            printer_id,
            wanted.file_id,
            wanted.plate,
            ams_mapping=wanted.ams_mapping,
            options=wanted.options,
            confirm=wanted.confirm,
            created_by=g.get("user", ""),
        )
    except FarmError as error:
        note(printer_id, "refused", f"start refused: {error.message}", "warn")
        raise
    note(printer_id, "command", f"start of {job.file_name} accepted")
    response = json_response({"job_id": job.id, "file_id": wanted.file_id}, 202)
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return response


@blueprint.post("/api/printers/<printer_id>/start")
def start_file(printer_id: str) -> Response:
    services().fleet.snapshot(printer_id)
    return start(printer_id, read_start(json_body(optional=False)))


@blueprint.post("/api/upload-and-start")
def upload_and_start() -> Response:
    stored, _, form = receive()
    printer_id = form.pop("printer_id", "")
    if not printer_id:
        raise BadRequest("The form field 'printer_id' is missing.", details={"field": "printer_id"})
    services().fleet.snapshot(printer_id)
    return start(printer_id, read_start(form_fields(form), stored.id))
