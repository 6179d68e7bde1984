"""The picture of a job that the farm did not send: read from the printer, kept in memory.

Only Moonraker has one (JobProgress.picture); the farm's own jobs show the library's.
"""

from __future__ import annotations

import threading
from urllib.parse import quote

from flask import Blueprint, Response, current_app, request

from core.errors import NotFound
from printers.status import PrinterStatus
from web.services import services

blueprint = Blueprint("job_picture", __name__)
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST = 50
EXTENSION = "job_pictures"


class JobPictures:
    """The newest pictures of one server, oldest dropped first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], bytes] = {}

    def get(self, printer_id: str, file: str) -> bytes:
        """Asked of the printer once per file; b"" = it has none."""
        key = (printer_id, file)
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        picture = services().fleet.job_picture(printer_id, file) or b""
        with self._lock:
            while len(self._kept) >= _MOST:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = picture
        return picture


def url_of(status: PrinterStatus) -> str | None:
    """Where the page finds it; the file's name makes it another address for another job."""
    if status.job is None or not status.job.picture:
        return None
    name = quote(status.printer_id, safe="")
    return f"/api/printers/{name}/job/thumbnail?file={quote(status.job.file, safe='')}"


@blueprint.get("/api/printers/<printer_id>/job/thumbnail")
def thumbnail(printer_id: str) -> Response:
    """PNG of the file that the printer names as its job now; 404 when it has none."""
    status = services().fleet.snapshot(printer_id).status
    file = status.job.file if status.job else ""
    if not file or request.args.get("file", file) != file:
        raise NotFound(f"{status.name} has another job now, or none.", code="no_picture")
    pictures: JobPictures = current_app.extensions[EXTENSION]
    picture = pictures.get(printer_id, file)
    if not picture.startswith(_PNG):
        raise NotFound(f"{status.name} has no picture of its job.", code="no_picture")
    response = Response(picture, mimetype="image/png")
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
