"""Alerts: what is open and what was, what was sent of it, muting, and testing the channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Blueprint, Response, g, request, send_file

from alerts.delivery.deliveries import ChannelFailed
from core.errors import BadRequest, NotFound, Unusable
from web.alert_json import alert_json, channel_json, message_json, mute_json
from web.errors import json_response
from web.fields import json_body
from web.services import services

if TYPE_CHECKING:
    from alerts.build import AlertRoom
    from alerts.log import Record

blueprint = Blueprint("alerts", __name__)
STATES = ("open", "resolved", "all")
MOST = 500
LONGEST_MUTE_S = 30 * 86_400.0
_UNTIL = ("print_end", "unmuted")
_T = TypeVar("_T")


def _alerts() -> AlertRoom:
    return services().alerts


@blueprint.get("/api/alerts")
def alerts() -> Response:
    """``?state=open|resolved|all`` (open), ``limit``, ``before`` (epoch s of an end). ``next`` is
    the ``before`` of the following page, null = that is all."""
    _only("state", "limit", "before", "printer_id")
    state = request.args.get("state", "open")
    if state not in STATES:
        raise BadRequest(f"The parameter 'state' must be one of {', '.join(STATES)}.")
    room, wanted = _alerts(), request.args.get("printer_id", "")
    limit, before = _limit(), _before()
    ended = room.incidents.resolved(MOST, before) if state != "open" else ()
    if wanted:
        services().fleet.snapshot(wanted)  # raises NotFound
        ended = tuple(one for one in ended if one.printer_id == wanted)
    shown, following = _page(ended, limit, lambda one: one.resolved_at or 0.0)
    opened = [] if state == "resolved" else list(room.incidents.open())
    if wanted:
        opened = [one for one in opened if one.printer_id == wanted]
    both = [alert_json(one, room.mutes) for one in [*opened, *shown]]
    return json_response({"alerts": both, "next": following, "trouble": room.trouble})


@blueprint.get("/api/alerts/<alert_id>")
def alert(alert_id: str) -> Response:
    room = _alerts()
    return json_response(alert_json(room.incidents.get(alert_id), room.mutes))


@blueprint.get("/api/alerts/<alert_id>/photo")
def photo(alert_id: str) -> Response:
    """The picture of the moment it began."""
    room = _alerts()
    name = room.incidents.get(alert_id).photo
    path = room.photos.folder / name
    if not name or not path.is_file():
        raise NotFound("There is no picture of this alert.")
    response = send_file(path, mimetype="image/jpeg", conditional=True, etag=True)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@blueprint.post("/api/alerts/<alert_id>/acknowledge")
def acknowledge(alert_id: str) -> Response:
    """A person has seen it; it stays open until it is over."""
    json_body().done()
    room = _alerts()
    return json_response(alert_json(room.acknowledge(alert_id, g.get("user", "")), room.mutes))


@blueprint.post("/api/alerts/mute")
def mute() -> Response:
    """{"printer_id", "for_s": 60…2592000} or {"printer_id", "until": "print_end"|"unmuted"}."""
    body = json_body(optional=False)
    printer_id = body.text("printer_id")
    seconds = body.maybe_number("for_s", 60, LONGEST_MUTE_S)
    until = body.choice("until", _UNTIL) if body.has("until") else ""
    body.done()
    services().fleet.snapshot(printer_id)
    if (seconds is None) is (not until):
        raise BadRequest("Give either 'for_s' or 'until'.")
    room = _alerts()
    end = 0.0 if seconds is None else services().clock.time() + seconds
    muted = room.mutes.mute(
        printer_id, end, print_end=until == "print_end", by=g.get("user", "")
    )  # fmt: skip
    _show_anew(printer_id)
    return json_response(mute_json(muted))


@blueprint.post("/api/alerts/unmute")
def unmute() -> Response:
    body = json_body(optional=False)
    printer_id = body.text("printer_id")
    body.done()
    _alerts().mutes.unmute(printer_id)
    _show_anew(printer_id)
    return json_response({"printer_id": printer_id})


def _show_anew(printer_id: str) -> None:
    room = _alerts()
    room.desk.publish(one for one in room.incidents.open() if one.printer_id == printer_id)


@blueprint.get("/api/alerts/sent")
def sent() -> Response:
    """Messages of all channels, newest first, with what became of each; ``before``: epoch s."""
    _only("limit", "before")
    limit, before = _limit(), _before()
    found = [
        record for record in _alerts().log.messages(_RECALLED)
        if before is None or record.message.created_at < before
    ]  # fmt: skip
    found.sort(key=_made_at, reverse=True)  # the clock may have been set back
    shown, following = _page(found, limit, _made_at)
    return json_response({"messages": [message_json(one) for one in shown], "next": following})


_RECALLED = 5000


@blueprint.get("/api/alerts/channels")
def channels() -> Response:
    """Where alerts go and how that is doing; which printers are muted; ``waiting``: events that
    have no message yet (grouped, quiet hours, digest)."""
    room = _alerts()
    muted: dict[str, Any] = dict(room.mutes.muted())
    return json_response(
        {
            "enabled": room.config.enabled,
            "channels": [channel_json(one) for one in room.deliveries.status()],
            "muted": [mute_json(one) for one in muted.values()],
            "waiting": room.desk.waiting(),
            "trouble": room.trouble,
        }
    )


@blueprint.post("/api/alerts/channels/<name>/test")
def test_channel(name: str) -> Response:
    """Send a real message with a picture; ``ok`` and what the service said. 200 also when the
    service refused: the test was made. Raises NotFound, Blocked (a mistake in its settings)."""
    json_body().done()
    try:
        return json_response({"ok": True, "text": _alerts().deliveries.test(name)})
    except ChannelFailed as error:
        return json_response({"ok": False, "text": error.message})


@blueprint.post("/api/alerts/trouble/acknowledge")
def acknowledge_trouble() -> Response:
    """A person has read what was damaged on the disk."""
    json_body().done()
    _alerts().log.acknowledge()
    return json_response({"trouble": _alerts().trouble})


def _only(*known: str) -> None:
    unknown = sorted(set(request.args) - set(known))
    if unknown:
        raise BadRequest(f"Unknown parameter: {unknown[0][:60]!r}.")


def _made_at(record: Record) -> float:
    return record.message.created_at


def _page(
    found: Sequence[_T], limit: int, at: Callable[[_T], float]
) -> tuple[Sequence[_T], float | None]:
    """The first ``limit``, newest first, and the following page's ``before``. What has the same
    time as the last comes along, as one message to several channels: after it would be lost."""
    count = min(limit, len(found))
    while 0 < count < len(found) and at(found[count]) == at(found[count - 1]):
        count += 1
    return found[:count], at(found[count - 1]) if count < len(found) else None


def _limit() -> int:
    value = request.args.get("limit", "50")
    known = value.isascii() and value.isdigit() and len(value) <= len(str(MOST))
    if not (known and 1 <= int(value) <= MOST):
        raise Unusable(f"The parameter 'limit' must be 1 to {MOST}.")
    return int(value)


def _before() -> float | None:
    value = request.args.get("before")
    if value is None:
        return None
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise BadRequest("The parameter 'before' must be a time in epoch seconds.")
    return found
