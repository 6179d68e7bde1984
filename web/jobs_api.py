"""The queue: jobs that wait, what the farm has started, and what people decide about both."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request

from core.errors import BadRequest
from web import older_uploads
from web.errors import json_response
from web.fields import Fields, json_body
from web.job_fields import read_changes, read_job, read_rev
from web.job_json import job_json, reasons_json, with_all
from web.services import services

if TYPE_CHECKING:
    from job_queue.job import Job

blueprint = Blueprint("jobs", __name__)
WHY_LISTED = 20
OUTCOMES = ("printing", "not_started", "give_up", "finished", "failed")


def shown(job: Job, status: int = 200) -> Response:
    """The job with every reason why it waits."""
    s = services()
    reasons = s.dispatcher.explain(job)
    return json_response(with_all(job, s.jobs.outlook(job.id), reasons), status)


@blueprint.get("/api/jobs")
def listing() -> Response:
    """All jobs on record; of a waiting one the first reasons, GET /api/jobs/JID has them all."""
    s = services()
    jobs, rev = s.jobs.jobs(), s.jobs.revision
    docs = {job.id: job_json(job, s.jobs.outlook(job.id)) for job in jobs}
    if any(job.state.is_waiting for job in jobs):
        for job, reasons in s.dispatcher.standing().jobs:
            if job.id in docs and docs[job.id]["rev"] == job.rev:
                docs[job.id]["why"] = reasons_json(reasons[:WHY_LISTED])
    return json_response({"rev": rev, "jobs": list(docs.values())})


@blueprint.post("/api/jobs")
def add() -> Response:
    """JSON: a library file into the queue. A form with a file is the earlier dashboard's way."""
    if request.mimetype == "multipart/form-data":
        return older_uploads.add_job()
    wishes = read_job(json_body(optional=False))
    job = services().jobs.add(**wishes, created_by=g.get("user", ""))
    response = shown(job, 201)
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return response


@blueprint.post("/api/jobs/acknowledge")
def acknowledge() -> Response:
    """A person has read farm.trouble and looked at the printers: starts are allowed again."""
    json_body(optional=True).done()
    services().jobs.acknowledge()
    return json_response({"ok": True})


@blueprint.post("/api/jobs/order")
def order() -> Response:
    """{"id", "before": id or null (= at the end), "rev"}."""
    fields = json_body(optional=False)
    job_id = fields.text("id", longest=40)
    before = fields.text("before", "", longest=40) or None
    return shown(services().jobs.desk.place(job_id, before, read_rev(fields)))


@blueprint.get("/api/jobs/<job_id>")
def one(job_id: str) -> Response:
    return shown(services().jobs.job(job_id))


@blueprint.patch("/api/jobs/<job_id>")
def edit(job_id: str) -> Response:
    rev, changes = read_changes(json_body(optional=False))
    return shown(services().jobs.desk.edit(job_id, rev, changes))


@blueprint.delete("/api/jobs/<job_id>")
def remove(job_id: str) -> Response:
    """``?rev=``: only if nobody has changed it since. It stays in the list, as cancelled."""
    rev = request.args.get("rev", "")
    if rev and not (rev.isascii() and rev.isdigit()):
        raise BadRequest("The rev must be a number.")
    by = g.get("user", "")
    return shown(services().jobs.remove(job_id, int(rev) if rev else None, by=by))


def _act(name: str, act: Callable[[str, int | None], Job], status: int = 200) -> None:
    def view(job_id: str) -> Response:
        return shown(act(job_id, read_rev(json_body())), status)

    rule = f"/api/jobs/<job_id>/{name}"
    blueprint.add_url_rule(rule, endpoint=name, view_func=view, methods=["POST"])


_act("hold", lambda job_id, rev: services().jobs.desk.hold(job_id, rev))
_act("release", lambda job_id, rev: services().jobs.desk.release(job_id, rev))
_act("retry", lambda job_id, rev: services().jobs.desk.retry(job_id, rev))


@blueprint.post("/api/jobs/<job_id>/duplicate")
def duplicate(job_id: str) -> Response:
    json_body().done()
    job = services().jobs.desk.duplicate(job_id, created_by=g.get("user", ""))
    response = shown(job, 201)
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return response


@blueprint.post("/api/jobs/<job_id>/resolve")
def resolve(job_id: str) -> Response:
    """{"outcome": one of OUTCOMES, "rev"}: a stale rev is refused (409)."""
    fields: Fields = json_body(optional=False)
    outcome = fields.choice("outcome", OUTCOMES)
    revision = fields.whole("rev", 0, 2**53)
    fields.done()
    return shown(services().jobs.resolve(job_id, outcome, revision))
