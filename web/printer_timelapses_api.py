"""The videos that lie on the printers themselves: look, and bring them to the farm."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response

from web.errors import json_response
from web.fields import json_body
from web.printers_api import accepted, note
from web.services import services

blueprint = Blueprint("printer_timelapses", __name__)


def _fetch_json(printer_id: str) -> dict[str, Any] | None:
    fetch = services().printer_videos.fetch_of(printer_id)
    return asdict(fetch) if fetch else None


@blueprint.get("/api/printers/<printer_id>/timelapses")
def listing(printer_id: str) -> Response:
    """Asks the printer, which takes a moment; the fetch under way is in "fetch"."""
    services().fleet.snapshot(printer_id)
    here = _here(printer_id)
    videos = [
        {
            "name": video.name,
            "bytes": video.size_bytes,
            "taken_at": video.taken_at,
            "timelapse_id": here.get(video.name, ""),
        }
        for video in services().printer_videos.listed(printer_id)
    ]
    return json_response({"timelapses": videos, "fetch": _fetch_json(printer_id)})


def _here(printer_id: str) -> dict[str, str]:
    """name -> timelapse of what has been fetched from that printer and is still in the gallery."""
    return {
        kept.job: kept.id
        for kept in services().timelapses.store.all()
        if kept.origin == "printer" and kept.printer_id == printer_id
    }


@blueprint.post("/api/printers/<printer_id>/timelapses/fetch")
def fetch(printer_id: str) -> Response:
    """202: under way. With "remove" the printer's copy goes once the farm's has been proved."""
    services().fleet.snapshot(printer_id)
    fields = json_body()
    name, remove = fields.text("name", longest=100), fields.flag("remove", False)
    fields.done()
    services().printer_videos.fetch(printer_id, name, remove=remove)
    note(printer_id, "command", f"{name} is being fetched from the printer")
    return accepted(f"{name} is being fetched", fetch=_fetch_json(printer_id))
