"""Liveness, the farm's status, one printer's status, history, events and diagnostics."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from core import jsonio
from core.errors import BadRequest, NotFound
from web.errors import json_response
from web.services import services
from web.status_body import status_body

blueprint = Blueprint("status", __name__)


def printer_doc(printer_id: str) -> dict[str, Any]:
    """The Printer JSON. Raises NotFound."""
    doc = services().hub.state.docs.get(printer_id)
    if doc is None:
        services().fleet.snapshot(printer_id)  # raises NotFound with the farm's sentence
        raise NotFound(f"{printer_id} has no status yet.", code="printer_not_found")
    return dict(doc)


def one_of_query() -> str:
    """The printer named by ``?printer_id=``; the only printer of the farm when there is one."""
    printer_id = request.args.get("printer_id", "")
    if printer_id:
        return printer_id
    known = [config.id for config in services().config.printers]
    if len(known) == 1:
        return known[0]
    raise BadRequest("Name the printer with ?printer_id=.", details={"field": "printer_id"})


@blueprint.get("/api/")
def alive() -> Response:
    return Response("OK", mimetype="text/plain")


@blueprint.get("/healthz")
def health() -> Response:
    s = services()
    online = sum(known.status.state.is_connected for known in s.registry.all())
    return json_response(
        {
            "status": "ok",
            "version": s.version,
            "uptime_s": round(s.clock.time() - s.started_at),
            "printers": {"total": len(s.config.printers), "online": online},
        }
    )


@blueprint.get("/api/status")
def status() -> Response:
    if "printer_id" in request.args:
        return json_response(printer_doc(request.args["printer_id"]))
    state = services().hub.state
    etag = f'"{state.seq}"'
    if request.headers.get("If-None-Match") == etag:
        response = Response(status=304)
    else:
        response = Response(status_body().status(state), mimetype="application/json")
    response.headers["ETag"] = etag
    return response


@blueprint.get("/api/printer/<printer_id>")
def printer(printer_id: str) -> Response:
    return json_response(printer_doc(printer_id))


@blueprint.get("/api/printers/<printer_id>/temps")
def temperatures(printer_id: str) -> Response:
    services().fleet.snapshot(printer_id)
    fine = request.args.get("range", "") != "long"
    return json_response({"printer_id": printer_id, **services().history.read(printer_id, fine)})


@blueprint.get("/api/printers/<printer_id>/events")
def events(printer_id: str) -> Response:
    services().fleet.snapshot(printer_id)
    return json_response({"printer_id": printer_id, "events": services().hub.events.of(printer_id)})


@blueprint.get("/api/printers/<printer_id>/files")
def files(printer_id: str) -> Response:
    folder = request.args.get("folder", "/")
    if len(folder) > 200 or not folder.startswith("/") or ".." in folder or "\0" in folder:
        raise BadRequest("The folder must be an absolute path without '..'.")
    found = services().fleet.list_files(printer_id, folder)
    return json_response({"printer_id": printer_id, "folder": folder, "files": found})


@blueprint.get("/api/printers/<printer_id>/diag")
def diagnostics_of(printer_id: str) -> Response:
    return json_response(diagnose(printer_id))


def diagnose(printer_id: str) -> dict[str, Any]:
    """The adapter's diagnostics as plain JSON data; secrets are typed and print as ***."""
    found = services().fleet.diagnostics(printer_id)
    parsed = jsonio.loads(jsonio.dumps(dict(found)))
    return {"printer_id": printer_id, "diagnostics": parsed, "last_job": _last_job(printer_id)}


def _last_job(printer_id: str) -> dict[str, Any] | None:
    """How the farm's last job there ended, with the code and the sentence of why."""
    jobs = [job for job in services().jobs.jobs() if job.printer_id == printer_id]
    ended = [job for job in jobs if job.state.has_ended and job.finished_at is not None]
    last = max(ended, key=lambda job: job.finished_at or 0.0, default=None)
    if last is None:
        return None
    error = last.error
    return {
        "id": last.id,
        "name": last.file_name,
        "state": last.state.value,
        "finished_at": last.finished_at,
        "result": last.result,
        "fail_reason": {"code": error.code, "text": error.text} if error else None,
    }
