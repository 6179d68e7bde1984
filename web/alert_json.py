"""Alerts as pages and other programs see them."""

from __future__ import annotations

from typing import Any

from alerts.delivery.deliveries import ChannelStatus
from alerts.incidents import Incident
from alerts.log import Mute, Record
from alerts.mutes import Mutes

Json = dict[str, Any]


def alert_json(incident: Incident, mutes: Mutes) -> Json:
    """``muted``: at this moment nothing of this printer is sent."""
    event = incident.event
    return {
        "id": incident.id,
        "kind": event.kind,
        "level": incident.level,
        "printer_id": event.printer_id,
        "printer": event.printer,
        "text": incident.text,
        "code": event.facts.get("code"),
        "job_id": event.facts.get("job_id"),
        "since": round(incident.since, 3),
        "resolved_at": incident.resolved_at,
        "acked_at": incident.acked_at,
        "acked_by": incident.acked_by,
        "repeats": incident.repeats,
        "photo": bool(incident.photo),
        "muted": mutes.is_muted(event.printer_id),
    }


def message_json(record: Record) -> Json:
    """What was sent, or is to be, and what became of it."""
    message = record.message
    last = record.notes[-1] if record.notes else None
    return {
        "id": message.id,
        "channel": message.channel,
        "level": message.level,
        "title": message.title,
        "text": message.text,
        "at": round(message.created_at, 3),
        "not_before": message.not_before,
        "outcome": record.state,
        "reason": last.text if last else "",
        "outcome_at": last.at if last else None,
        "rule": record.rule,
    }


def channel_json(status: ChannelStatus) -> Json:
    return {
        "name": status.name,
        "type": status.type,
        "where": status.where,
        "state": status.state,
        "text": status.text,
        "pending": status.pending,
        "last_sent_at": status.last_sent,
        "next_s": round(status.next_s, 1),
    }


def mute_json(mute: Mute) -> Json:
    """``until``: epoch s, "print_end" or "unmuted"."""
    until: float | str = mute.until or ("print_end" if mute.print_end else "unmuted")
    return {"printer_id": mute.printer_id, "until": until, "by": mute.by, "since": mute.at}
