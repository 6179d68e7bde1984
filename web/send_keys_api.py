"""The owner's side of the send keys: list them, make one, take one back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from core.errors import BadRequest
from web.errors import json_response
from web.fields import json_body
from web.send_keys import KeyInfo, send_keys

blueprint = Blueprint("send_keys", __name__)
LONGEST_NAME = 60


def key_json(key: KeyInfo) -> dict[str, Any]:
    """Everything but what would open something."""
    return {
        "id": key.id,
        "name": key.name,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "source": key.source,
    }


@blueprint.get("/api/send-keys")
def listing() -> Response:
    return json_response({"keys": [key_json(key) for key in send_keys().all()]})


@blueprint.post("/api/send-keys")
def create() -> Response:
    """{"name"} -> 201 with "key": the only time it is ever shown."""
    fields = json_body(optional=False)
    name = " ".join(fields.text("name", longest=LONGEST_NAME).split())
    fields.done()
    if not name:
        raise BadRequest("Give the key a name, for example that of the computer.")
    key, text = send_keys().create(name)
    return json_response({**key_json(key), "key": text}, 201)


@blueprint.delete("/api/send-keys/<key_id>")
def delete(key_id: str) -> Response:
    send_keys().delete(key_id)
    return Response(status=204)
