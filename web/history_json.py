"""Records and statistics as the API shows them."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cameras.final_photos import FinalPhotos, photo_name
from core.errors import BadRequest, FarmError
from web.panel_parts import thumbnail_url

if TYPE_CHECKING:
    from job_queue.history.attempts import Record
    from job_queue.history.months import Place
    from job_queue.history.tallies import Statistics, Tally
    from slicer.library import FileLibrary

_PLACE = re.compile(r"(\d{4}-\d{2})\.(\d{1,15})", re.ASCII)


def place_json(place: Place | None) -> str | None:
    return None if place is None else f"{place[0]}.{place[1]}"


def place_from(text: str) -> Place | None:
    """Raises BadRequest."""
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise BadRequest("The parameter 'before' must be the 'next' of an earlier answer.")
    return found[1], int(found[2])


def record_json(record: Record) -> dict[str, Any]:
    """What is on record, with what follows from it."""
    doc = asdict(record)
    doc["name"] = doc.pop("file_name")
    grams = record.used_grams
    return {
        "id": f"{record.job_id}/{record.attempt}",
        **doc,
        "took_s": record.took_s,
        "used_grams": None if grams is None else round(grams, 2),
    }


class Shelf:
    """Adds whether a record's file is still in the library, each file looked up once, and whether
    there is a photo of its end."""

    def __init__(self, library: FileLibrary, photos: FinalPhotos) -> None:
        self._library = library
        self._photos = photos
        self._known: dict[tuple[str, int], tuple[bool, str | None]] = {}

    def record_json(self, record: Record) -> dict[str, Any]:
        key = record.file_id, record.plate
        if key not in self._known:
            self._known[key] = self._look(*key)
        here, picture = self._known[key]
        taken = record.started_at is not None and self._photos.path(photo_name(*record.key))
        photo = f"/api/history/{record.job_id}/{record.attempt}/photo" if taken else None
        return {**record_json(record), "file_here": here, "thumb": picture, "photo": photo}

    def _look(self, file_id: str, index: int) -> tuple[bool, str | None]:
        try:
            plate = self._library.get(file_id).file.plate(index)
        except FarmError:
            return False, None
        has_picture = plate is not None and plate.has_thumbnail
        return plate is not None, thumbnail_url(file_id, index) if has_picture else None


def tally_json(tally: Tally) -> dict[str, Any]:
    rate = tally.success_rate
    return {
        "prints": tally.prints,
        "finished": tally.finished,
        "failed": tally.failed,
        "cancelled": tally.cancelled,
        "not_started": tally.not_started,
        "success_rate": None if rate is None else round(rate, 4),
        "hours": round(tally.seconds / 3600, 4),
        "grams": round(tally.grams, 1),
        "unweighed": tally.unweighed,
    }


def statistics_json(found: Statistics) -> dict[str, Any]:
    """Printers by their hours, months in order, reasons and materials by how much."""
    printers = sorted(found.printers.items(), key=lambda item: -item[1].tally.seconds)
    reasons = sorted(found.reasons.items(), key=lambda item: -item[1].count)
    materials = sorted(found.materials.items(), key=lambda item: -item[1])
    return {
        "total": tally_json(found.total),
        "printers": [
            {"printer_id": key, "name": one.name, "model": one.model, **tally_json(one.tally)}
            for key, one in printers
        ],
        "months": [
            {"month": month, **tally_json(tally)} for month, tally in sorted(found.months.items())
        ],
        "printer_months": [
            {"month": month, "printer_id": printer_id, **tally_json(tally)}
            for (month, printer_id), tally in sorted(found.printer_months.items())
        ],
        "reasons": [{"code": code, "text": one.text, "count": one.count} for code, one in reasons],
        "materials": [{"type": name, "grams": round(grams, 1)} for name, grams in materials],
    }
