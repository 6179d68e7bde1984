"""What a camera's HTTP answer is: a stream, a picture, or a sentence about what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPResponse

from cameras.frames import CameraFailed
from cameras.jpeg import first_jpeg
from cameras.jpeg_stream import MAX_PICTURE_BYTES, JpegStream, broken
from cameras.sources.patience import Patience

_CHUNK_BYTES = 64 * 1024
_REFUSALS = {
    204: ("no_picture", "Camera has taken no picture yet"),
    401: ("auth", "Camera refuses the farm's key"),
    403: ("auth", "Camera refuses the farm's key"),
    404: ("not_found", "There is no camera at the camera's address"),
    410: ("not_found", "There is no camera at the camera's address"),
}


def is_stream(response: HTTPResponse) -> bool:
    """A stream of pictures, or one picture. Raises CameraFailed for anything else."""
    _require_ok(response.status)
    kind = response.headers.get_content_type()
    if "Content-Type" not in response.headers:
        return False
    main = kind.partition("/")[0]
    if main == "multipart":
        return True
    if main == "image" or kind == "application/octet-stream":
        return False
    what = "a web page" if kind == "text/html" else "something else"
    raise CameraFailed(f"Camera's address gives {what}, not a picture", code="not_a_picture")


def _require_ok(status: int) -> None:
    if status in _REFUSALS:
        code, text = _REFUSALS[status]
        raise CameraFailed(text, code=code)
    if status != 200:
        raise CameraFailed(f"Camera answers with an error (HTTP {status})", code="server_error")


def pictures(response: HTTPResponse, patience: Patience, stall_s: float) -> Iterator[bytes]:
    """Pictures of a stream, each within ``stall_s`` of the one before. Raises CameraFailed."""
    cutter = JpegStream()
    text = f"No frame for {stall_s:.0f} s"
    patience.restart(stall_s, text)
    while data := response.read1(_CHUNK_BYTES):
        for picture in cutter.feed(data):
            yield picture
            patience.restart(stall_s, text)
    raise CameraFailed("Camera connection was lost", code="lost")


def picture(response: HTTPResponse) -> bytes:
    """The one picture of an answer. Raises CameraFailed."""
    body = bytearray()
    while data := response.read1(_CHUNK_BYTES):
        body += data
        if len(body) > MAX_PICTURE_BYTES:
            raise broken()
    found = first_jpeg(bytes(body))
    if found is None:
        raise broken()
    return found
