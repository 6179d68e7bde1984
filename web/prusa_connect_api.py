"""How the uploads to Prusa Connect are doing. Neither tokens nor fingerprints come this way."""

from __future__ import annotations

from flask import Blueprint, Response

from web.errors import json_response
from web.services import services

blueprint = Blueprint("prusa_connect", __name__)


@blueprint.get("/api/prusa-connect")
def status() -> Response:
    """Every camera of the settings with its state in words."""
    uploads = services().prusa_connect
    return json_response({"enabled": uploads.enabled, "cameras": uploads.status()})
