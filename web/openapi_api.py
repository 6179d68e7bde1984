"""GET /api/openapi.json: the API for programs that make clients of it, and for its tests."""

from __future__ import annotations

from flask import Blueprint, Response

from web.errors import json_response
from web.services import services

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    from web.openapi.document import document  # 200 operations that most farms never ask for

    response = json_response(document(services().version))
    response.headers["Cache-Control"] = "private, max-age=300"
    return response
