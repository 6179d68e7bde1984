"""The two pages of the bridge: one picture, and pictures without end."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cameras.bridge.settings import CAMERA
from cameras.frames import Frame

if TYPE_CHECKING:
    from cameras.bridge.server import BridgeServer

logger = logging.getLogger(__name__)

SEND_S = 10.0
"""A viewer that takes nothing for so long is hung up on."""
REPEAT_S = 1.5
"""While no new picture comes the last one is sent again: it shows browsers that keep one back, and
finds out who has left."""
SEND_BUFFER_BYTES = 256 * 1024
"""Small, so that a slow viewer skips pictures instead of seeing old ones."""
_BOUNDARY = "frame"
_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Handler(BaseHTTPRequestHandler):
    """One connection, one request."""

    server: BridgeServer
    protocol_version = "HTTP/1.1"
    server_version = "camera-bridge"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(SEND_S)
        self.server.head_awaited(self.connection)

    def finish(self) -> None:
        self.server.head_over(self.connection)
        super().finish()

    def parse_request(self) -> bool:
        whole = super().parse_request()
        self.close_connection = True
        self.server.head_over(self.connection)
        return whole

    def do_GET(self) -> None:
        pages = {"/snapshot.jpg": self._snapshot, "/stream.mjpg": self._stream}
        try:
            page = pages.get(urlsplit(self.path).path)
        except ValueError:
            page = None
        if page is None:
            self._say(404, "There is only /snapshot.jpg and /stream.mjpg here.")
        else:
            page()

    do_HEAD = do_GET

    def _snapshot(self) -> None:
        frame = self.server.live()
        if frame is None:
            self._say_none()
            return
        etag = f'"{self.server.run}-{frame.seq}"'
        age_s = max(0, int(self.server.clock.monotonic() - frame.taken_mono))
        head = {
            "ETag": etag,
            "Age": str(age_s),
            "X-Frame-At": f"{frame.taken_at:.3f}",
            "Cache-Control": "no-cache",
        }
        if etag in self.headers.get("If-None-Match", ""):
            self._head(304, head)
            return
        self._head(
            200, {**head, "Content-Type": "image/jpeg", "Content-Length": str(len(frame.jpeg))}
        )
        self._body(frame.jpeg)

    def _stream(self) -> None:
        frame = self.server.live()
        if frame is None:
            self._say_none()
        elif self.command == "HEAD":
            self._open_stream()
        elif not self.server.streams.acquire(blocking=False):
            self._say(503, "Too many viewers. Close one, or use /snapshot.jpg.", retry_after_s=10)
        else:
            try:
                self._pictures(frame)
            finally:
                self.server.streams.release()

    def _pictures(self, frame: Frame | None) -> None:
        """Until the viewer leaves, or no picture is fresh any more: an old one is never shown as
        live, and the end of the stream is what tells a browser."""
        self._open_stream()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._body(f"--{_BOUNDARY}\r\n".encode())
        while frame is not None and not self.server.stopping.is_set():
            self._body(_part(frame))
            newer = self.server.hub.wait_frame(CAMERA, frame.seq, REPEAT_S)
            frame = newer or self.server.live()

    def _open_stream(self) -> None:
        kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
        self._head(200, {"Content-Type": kind, "X-Accel-Buffering": "no"})

    # --- answers ---------------------------------------------------------------------------

    def _say_none(self) -> None:
        self._say(503, f"No picture: {self.server.why_none()}.", retry_after_s=2)

    def _say(self, code: int, text: str, retry_after_s: int = 0) -> None:
        body = text.encode() + b"\n"
        head = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
        if retry_after_s:
            head["Retry-After"] = str(retry_after_s)
        if code == 405:
            head["Allow"] = "GET, HEAD"
        self._head(code, head)
        self._body(body)

    def _head(self, code: int, head: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in {**_NO_STORE, **head, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _body(self, content: bytes) -> None:
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library refuses by itself: a broken request, or a method it has no name for."""
        del message, explain
        self.close_connection = True
        code = 405 if code == HTTPStatus.NOT_IMPLEMENTED else code
        self._say(code, "Only GET and HEAD are answered here.")

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)


def _part(frame: Frame) -> bytes:
    """With the next boundary: browsers show a picture only when it has come (cameras-and-rig 4)."""
    head = (
        f"Content-Type: image/jpeg\r\nContent-Length: {len(frame.jpeg)}\r\n"
        f"X-Timestamp: {frame.taken_at:.3f}\r\n\r\n"
    )
    return head.encode() + frame.jpeg + f"\r\n--{_BOUNDARY}\r\n".encode()
