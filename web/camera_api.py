"""Pictures: one JPEG, a live MJPEG stream, diagnostics. The cameras belong to cameras/."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Flask, Response, current_app, request

from core.errors import BadRequest
from web.errors import Unavailable, json_response
from web.pictures import SmallPictures
from web.services import services
from web.status_api import one_of_query

if TYPE_CHECKING:
    from cameras.book import CameraInfo
    from cameras.frames import Frame
    from cameras.hub import CameraHub

blueprint = Blueprint("camera", __name__)
MAX_STREAMS = 200
_EXTENSION = "farm.pictures"
_BOUNDARY = b"frame"
_FIRST_FRAME_S = 8.0  # a video needs a key frame and a decoder first
_SILENCE_S = 15.0
_WIDTHS = (16, 1920)
_AGES = (0.5, 3600.0)


class _Open:
    """What the routes of one app keep: small copies, and how many live pictures are open."""

    def __init__(self) -> None:
        self.pictures = SmallPictures()
        self.run = secrets.token_hex(4)
        self._lock = threading.Lock()
        self._streams: set[_Stream] = set()

    @property
    def streams(self) -> int:
        return len(self._streams)

    def add(self, stream: _Stream) -> bool:
        with self._lock:
            if len(self._streams) >= MAX_STREAMS:
                return False
            self._streams.add(stream)
            return True

    def remove(self, stream: _Stream) -> None:
        with self._lock:
            self._streams.discard(stream)


def install(app: Flask) -> None:
    """What the routes keep between requests."""
    app.extensions[_EXTENSION] = _Open()


def _open() -> _Open:
    return cast(_Open, current_app.extensions[_EXTENSION])


def main_camera(printer_id: str) -> str:
    """The id of the camera that shows this printer. Raises NotFound; Unavailable: it has none."""
    found = services().book.main_of(printer_id)
    if found is None:
        name = services().fleet.snapshot(printer_id).status.name
        raise Unavailable(
            f"There is no picture of {name}: Camera is off.",
            code="no_picture",
            details={"printer_id": printer_id, "camera": "off"},
        )
    return found


def _camera_of_query() -> str:
    return request.args.get("camera_id", "") or main_camera(one_of_query())


def _frame(camera_id: str) -> Frame:
    """The live picture; asking for it starts the camera, whose first one may take a moment."""
    cameras = services().cameras
    oldest = _max_age()
    frame = cameras.frame(camera_id) or cameras.wait_frame(camera_id, 0, _FIRST_FRAME_S)
    if frame is not None and oldest is not None and _age(frame) > oldest:
        frame = cameras.wait_frame(camera_id, frame.seq, _FIRST_FRAME_S)
    if frame is None:
        raise _no_picture(camera_id)
    return frame


def _age(frame: Frame) -> float:
    return services().clock.monotonic() - frame.taken_mono


def _no_picture(camera_id: str) -> Unavailable:
    status = services().cameras.status(camera_id)
    info = _info(camera_id)
    error = Unavailable(
        f"There is no picture of {info.name if info else camera_id}: "
        f"{status.text or 'Waiting for the first picture'}.",
        code="no_picture",
        details={
            "camera_id": camera_id,
            "printer_id": info.printer_id if info else "",
            "camera": status.code,
        },
    )
    error.retry_after_s = max(1, round(status.retry_in_s or 2))
    return error


def _info(camera_id: str) -> CameraInfo | None:
    return next((info for info in services().book.all() if info.id == camera_id), None)


def _width() -> int | None:
    text = request.args.get("w", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not _WIDTHS[0] <= int(text) <= _WIDTHS[1]:
        raise BadRequest(f"The width w must be a number from {_WIDTHS[0]} to {_WIDTHS[1]}.")
    return int(text)


def _max_age() -> float | None:
    text = request.args.get("max_age", "")
    if not text:
        return None
    try:
        age = float(text)
    except ValueError:
        age = -1.0
    if not _AGES[0] <= age <= _AGES[1]:
        raise BadRequest(f"max_age must be seconds from {_AGES[0]:g} to {_AGES[1]:g}.")
    return age


def _picture(camera_id: str) -> Response:
    width = _width()
    frame = _frame(camera_id)
    # numbers begin anew with each process: by them alone an old picture would pass for a new one
    etag = f'"{camera_id}-{_open().run}-{frame.seq}-{width or 0}"'
    if request.headers.get("If-None-Match") == etag:
        response = Response(status=304)
    elif width is None:
        response = Response(frame.jpeg, mimetype="image/jpeg")
    else:
        response = Response(_open().pictures.get(camera_id, frame, width), mimetype="image/jpeg")
    response.headers["ETag"] = etag
    response.headers["Age"] = str(max(0, int(_age(frame))))
    response.headers["X-Frame-At"] = f"{frame.taken_at:.3f}"
    return response


@blueprint.get("/api/camera/snapshot")
def snapshot() -> Response:
    return _picture(_camera_of_query())


@blueprint.get("/api/printer/<printer_id>/image")
def image(printer_id: str) -> Response:
    return _picture(main_camera(printer_id))


@blueprint.get("/api/camera")
def live() -> Response:
    """multipart/x-mixed-replace; ends when the browser leaves or the camera falls silent."""
    camera_id = _camera_of_query()
    first = _frame(camera_id)
    streams = _open()
    stream = _Stream(services().cameras, camera_id, first)
    if not streams.add(stream):
        raise Unavailable("Too many live pictures are open. Close some, or use snapshots.")
    response = Response(
        stream, mimetype=f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}"
    )
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must not collect pictures
    response.call_on_close(lambda: streams.remove(stream))
    return response


class _Stream:
    """The parts of one live stream.

    A part is followed at once by the next one's boundary: browsers show a picture only then
    (cameras-and-rig 4). A slow reader skips pictures, since the next is always the newest.
    """

    def __init__(self, cameras: CameraHub, camera_id: str, first: Frame) -> None:
        self._cameras = cameras
        self._camera_id = camera_id
        self._next: Frame | None = first
        self._seq = first.seq
        self._begun = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        frame, self._next = self._next, None
        if frame is None:
            frame = self._cameras.wait_frame(self._camera_id, self._seq, _SILENCE_S)
        if frame is None:
            raise StopIteration
        self._seq = frame.seq
        begin, self._begun = b"" if self._begun else b"--%b\r\n" % _BOUNDARY, True
        head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\nX-Frame-At: %.3f\r\n\r\n"
        head = head % (len(frame.jpeg), frame.taken_at)
        return begin + head + frame.jpeg + b"\r\n--%b\r\n" % _BOUNDARY


@blueprint.get("/api/camera/diag")
def diagnostics() -> Response:
    """How one camera is doing. A printer without any is told as such."""
    camera_id = request.args.get("camera_id", "")
    printer_id = "" if camera_id else one_of_query()
    if not camera_id:
        services().fleet.snapshot(printer_id)
        camera_id = services().book.main_of(printer_id) or printer_id
    info = _info(camera_id)
    return json_response(
        {
            "camera_id": camera_id,
            "printer_id": info.printer_id if info else printer_id,
            "name": info.name if info else "",
            "camera": services().cameras.status(camera_id),
        }
    )


@blueprint.get("/api/cameras")
def listing() -> Response:
    """Every camera of the farm and how it is doing, and how many live pictures are open; starts
    no camera."""
    hub = services().cameras
    cameras = [
        {
            "id": info.id, "name": info.name, "printer_id": info.printer_id, "kind": info.kind,
            "main": info.main, "problem": info.problem, "rig": info.rig,
            "turn": info.turn, "status": hub.status(info.id),
        }
        for info in services().book.all()
    ]  # fmt: skip
    return json_response({"cameras": cameras, "streams": _open().streams})
