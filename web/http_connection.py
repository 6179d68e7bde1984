"""One connection: requests one after another, each handed to the WSGI app, until it falls idle.

Written for the farm because Werkzeug's own handler closes after every request and lets a
half-sent one hold its thread for ever (security study 2.2, slowloris). Threads, time-outs and
limits are ours; what the bytes mean is h11's (docs/adr/0003-http-server.md).
"""

from __future__ import annotations

import logging
import socket
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import h11

from web.frames import FrameSocket
from web.http_body import Body
from web.http_reply import Reply
from web.http_request import MAX_HEAD_BYTES, BadHead, check_bytes, environ_of, is_upgrade

if TYPE_CHECKING:
    from web.server import FarmServer

logger = logging.getLogger(__name__)

_JOIN_BELOW = 64 * 1024
_DISCARD_BYTES = 64 * 1024
_UNSENT_BYTES = 128 * 1024
_LINGER_S, _LINGER_BYTES = 3.0, 64 * 1024 * 1024
_MALFORMED = "Malformed request"
_REASONS = {431: "Headers too large", 501: "Send a Content-Length"}
"""Ours, because h11's own sentences repeat what the client sent."""


class HttpConnection:
    """socketserver calls the constructor; the work is done when it returns."""

    def __init__(self, request: socket.socket, peer: tuple[str, int], server: FarmServer) -> None:
        self._sock = request
        self._peer = peer
        self._server = server
        self._limits = server.limits
        self._wire = h11.Connection(h11.SERVER)
        self._method = ""
        self._serve()

    def _serve(self) -> None:
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            # else megabytes of old pictures queue in the kernel for a browser that reads slowly
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
        patience = self._limits.head_s
        try:
            while (request := self._read_head(patience)) is not None:
                if not self._answer(environ_of(request)):
                    return
                patience = self._limits.idle_s
        except BadHead as error:
            self._refuse(error.status, error.reason)
        except h11.RemoteProtocolError as error:
            logger.debug("%s: not understood: %s", self._peer[0], error)
            self._refuse(error.error_status_hint, _REASONS.get(error.error_status_hint, _MALFORMED))
        except OSError as error:
            logger.debug("%s: connection lost: %s", self._peer[0], error)

    # -- reading --------------------------------------------------------------------------------

    def _read_head(self, patience: float) -> h11.Request | None:
        """None when the client left or fell silent between two requests.

        Raises BadHead or RemoteProtocolError. Each request has an h11 connection of its own, so
        that nothing of one request can be left over for the next.
        """
        deadline = time.monotonic() + patience
        raw = self._wire.trailing_data[0].lstrip(b"\r\n")
        started = bool(raw)
        self._wire = wire = h11.Connection(h11.SERVER, MAX_HEAD_BYTES)
        self._method = ""
        if raw:
            wire.receive_data(raw)
        while (event := wire.next_event()) is h11.NEED_DATA:
            left = deadline - time.monotonic()
            chunk = self._receive(left) if left > 0 else None
            if chunk is None and started:
                raise BadHead(408, "The request came in too slowly")
            if not chunk:
                return None
            if not started:
                started = True
                deadline = time.monotonic() + self._limits.head_s
            if fresh := chunk if raw else chunk.lstrip(b"\r\n"):
                raw += fresh
                wire.receive_data(fresh)
        if not isinstance(event, h11.Request):
            return None
        self._method = event.method.decode("ascii")
        check_bytes(raw[: len(raw) - len(wire.trailing_data[0])])
        return event

    def _receive(self, timeout: float) -> bytes | None:
        self._sock.settimeout(timeout)
        try:
            return self._sock.recv(65_536)
        except TimeoutError:
            return None

    # -- answering --------------------------------------------------------------------------------

    def _answer(self, asked: dict[str, Any]) -> bool:
        """Run the app; True when the connection may carry another request."""
        wire = self._wire
        length = int(asked.get("CONTENT_LENGTH", "0"))
        body = Body(self._sock, wire, length, self._limits.body_stall_s)
        frames = FrameSocket(self._sock, wire.trailing_data[0]) if is_upgrade(asked) else None
        reply = Reply(self.send, wire, method=self._method, keep_alive=self._server.has_room)
        self._run(self._environ(asked, body, frames), reply)
        if reply.broken or _is_upgraded(frames):
            return False
        if not self._discard(body):
            self._linger()
            return False
        body.end()
        return wire.our_state is h11.DONE

    def _run(self, environ: dict[str, Any], reply: Reply) -> None:
        result: Iterable[bytes] | None = None
        frames = environ["werkzeug.socket"]
        try:
            result = self._server.app(environ, reply.start)
            if _is_upgraded(frames):
                return  # the app's answer to an upgraded request is for nobody
            for data in result:
                reply.write(data)
            reply.finish()
        except OSError as error:
            reply.broken = True
            logger.debug("%s: client left: %s", _name(environ), error)
        except Exception:
            logger.exception("%s failed while it was answered", _name(environ))
            if not _is_upgraded(frames):
                reply.fail()
        finally:
            if result is not None and hasattr(result, "close"):
                result.close()

    def _environ(
        self, asked: dict[str, Any], body: Body, frames: FrameSocket | None
    ) -> dict[str, Any]:
        environ: dict[str, Any] = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "werkzeug.socket": frames or self._sock,
            "SERVER_SOFTWARE": "print-farm",
            "SCRIPT_NAME": "",
            "REMOTE_ADDR": self._peer[0],
            "REMOTE_PORT": self._peer[1],
            "SERVER_NAME": self._server.host,
            "SERVER_PORT": str(self._server.port),
            **asked,
        }
        # Uncompressed frames are made once for all pages; nothing is gained per page by deflate.
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        return environ

    def send(self, *parts: bytes) -> None:
        self._sock.settimeout(self._limits.send_stall_s)
        if sum(map(len, parts)) < _JOIN_BELOW:
            self._sock.sendall(b"".join(parts))
        else:
            for part in parts:
                self._sock.sendall(part)

    # -- leaving ----------------------------------------------------------------------------------

    def _discard(self, body: Body) -> bool:
        """Read what little of the body the app left over; False when it is too much."""
        if body.left > _DISCARD_BYTES or (body.left and not body.was_invited):
            return False
        try:
            while body.left and body.read(body.left):
                pass
        except Exception:  # noqa: BLE001 - the body's own errors; the answer is already sent
            return False
        return True

    def _refuse(self, status: int, reason: str) -> None:
        try:
            Reply(self.send, self._wire, method=self._method).refuse(status, reason)
            self._linger()
        except OSError as error:
            logger.debug("%s: left before its refusal: %s", self._peer[0], error)

    def _linger(self) -> None:
        """Let the client read the answer although it is still sending: then close."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
            deadline, seen = time.monotonic() + _LINGER_S, 0
            while seen < _LINGER_BYTES and (left := deadline - time.monotonic()) > 0:
                chunk = self._receive(left)
                if not chunk:
                    return
                seen += len(chunk)
        except OSError as error:
            logger.debug("%s: closed by the client: %s", self._peer[0], error)


def _is_upgraded(frames: object) -> bool:
    return isinstance(frames, FrameSocket) and frames.upgraded


def _name(environ: dict[str, Any]) -> str:
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
