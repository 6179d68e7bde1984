"""WS /ws/printer/ID: one printer for other programs, as status JSON frames.

Each frame is the Printer JSON; with it comes ``jpeg_image`` (base64) and ``jpeg_at`` (epoch s) when
the camera has a picture that this reader has not had, and ``via``, the farms it came through, ours
first: a farm that finds itself in there looks at itself. At most two frames a second; one at least
every ten, so that a reader can tell a quiet printer from a dead line. ``?image=0`` leaves the
pictures out and the camera alone. Read-only: what the reader says is not listened to.
"""

from __future__ import annotations

import base64
import logging
import threading
from typing import Any

from flask import Flask, g, request
from flask_sock import Sock

from core import jsonio
from core.errors import FarmError
from web.errors import Unavailable
from web.frames import text_frame
from web.services import Services
from web.websocket import CLOSE_SIGN_IN, Channel

logger = logging.getLogger(__name__)

PATH = "/ws/printer/"
MAX_FEEDS = 32
EVERY_S = 0.5
ALIVE_S = 10.0
CLOSE_TRY_LATER = 1013
_STALL_S = 20.0


class PrinterFeed:
    """One reader. Its thread sleeps between frames; a slow reader gets the newest only."""

    def __init__(
        self, channel: Channel, services: Services, printer_id: str, *, pictures: bool
    ) -> None:
        self._channel = channel
        self._services = services
        self._printer_id = printer_id
        self._pictures = pictures
        self._expires: float | None = g.get("session_expires")
        self._doc: object = None  # as last sent
        self._picture: tuple[str, int] = ("", 0)  # camera and number of the one last sent
        self._sent_at = -ALIVE_S

    def serve(self) -> None:
        """Until the reader leaves, stalls or its session ends."""
        clock, channel = self._services.clock, self._channel
        try:
            while channel.connected:
                due = clock.monotonic() + EVERY_S
                if self._session_is_over():
                    channel.close(CLOSE_SIGN_IN, "Sign in again")
                    return
                self._send_what_is_new()
                while channel.connected and (left := due - clock.monotonic()) > 0:
                    channel.event.wait(left)
                    channel.event.clear()
                    while channel.receive(timeout=0) is not None:
                        continue
        except OSError as error:
            logger.info("A reader of %s's feed was dropped: %s", self._printer_id, error)

    def _session_is_over(self) -> bool:
        return self._expires is not None and self._services.clock.time() >= self._expires

    def _send_what_is_new(self) -> None:
        now = self._services.clock.monotonic()
        doc = self._services.hub.state.docs.get(self._printer_id)
        if doc is None:
            return  # not yet reported; the registry knows it
        picture = self._new_picture() if self._pictures else {}
        if doc is self._doc and not picture and now - self._sent_at < ALIVE_S:
            return
        self._doc, self._sent_at = doc, now
        frame = text_frame(jsonio.dumps({**doc, "via": self._via(), **picture}))
        with self._channel.sock.lock:
            self._channel.sock.flush(frame, _STALL_S)

    def _via(self) -> list[str]:
        known = self._services.registry.get(self._printer_id)
        return [self._services.fleet.run_id, *(known.status.via if known else ())]

    def _new_picture(self) -> dict[str, Any]:
        services = self._services
        try:
            camera_id = services.book.main_of(self._printer_id)
            frame = services.cameras.frame(camera_id) if camera_id else None
        except FarmError as error:
            logger.debug("%s: no picture for its feed: %s", self._printer_id, error)
            return {}
        if camera_id is None or frame is None or (camera_id, frame.seq) == self._picture:
            return {}
        self._picture = (camera_id, frame.seq)
        return {
            "jpeg_image": base64.b64encode(frame.jpeg).decode(),
            "jpeg_at": round(frame.taken_at, 3),
        }


def install(app: Flask, services: Services) -> None:
    """The route, behind the same sign-in as everything. An unknown printer is 404 at once."""
    places = threading.BoundedSemaphore(MAX_FEEDS)

    def check() -> None:
        if not request.path.startswith(PATH):
            return
        services.fleet.snapshot(request.path[len(PATH) :].rstrip("/"))  # raises NotFound
        if not places.acquire(blocking=False):  # programs that forget to hang up
            raise Unavailable("Too many programs read feeds at once. Close some.")
        places.release()

    app.before_request(check)

    @Sock(app).route(PATH + "<printer_id>")  # type: ignore[untyped-decorator]
    def feed(channel: Channel, printer_id: str) -> None:
        if not places.acquire(blocking=False):
            channel.close(CLOSE_TRY_LATER, "Too many programs read feeds at once")
            return
        try:
            wanted = request.args.get("image", "1") != "0"
            PrinterFeed(channel, services, printer_id, pictures=wanted).serve()
        finally:
            places.release()
