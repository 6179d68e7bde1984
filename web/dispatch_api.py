"""The dispatcher: what it does, why not, and the buttons that make it pass or pause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g

from web.errors import json_response
from web.fields import json_body
from web.job_json import reasons_json
from web.services import services

if TYPE_CHECKING:
    from job_queue.dispatcher import Pass
    from job_queue.matching.advice import Advice
    from job_queue.matching.match import Reason

blueprint = Blueprint("dispatch", __name__)


def _why(reason: Reason | None) -> dict[str, str] | None:
    return {"code": reason.code, "text": reason.text} if reason else None


def _advice(advice: Advice | None) -> dict[str, Any] | None:
    """The one action that would let the most work go on."""
    if advice is None:
        return None
    return {
        "code": advice.code,
        "printer_id": advice.printer_id or None,
        "text": advice.text,
        "jobs": advice.jobs,
        "seconds": round(advice.seconds),
        "job_ids": list(advice.job_ids),
        "stuck": advice.stuck,
    }


def _pass(done: Pass) -> dict[str, Any]:
    return {
        "at": done.at or None,
        "took_ms": round(done.took_s * 1000, 1),
        "sent": [{"job_id": m.job_id, "printer_id": m.printer_id} for m in done.sent],
        "refused": [
            {"job_id": m.job_id, "printer_id": m.printer_id, "code": why.code, "text": why.text}
            for m, why in done.refused
        ],
        "why": _why(done.why),
    }


@blueprint.get("/api/dispatch/status")
def status() -> Response:
    """Per printer: available or the reason; per waiting job: every reason; the last pass."""
    s = services()
    standing = s.dispatcher.standing()
    config, pause = s.dispatcher.config, s.jobs.view().pause
    return json_response(
        {
            "auto": standing.why is None,
            "why": _why(standing.why),
            "enabled": config.enabled,
            "auto_assign": config.auto_assign,
            "interval_s": config.interval_s,
            "paused": {"on": pause.on, "by": pause.by, "at": pause.at},
            "uploads": {"running": standing.uploads, "most": config.max_uploads},
            "last": _pass(standing.last),
            "advice": _advice(s.dispatcher.advice()),
            "printers": [
                {
                    "printer_id": printer.printer_id,
                    "name": printer.name,
                    "ok": printer.closed is None,
                    "code": printer.closed.code if printer.closed else "",
                    "text": printer.closed.text if printer.closed else "",
                    "ready_since": printer.ready_since or None,
                }
                for printer in standing.printers
            ],
            "jobs": [
                {
                    "id": job.id,
                    "rev": job.rev,
                    "state": job.state.value,
                    "name": job.file_name,
                    "why": reasons_json(reasons),
                }
                for job, reasons in standing.jobs
            ],
        }
    )


@blueprint.get("/api/dispatch/hints")
def hints() -> Response:
    """For buttons and lines of the panel: the one act that would free the most work, and what
    would start on each printer whose bed waits for a person."""
    dispatcher = services().dispatcher
    after = dispatcher.after_clearing()
    return json_response(
        {
            "advice": _advice(dispatcher.advice()),
            "next": {name: {"id": job.id, "name": job.file_name} for name, job in after.items()},
        }
    )


@blueprint.post("/api/dispatch/once")
def once() -> Response:
    """One pass now; the answer says what was sent, and why nothing was."""
    json_body().done()
    return json_response(_pass(services().dispatcher.once()))


@blueprint.post("/api/dispatch/pause")
def pause() -> Response:
    return _set(True)


@blueprint.post("/api/dispatch/resume")
def resume() -> Response:
    return _set(False)


def _set(on: bool) -> Response:
    """Durable; what is being sent or printed goes on."""
    json_body().done()
    s = services()
    pause = s.jobs.desk.pause(on, by=g.get("user", ""))
    s.dispatcher.once()
    return json_response({"paused": {"on": pause.on, "by": pause.by, "at": pause.at}})
