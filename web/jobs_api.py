"""Jobs: what the farm has started, and what a person decides about an uncertain one."""

from __future__ import annotations

from flask import Blueprint, Response

from web.errors import json_response
from web.fields import json_body
from web.job_json import job_json
from web.services import services

blueprint = Blueprint("jobs", __name__)
OUTCOMES = ("printing", "not_started", "give_up")


@blueprint.get("/api/jobs")
def listing() -> Response:
    jobs = services().jobs
    return json_response({"rev": jobs.revision, "jobs": [job_json(job) for job in jobs.jobs()]})


@blueprint.post("/api/jobs/acknowledge")
def acknowledge() -> Response:
    """A person has read farm.trouble and looked at the printers: starts are allowed again."""
    json_body(optional=True).done()
    services().jobs.acknowledge()
    return json_response({"ok": True})


@blueprint.get("/api/jobs/<job_id>")
def one(job_id: str) -> Response:
    return json_response(job_json(services().jobs.job(job_id)))


@blueprint.post("/api/jobs/<job_id>/resolve")
def resolve(job_id: str) -> Response:
    """{"outcome": "printing|not_started|give_up", "rev"}: a stale rev is refused (409)."""
    fields = json_body(optional=False)
    outcome = fields.choice("outcome", OUTCOMES)
    revision = fields.whole("rev", 0, 2**53)
    fields.done()
    return json_response(job_json(services().jobs.resolve(job_id, outcome, revision)))
