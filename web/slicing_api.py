"""Slicing: what slices, what waits and runs, and a new wish."""

from __future__ import annotations

from flask import Blueprint, Response, g

from web.errors import json_response
from web.fields import json_body
from web.services import services
from web.slicing_bodies import engines_json, read_request, seat_of, task_json

blueprint = Blueprint("slicing", __name__)


@blueprint.get("/api/slicing")
def overview() -> Response:
    slicing = services().slicing
    return json_response(
        {
            "enabled": slicing.enabled,
            "why": slicing.why_not(),
            "engines": engines_json(slicing),
            "tasks": [task_json(task) for task in slicing.tasks()],
        }
    )


@blueprint.post("/api/slicing")
def submit() -> Response:
    """202: it waits in the line; GET the task to follow it."""
    s = services()
    s.slicing.require_on()
    wanted = read_request(json_body(optional=False))
    seat = None
    if wanted.printer_id is not None:
        seat = seat_of(s.fleet.snapshot(wanted.printer_id))
    task = s.slicing.submit(wanted, seat, g.get("user", ""))
    response = json_response(task_json(task), 202)
    response.headers["Location"] = f"/api/slicing/{task.id}"
    return response


@blueprint.get("/api/slicing/<task_id>")
def one(task_id: str) -> Response:
    return json_response(task_json(services().slicing.task(task_id)))


@blueprint.delete("/api/slicing/<task_id>")
def cancel(task_id: str) -> Response:
    """Break it off; one that has ended is taken off the list."""
    services().slicing.cancel(task_id)
    return Response(status=204)
