"""POST /api/printers/ID/ACTION: one action on one printer, through the gate."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g

from core.errors import FarmError, NotFound
from printers.commands import Command
from web.errors import json_response
from web.fields import Fields, json_body
from web.schemas import read_command, read_maintenance, read_undo
from web.services import services

blueprint = Blueprint("printers", __name__)


def accepted(text: str = "", **more: Any) -> Response:
    """202: taken; the proof follows with the next snapshots."""
    return json_response({"ok": True, "text": text, **more}, 202)


def note(printer_id: str, kind: str, text: str, level: str = "info") -> None:
    """Remember for the printer's page who asked for what."""
    user = g.get("user", "")
    services().hub.events.add(printer_id, kind, f"{text} ({user})" if user else text, level)


def run(printer_id: str, command: Command) -> Response:
    """Send through the fleet's gate; the refusal is noted and passed on as it is."""
    try:
        result = services().fleet.execute(printer_id, command)
    except NotFound:
        raise
    except FarmError as error:
        note(printer_id, "refused", f"{command.name} refused: {error.message}", "warn")
        raise
    note(printer_id, "command", f"{command.name} sent")
    return accepted(result.text)


def run_condition(printer_id: str, action: str, fields: Fields) -> str | None:
    """Actions on what the farm itself knows; the sentence for the answer, None = no such action."""
    jobs = services().jobs
    services().fleet.snapshot(printer_id)
    if action == "mark-clear":
        undo = read_undo(fields)
        jobs.mark_clear(printer_id, undo=undo, by=g.get("user", ""))
        return "The bed is marked as not clear" if undo else "The bed is marked clear"
    if action == "maintenance":
        wanted = read_maintenance(fields)
        jobs.set_maintenance(printer_id, wanted.on, wanted.note)
        return f"Maintenance is {'on' if wanted.on else 'off'}"
    if action == "cancel-upload":
        fields.done()
        jobs.cancel_upload(printer_id)
        return "The transfer is being cancelled"
    return None


@blueprint.post("/api/printers/<printer_id>/<action>")
def act(printer_id: str, action: str) -> Response:
    services().fleet.snapshot(printer_id)
    fields = json_body()
    command = read_command(action, fields)
    if command is not None:
        return run(printer_id, command)
    done = run_condition(printer_id, action, fields)
    if done is None:
        raise NotFound(f"There is no action {action[:60]!r} on a printer.", code="unknown_action")
    note(printer_id, "command", done)
    return accepted(done)
