"""WS /ws/rig/RID: a rig's own line (docs/rig.md). Its token was checked before the upgrade."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import Any

from flask import Flask, Response, request
from simple_websocket import ConnectionClosed, Server
from simple_websocket.ws import LocalProtocolError

from cameras.rigs.desk import RigDesk
from cameras.rigs.state import Visit
from core import jsonio
from core.errors import FarmError
from web.errors import Unavailable
from web.frames import FrameSelector, text_frame
from web.rig_keys import ENDPOINT
from web.services import Services
from web.websocket import PING_S, Channel

logger = logging.getLogger(__name__)

MAX_PICTURE = 4 * 1024 * 1024
MAX_TEXT = 64 * 1024
MAX_RIGS = 32
MAX_WAITING = 16
"""Messages that have come and are not yet taken; the next ones stay with the rig."""
CLOSE_REPLACED, CLOSE_TOO_MUCH, CLOSE_ODD, CLOSE_LATER = 4409, 1009, 1008, 1013
_LOOK_S = 0.25
"""How often somebody may have begun to look at the picture."""
_STALL_S = 10.0
Json = dict[str, Any]


class RigSocket:
    """One connection; its thread sleeps until the rig or the desk has something to say."""

    def __init__(self, channel: Channel, desk: RigDesk, rig_id: str) -> None:
        self._channel, self._desk, self._rig_id = channel, desk, rig_id
        self._head: Json | None = None  # a picture was announced and comes next
        self._preview = False
        self._taken = threading.Event()
        channel.sock.wake = channel.event.set
        channel.sock.wait_for_room = self._wait_for_room

    def serve(self) -> None:
        """Until the rig leaves, breaks the rules or comes back by another connection."""
        visit = self._desk.arrived(self._rig_id, self._channel.event.set)
        try:
            self._talk(visit)
        except OSError as error:
            logger.info("Rig %s was dropped: %s", self._rig_id, error)
        except FarmError as error:
            logger.error("Rig %s: %s", self._rig_id, error.message)
            self._channel.close(CLOSE_LATER, "Try again later")
        finally:
            self._desk.left(self._rig_id, visit)
            self._hang_up()

    def _hang_up(self) -> None:
        """The library cannot say goodbye to who is gone, nor a second time."""
        if self._channel.connected:
            with contextlib.suppress(OSError, LocalProtocolError):
                self._channel.close()

    def _talk(self, visit: Visit) -> None:
        channel = self._channel
        while channel.connected:
            channel.event.wait(_LOOK_S)
            channel.event.clear()
            while not visit.is_over and (message := channel.receive(timeout=0)) is not None:
                if code := self._hear(visit, message):
                    channel.close(code, "Not as docs/rig.md says")
                    return
                self._taken.set()
                self._send_all(visit)  # a rig that was alone for days sends more than may wait
            self._look()
            self._send_all(visit)
            if visit.is_over:
                channel.close(CLOSE_REPLACED, "Another connection has taken over")
                return

    def _wait_for_room(self) -> None:
        """In the library's thread: a rig that says more than the farm can take must wait."""
        waiting = getattr(self._channel, "input_buffer", ())
        while len(waiting) >= MAX_WAITING and self._channel.connected:
            self._taken.wait(_LOOK_S)
            self._taken.clear()

    def _hear(self, visit: Visit, message: str | bytes) -> int:
        """The code to close with, 0 = go on."""
        if isinstance(message, bytes):
            head, self._head = self._head, None
            if head is None or head.get("size") != len(message):
                return CLOSE_ODD
            self._desk.picture(self._rig_id, visit, head, message)
            return 0
        if len(message) > MAX_TEXT:
            return CLOSE_TOO_MUCH
        try:
            heard = jsonio.loads(message)
        except jsonio.JSONDecodeError:
            return CLOSE_ODD
        if not isinstance(heard, dict) or self._head is not None:
            return CLOSE_ODD
        if heard.get("t") == "frame":
            self._head = heard
        else:
            self._desk.heard(self._rig_id, visit, heard)
        return 0

    def _look(self) -> None:
        """Tell the rig when somebody begins or ends to look."""
        wanted = self._desk.wants_pictures(self._rig_id)
        if wanted != self._preview:
            self._preview = wanted
            self._send({"t": "preview", "wanted": wanted})

    def _send_all(self, visit: Visit) -> None:
        while (message := visit.next()) is not None:
            self._send(message)
        sock = self._channel.sock
        if sock.unsent:
            with sock.lock:
                sock.flush(b"", _STALL_S)

    def _send(self, message: Json) -> None:
        """Raises OSError when the rig does not read."""
        sock = self._channel.sock
        with sock.lock:
            sock.flush(text_frame(jsonio.dumps(message)), _STALL_S)


def install(app: Flask, services: Services) -> None:
    """The route. flask-sock has one limit of message size for all routes, so that its own
    wrapper is not used here: a picture is larger than anything a page may say."""
    lines: set[int] = set()

    def limit() -> None:
        if request.endpoint == ENDPOINT and len(lines) >= MAX_RIGS:
            raise Unavailable("Too many rigs are connected at once.")

    app.before_request(limit)

    @app.route("/ws/rig/<rig_id>", endpoint=ENDPOINT, websocket=True)
    def rig_line(rig_id: str) -> Response:
        channel = Server.accept(
            request.environ, ping_interval=PING_S, max_message_size=MAX_PICTURE,
            receive_bytes=65_536, selector_class=FrameSelector,
        )  # fmt: skip
        lines.add(id(channel))
        try:
            RigSocket(channel, services.rigs, rig_id).serve()
        except ConnectionClosed:
            logger.debug("Rig %s closed its connection", rig_id)
        finally:
            lines.discard(id(channel))
        return Response()
