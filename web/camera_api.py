"""Pictures: one JPEG, a live MJPEG stream, diagnostics. The cameras belong to cameras/."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from flask import Blueprint, Response, request

from core import jsonio
from core.errors import BadRequest
from web.errors import Unavailable, json_response
from web.services import CameraFrame, services
from web.status_api import one_of_query

blueprint = Blueprint("camera", __name__)
MAX_STREAMS = 24
_BOUNDARY = "frame"
_FIRST_FRAME_S = 4.0
_WIDTHS = (16, 1920)
_streams = threading.BoundedSemaphore(MAX_STREAMS)


def _frame(printer_id: str) -> CameraFrame:
    name = services().fleet.snapshot(printer_id).status.name
    frame = services().cameras.latest(printer_id, timeout=_FIRST_FRAME_S)
    if frame is None:
        raise Unavailable(
            f"There is no picture of {name} yet.",
            code="no_picture",
            details={"printer_id": printer_id},
        )
    return frame


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
    etag = f'"{frame.number}-{width or 0}"'
    if request.headers.get("If-None-Match") == etag:
        response = Response(status=304)
    else:
        jpeg = frame.jpeg if width is None else scaled(frame.jpeg, width)
        response = Response(jpeg, mimetype="image/jpeg")
    response.headers["ETag"] = etag
    response.headers["X-Frame-At"] = f"{frame.at:.3f}"
    return response


@blueprint.get("/api/camera/snapshot")
def snapshot() -> Response:
    return _picture(one_of_query())


@blueprint.get("/api/printer/<printer_id>/image")
def image(printer_id: str) -> Response:
    return _picture(printer_id)


@blueprint.get("/api/camera")
def live() -> Response:
    """multipart/x-mixed-replace; ends when the browser leaves or the camera does."""
    printer_id = one_of_query()
    services().fleet.snapshot(printer_id)
    if not _streams.acquire(blocking=False):
        raise Unavailable("Too many live pictures are open. Close some, or use snapshots.")
    try:
        frames = services().cameras.frames(printer_id)
    except BaseException:
        _streams.release()
        raise
    stream = _Stream(frames)
    response = Response(stream, mimetype=f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
    response.call_on_close(stream.close)
    return response


class _Stream:
    """The parts of the stream; gives its place back once, however it ends."""

    def __init__(self, frames: Iterator[CameraFrame]) -> None:
        self._frames = frames
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        frame = next(self._frames)
        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(frame.jpeg)}"
        return head.encode() + b"\r\n\r\n" + frame.jpeg + b"\r\n"

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        _streams.release()
        close = getattr(self._frames, "close", None)
        if close is not None:
            close()


@blueprint.get("/api/camera/diag")
def diagnostics() -> Response:
    printer_id = one_of_query()
    services().fleet.snapshot(printer_id)
    found = jsonio.loads(jsonio.dumps(dict(services().cameras.diagnostics(printer_id))))
    return json_response({"printer_id": printer_id, "diagnostics": found})
