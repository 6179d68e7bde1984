"""Notifications of browsers: the key to subscribe with, and which browsers have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g

from core.errors import BadRequest, NotFound
from web.errors import json_response
from web.fields import json_body
from web.services import services

if TYPE_CHECKING:
    from alerts.channels.push.subscriptions import Subscription, Subscriptions

blueprint = Blueprint("push", __name__)


@blueprint.get("/api/push")
def offer() -> Response:
    """``available``: there is a channel of the type web_push; then also its ``public_key``."""
    push = services().alerts.push
    if push is None:
        return json_response({"available": False, "public_key": "", "browsers": []})
    return json_response(
        {
            "available": True,
            "public_key": push.public_key(),
            "browsers": [_browser_json(one) for one in push.all()],
        }
    )


@blueprint.post("/api/push/browsers")
def subscribe() -> Response:
    """{"name", "subscription": PushSubscription.toJSON()}; the same browser again replaces it."""
    body = json_body(optional=False)
    name = body.text("name", "", longest=60)
    raw = body.mapping("subscription")
    body.done()
    if not raw:
        raise BadRequest("The field 'subscription' is missing.", details={"field": "subscription"})
    return json_response(_browser_json(_push().add(raw, name, g.get("user", ""))), 201)


@blueprint.delete("/api/push/browsers/<browser_id>")
def unsubscribe(browser_id: str) -> Response:
    _push().remove(browser_id)
    return Response(status=204)


def _push() -> Subscriptions:
    push = services().alerts.push
    if push is None:
        raise NotFound("There is no channel of the type web_push in config.json.")
    return push


def _browser_json(one: Subscription) -> dict[str, Any]:
    """Without its address and keys."""
    return {"id": one.id, "name": one.name, "user": one.user, "since": one.since}
