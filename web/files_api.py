"""The library of print files: upload, list, thumbnails, which printer a plate fits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from core.errors import BadRequest, NotFound
from web import file_streams
from web.errors import Unavailable, json_response
from web.file_json import file_json
from web.multipart import FormStream
from web.services import services

if TYPE_CHECKING:
    from slicer.library import StoredFile

blueprint = Blueprint("files", __name__)
_MB = 1_000_000
MOST_UPLOADS = 16
"""On their way at once, each as slow as its sender. The library looks at two at a time."""
_uploads = threading.BoundedSemaphore(MOST_UPLOADS)
_UPLOAD_WAIT_S = 10.0


def receive() -> tuple[StoredFile, bool, dict[str, str]]:
    """Stream the form's file into the library: (file, new, the form's fields)."""
    form = FormStream.of_request(services().config.limits.upload_mb * _MB)
    if not _uploads.acquire(timeout=_UPLOAD_WAIT_S):
        raise Unavailable("Many uploads are under way. Try again in a moment.", code="busy")
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


@blueprint.get("/api/files/<file_id>/plates/<int:plate>/gcode")
def gcode(file_id: str, plate: int) -> Response:
    """What the layer preview draws."""
    return file_streams.gcode(services().library, file_id, plate)


@blueprint.get("/api/files/<file_id>/download")
def download(file_id: str) -> Response:
    return file_streams.download(services().library, file_id)


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
