"""GET /api/mqtt: how the connection to the MQTT broker is doing; no secrets, and no commands."""

from __future__ import annotations

from flask import Blueprint, Response

from web.errors import json_response
from web.services import services

blueprint = Blueprint("mqtt", __name__)


@blueprint.get("/api/mqtt")
def status() -> Response:
    return json_response(services().mqtt.status())
