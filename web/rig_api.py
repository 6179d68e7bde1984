"""Rigs for people: what they report, orders, delays. Their own socket is in web/rig_socket.py."""

from __future__ import annotations

from flask import Blueprint, Response

from cameras.rigs.desk import ACTIONS
from core.errors import BadRequest
from web.errors import json_response
from web.fields import json_body
from web.services import services

blueprint = Blueprint("rigs", __name__)
DELAYS = {"status_delay": (1, 3600), "temphum_delay": (2, 3600), "image_delay": (0.1, 3600)}
"""Seconds, as the rig's own config.json has them."""


@blueprint.get("/api/rigs")
def rigs() -> Response:
    return json_response({"rigs": services().rigs.all()})


@blueprint.get("/api/rigs/<rig_id>/readings")
def readings(rig_id: str) -> Response:
    """[[epoch s, °C, percent], …], oldest first, as long as the farm has been running."""
    return json_response({"rig": rig_id, "readings": services().rigs.readings(rig_id)})


@blueprint.post("/api/rigs/<rig_id>/orders")
def order(rig_id: str) -> Response:
    """{"action": start, stop, discard, pause, resume or shot}; 202 with the id of the answer."""
    body = json_body()
    action = body.text("action")
    body.done()
    if action not in ACTIONS:
        raise BadRequest(f"The action must be one of {', '.join(ACTIONS)}.")
    return json_response({"order": services().rigs.order(rig_id, action)}, 202)


@blueprint.post("/api/rigs/<rig_id>/settings")
def settings(rig_id: str) -> Response:
    """Some of the three delays, in seconds; the rig's loops wake for them."""
    body = json_body()
    delays = {name: body.number(name, *DELAYS[name]) for name in DELAYS if body.has(name)}
    body.done()
    if not delays:
        raise BadRequest(f"Give at least one of {', '.join(DELAYS)}.")
    services().rigs.set_delays(rig_id, delays)
    return json_response({"delays": delays})
