"""Pictures: one JPEG, a live MJPEG stream, diagnostics. The cameras belong to cameras/."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from core.errors import BadRequest
from web.errors import Unavailable, json_response
from web.services import services
from web.status_api import one_of_query

if TYPE_CHECKING:
    from cameras.frames import Frame
    from cameras.hub import CameraHub

blueprint = Blueprint("camera", __name__)
MAX_STREAMS = 24
_BOUNDARY = "frame"
_FIRST_FRAME_S = 4.0
_SILENCE_S = 15.0
_WIDTHS = (16, 1920)
_streams = threading.BoundedSemaphore(MAX_STREAMS)


def _frame(printer_id: str) -> Frame:
    """The live picture; asking for it starts the camera, whose first one may take a moment."""
    cameras = services().cameras
    frame = cameras.frame(printer_id) or cameras.wait_frame(printer_id, 0, _FIRST_FRAME_S)
    if frame is None:
        raise _no_picture(printer_id)
    return frame


def _no_picture(printer_id: str) -> Unavailable:
    status = services().cameras.status(printer_id)
    name = services().fleet.snapshot(printer_id).status.name
    why = status.text or "Waiting for the first picture"
    return Unavailable(
        f"There is no picture of {name}: {why}.",
        code="no_picture",
        details={"printer_id": printer_id, "camera": status.code},
    )


def _width() -> int | None:
    text = request.args.get("w", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not _WIDTHS[0] <= int(text) <= _WIDTHS[1]:
        raise BadRequest(f"The width w must be a number from {_WIDTHS[0]} to {_WIDTHS[1]}.")
    return int(text)


def scaled(jpeg: bytes, width: int) -> bytes:
    """The picture at most ``width`` pixels wide; as it is when it is no wider than that."""
    import io

    from PIL import Image  # loaded with the first picture, not with the server

    with Image.open(io.BytesIO(jpeg)) as picture:
        if picture.width <= width:
            return jpeg
        picture.draft("RGB", (width, width))
        small = picture.convert("RGB")
        small.thumbnail((width, 4 * width))
        out = io.BytesIO()
        small.save(out, "JPEG", quality=80)
        return out.getvalue()


def _picture(printer_id: str) -> Response:
    frame, width = _frame(printer_id), _width()
    etag = f'"{frame.seq}-{width or 0}"'
    if request.headers.get("If-None-Match") == etag:
        response = Response(status=304)
    else:
        jpeg = frame.jpeg if width is None else scaled(frame.jpeg, width)
        response = Response(jpeg, mimetype="image/jpeg")
    response.headers["ETag"] = etag
    response.headers["X-Frame-At"] = f"{frame.taken_at:.3f}"
    return response


@blueprint.get("/api/camera/snapshot")
def snapshot() -> Response:
    return _picture(one_of_query())


@blueprint.get("/api/printer/<printer_id>/image")
def image(printer_id: str) -> Response:
    return _picture(printer_id)


@blueprint.get("/api/camera")
def live() -> Response:
    """multipart/x-mixed-replace; ends when the browser leaves or the camera falls silent."""
    printer_id = one_of_query()
    first = _frame(printer_id)
    if not _streams.acquire(blocking=False):
        raise Unavailable("Too many live pictures are open. Close some, or use snapshots.")
    stream = _Stream(services().cameras, printer_id, first)
    response = Response(stream, mimetype=f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
    response.call_on_close(stream.close)
    return response


class _Stream:
    """The parts of one live stream; gives its place back once, however it ends."""

    def __init__(self, cameras: CameraHub, printer_id: str, first: Frame) -> None:
        self._cameras = cameras
        self._printer_id = printer_id
        self._next: Frame | None = first
        self._seq = first.seq
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        frame, self._next = self._next, None
        if frame is None:
            frame = self._cameras.wait_frame(self._printer_id, self._seq, _SILENCE_S)
        if frame is None:
            raise StopIteration
        self._seq = frame.seq
        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(frame.jpeg)}"
        return head.encode() + b"\r\n\r\n" + frame.jpeg + b"\r\n"

    def close(self) -> None:
        if self._open:
            self._open = False
            _streams.release()


@blueprint.get("/api/camera/diag")
def diagnostics() -> Response:
    printer_id = one_of_query()
    services().fleet.snapshot(printer_id)
    status = services().cameras.status(printer_id)
    return json_response({"printer_id": printer_id, "camera": status})
