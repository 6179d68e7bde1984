"""The defect watch: how it stands, on and off for a print, its picture, and one look now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from core.errors import NotFound
from web.errors import json_response
from web.fields import json_body
from web.printers_api import accepted, note
from web.services import services

if TYPE_CHECKING:
    from alerts.defects.build import DefectRoom

blueprint = Blueprint("defects", __name__)
PICTURE = "defects.picture"
"""The endpoint that needs no signing in: its address is the key, and holds for seconds."""


def _room() -> DefectRoom:
    return services().alerts.defects


@blueprint.get("/api/defect-watch")
def overview() -> Response:
    """The provider, what was spent today, and every printer with its latest verdicts."""
    ids = [snapshot.status.printer_id for snapshot in services().fleet.snapshots()]
    return json_response(_room().overview(ids))


@blueprint.get("/api/defect-watch/<printer_id>/photo")
def photo(printer_id: str) -> Response:
    """The evidence while there is an alarm, else what was looked at last; 404 without either."""
    services().fleet.snapshot(printer_id)
    response = Response(_room().photo(printer_id), mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.post("/api/printers/<printer_id>/defect-watch")
def switch(printer_id: str) -> Response:
    """{"on": bool}: watch the print that runs now, or not; the next print is as usual again."""
    services().fleet.snapshot(printer_id)
    fields = json_body(optional=False)
    on = fields.flag("on")
    fields.done()
    text = _room().set_watch(printer_id, on)
    note(printer_id, "command", f"defect watch {'on' if on else 'off'}")
    return accepted(text)


@blueprint.post("/api/defect-watch/test")
def test() -> Response:
    """{"printer_id"}: one look now, which counts as a question. Nothing follows from it."""
    fields = json_body(optional=False)
    printer_id = fields.text("printer_id")
    fields.done()
    services().fleet.snapshot(printer_id)
    return json_response(_room().test(printer_id))


@blueprint.get("/api/defect-picture/<token>")
def picture(token: str) -> Response:
    """For the provider in the house, while it is asked: one picture, from memory."""
    jpeg = _room().pictures.take(token)
    if jpeg is None:
        raise NotFound("This address does not hold any more.", code="expired")
    return Response(jpeg, mimetype="image/jpeg")
