"""The library of print files: upload, list, thumbnails, which printer a plate fits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from core.errors import BadRequest, NotFound
from web.errors import Unavailable, json_response
from web.multipart import FormStream
from web.panel_parts import thumbnail_url
from web.services import services

if TYPE_CHECKING:
    from slicer.library import StoredFile

blueprint = Blueprint("files", __name__)
_MB = 1_000_000
_uploads = threading.BoundedSemaphore(2)
_UPLOAD_WAIT_S = 60.0


def file_json(stored: StoredFile) -> dict[str, Any]:
    """The answer of POST /api/files (api.md, "Bodies")."""
    return {
        "id": stored.id,
        "name": stored.name,
        "kind": stored.file.kind,
        "sha256": stored.sha256,
        "size_bytes": stored.size_bytes,
        "added_at": stored.added_at,
        "slicer": stored.file.slicer,
        "slicer_version": stored.file.slicer_version,
        "filament_count": stored.file.filament_count,
        "warnings": list(stored.file.warnings),
        "plates": [
            {
                "index": plate.index,
                "name": plate.name,
                "seconds": plate.seconds,
                "grams": plate.grams,
                "layers": plate.layers,
                "height_mm": plate.height_mm,
                "model": plate.printer_model,
                "models": list(plate.models),
                "nozzle_mm": list(plate.nozzle_mm),
                "bed_type": plate.bed_type,
                "filaments": list(plate.filaments),
                "objects": list(plate.objects),
                "thumbnail": thumbnail_url(stored.id, plate.index) if plate.has_thumbnail else None,
                "warnings": list(plate.warnings),
            }
            for plate in stored.file.plates
        ],
    }


def receive() -> tuple[StoredFile, bool, dict[str, str]]:
    """Stream the form's file into the library: (file, new, the form's fields)."""
    form = FormStream.of_request(services().config.limits.upload_mb * _MB)
    if not _uploads.acquire(timeout=_UPLOAD_WAIT_S):
        raise Unavailable("Two uploads are already under way. Try again in a moment.", code="busy")
    try:
        stored, new = services().library.add_or_find(form, form.open_file())
        return stored, new, form.rest()
    finally:
        _uploads.release()


@blueprint.post("/api/files")
def upload() -> Response:
    stored, _, fields = receive()
    if fields:
        raise BadRequest(f"Unknown field: {', '.join(sorted(fields))}. The file was kept.")
    response = json_response(file_json(stored), 201)
    response.headers["Location"] = f"/api/files/{stored.id}"
    return response


@blueprint.get("/api/files")
def listing() -> Response:
    return json_response({"files": [file_json(stored) for stored in services().library.list()]})


@blueprint.get("/api/files/<file_id>")
def one(file_id: str) -> Response:
    return json_response(file_json(services().library.get(file_id)))


@blueprint.delete("/api/files/<file_id>")
def delete(file_id: str) -> Response:
    services().library.delete(file_id)
    return Response(status=204)


@blueprint.get("/api/files/<file_id>/plates/<int:plate>/thumbnail")
def thumbnail(file_id: str, plate: int) -> Response:
    """A file never changes under its id, so the picture may be kept by the browser."""
    small = request.args.get("small", "") in ("1", "true")
    etag = f'"{file_id}-{plate}-{int(small)}"'
    if request.headers.get("If-None-Match") == etag:
        response = Response(status=304)
    else:
        picture = services().library.thumbnail(file_id, plate, small)
        response = Response(picture, mimetype="image/png")
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


@blueprint.get("/api/files/<file_id>/fit")
def fit(file_id: str) -> Response:
    """Per printer: may this plate be started there, with which trays, and why not."""
    plate = request.args.get("plate", "1")
    if not plate.isascii() or not plate.isdigit() or not 1 <= int(plate) <= 64:
        raise BadRequest("The plate must be a number from 1 to 64.")
    index = int(plate)
    if services().library.get(file_id).file.plate(index) is None:
        raise NotFound(f"The file has no plate {index}.", code="plate_not_found")
    return json_response({"plate": index, "printers": services().jobs.fit(file_id, index)})
