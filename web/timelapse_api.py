"""The gallery of timelapses: what there is, its videos, and making or ending one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, send_file

from cameras.timelapse.manifest import RenderOptions, is_id
from cameras.timelapse.selection import MIN_FRAMES
from core.errors import BadRequest, NotFound
from web.errors import json_response
from web.fields import Fields, json_body
from web.printers_api import accepted, note
from web.services import services

if TYPE_CHECKING:
    from cameras.timelapse.service import Timelapses, View

blueprint = Blueprint("timelapses", __name__)
_LIMIT, _MOST = 50, 200
_KNOWN = frozenset({"printer_id", "limit", "before"})
_TYPES = {".mp4": "video/mp4", ".avi": "video/x-msvideo"}
_WITHOUT_VIDEO = ("failed", "frames_only")
_UNFIT = re.compile(r"[^\w .()-]+")
"""For a file name on any system."""


@blueprint.get("/api/timelapses")
def listing() -> Response:
    """Newest first; ``next`` is the ``before`` of the following page, null = that is all."""
    unknown = sorted(set(request.args) - _KNOWN)
    if unknown:
        raise BadRequest(f"Unknown parameter: {unknown[0][:60]!r}.")
    limit, before = _limit(), request.args.get("before", "")
    if before and not is_id(before):
        raise BadRequest("The parameter 'before' must be the id of a timelapse.")
    found = _timelapses().page(request.args.get("printer_id", ""), limit + 1, before)
    shown = found[:limit]
    following = shown[-1].manifest.id if len(found) > limit else None
    return json_response(
        {
            "timelapses": [view_json(view) for view in shown],
            "next": following,
            "enabled": services().config.timelapse.enabled,
        }
    )


@blueprint.get("/api/timelapses/<timelapse_id>")
def one(timelapse_id: str) -> Response:
    return json_response(view_json(_view(timelapse_id)))


@blueprint.get("/api/timelapses/<timelapse_id>/video")
def video(timelapse_id: str) -> Response:
    """The whole file or a part of it (Range); ``?download=1`` to keep it under its print's name,
    ``?original=1`` as a printer's own came from it."""
    view = _view(timelapse_id)
    path = _timelapses().store.video(view.manifest.id, original=_is_set("original"))
    response = send_file(
        path,
        mimetype=_TYPES.get(path.suffix, "application/octet-stream"),
        as_attachment=_is_set("download"),
        download_name=_file_name(view, path.suffix),
        conditional=True,
        etag=True,
    )
    response.headers["Cache-Control"] = "private, no-cache"  # rendered again, it is another
    if request.method == "HEAD" or response.status_code in (304, 416):
        response.close()  # nobody will read it
    return response


@blueprint.get("/api/timelapses/<timelapse_id>/poster")
def poster(timelapse_id: str) -> Response:
    """Of the video, else the newest frame."""
    view = _view(timelapse_id)
    response = Response(_timelapses().poster(view.manifest.id), mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.delete("/api/timelapses/<timelapse_id>")
def delete(timelapse_id: str) -> Response:
    """With frames and video. One whose video is being made is given up first."""
    _timelapses().delete(_view(timelapse_id).manifest.id)
    return Response(status=204)


@blueprint.post("/api/timelapses/<timelapse_id>/render")
def render(timelapse_id: str) -> Response:
    """Make the video, or make it again; what is not given stays as it was."""
    view = _view(timelapse_id)
    options = read_options(json_body(), _timelapses().usual_options(view.manifest.id))
    return json_response(view_json(_timelapses().render(view.manifest.id, options)), 202)


@blueprint.post("/api/printers/<printer_id>/timelapse")
def switch(printer_id: str) -> Response:
    """Record the print that runs now, or stop recording it."""
    services().fleet.snapshot(printer_id)
    fields = json_body(optional=False)
    on = fields.flag("on")
    fields.done()
    text = _timelapses().set_recording(printer_id, on)
    note(printer_id, "command", f"timelapse {'on' if on else 'off'}")
    return accepted(text)


def read_options(fields: Fields, usual: RenderOptions) -> RenderOptions:
    """Ranges as in the settings."""
    wanted = RenderOptions(
        fps=fields.whole("fps", 5, 60, usual.fps),
        max_s=fields.number("max_s", 2, 600, usual.max_s),
        hold_s=fields.number("hold_s", 0, 30, usual.hold_s),
        deflicker=fields.flag("deflicker", usual.deflicker),
    )
    fields.done()
    return wanted


def view_json(view: View) -> dict[str, Any]:
    """``video``: there is one to play; ``again``: its frames can make another."""
    it = view.manifest
    return {
        "id": it.id,
        "printer_id": it.printer_id,
        "printer": it.printer,
        "camera_id": it.camera_id,
        "origin": it.origin,
        "job": it.job,
        "job_id": it.job_id,
        "state": view.state,
        "progress": None if view.progress is None else round(view.progress, 3),
        "frames": it.frames,
        "gaps": it.gaps,
        "reason": it.reason,
        "started_at": it.started_at,
        "ended_at": it.ended_at,
        "result": it.result,
        "video": bool(it.video),
        "original": bool(it.original),
        "again": it.frames >= MIN_FRAMES and (view.state in _WITHOUT_VIDEO or it.kept),
        "seconds": it.seconds,
        "bytes": it.bytes,
        "error": it.error,
    }


def _timelapses() -> Timelapses:
    return services().timelapses


def _view(timelapse_id: str) -> View:
    """Raises NotFound, also for what can be no id."""
    if not is_id(timelapse_id):
        raise NotFound("There is no such timelapse.", code="timelapse_not_found")
    return _timelapses().get(timelapse_id)


def _is_set(name: str) -> bool:
    return request.args.get(name, "") in ("1", "true")


def _limit() -> int:
    value = request.args.get("limit", str(_LIMIT))
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:9]) <= _MOST:
        raise BadRequest(f"The limit must be a number from 1 to {_MOST}.")
    return int(value)


def _file_name(view: View, suffix: str) -> str:
    begun = datetime.fromtimestamp(view.manifest.started_at, UTC)
    job = " ".join(_UNFIT.sub(" ", view.manifest.job).split())[:80] or "timelapse"
    return f"{job} {begun:%Y-%m-%d %H-%M}{suffix}"
