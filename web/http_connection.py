"""One connection: requests one after another, each handed to the WSGI app, until it falls idle.

Written for the farm because Werkzeug's own handler closes after every request and lets a
half-sent one hold its thread for ever (security study 2.2, slowloris).
"""

from __future__ import annotations

import logging
import socket
import sys
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from web.frames import FrameSocket
from web.http_body import Body
from web.http_head import MAX_HEAD_BYTES, BadHead, Head, parse_head
from web.http_reply import Reply

if TYPE_CHECKING:
    from web.server import FarmServer

logger = logging.getLogger(__name__)

_JOIN_BELOW = 64 * 1024
_DISCARD_BYTES = 64 * 1024
_LINGER_S, _LINGER_BYTES = 3.0, 64 * 1024 * 1024


class HttpConnection:
    """socketserver calls the constructor; the work is done when it returns."""

    def __init__(self, request: socket.socket, peer: tuple[str, int], server: FarmServer) -> None:
        self._sock = request
        self._peer = peer
        self._server = server
        self._limits = server.limits
        self._buffer = b""
        self._serve()

    def _serve(self) -> None:
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        patience = self._limits.head_s
        try:
            while (head := self._read_head(patience)) is not None:
                if not self._answer(head):
                    return
                patience = self._limits.idle_s
        except BadHead as error:
            self._refuse(error.status, error.reason)
        except OSError as error:
            logger.debug("%s: connection lost: %s", self._peer[0], error)

    # -- reading --------------------------------------------------------------------------------

    def _read_head(self, patience: float) -> Head | None:
        """None when the client left or fell silent between two requests. Raises BadHead."""
        deadline = time.monotonic() + patience
        started = bool(self._buffer)
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise BadHead(431, "Headers too large")
            left = deadline - time.monotonic()
            chunk = self._receive(left) if left > 0 else None
            if chunk is None and started:
                raise BadHead(408, "The request came in too slowly")
            if not chunk:
                return None
            if not started:
                started = True
                deadline = time.monotonic() + self._limits.head_s
            self._buffer = (self._buffer + chunk).lstrip(b"\r\n")
        if end > MAX_HEAD_BYTES:
            raise BadHead(431, "Headers too large")
        raw, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        return parse_head(raw)

    def _receive(self, timeout: float) -> bytes | None:
        self._sock.settimeout(timeout)
        try:
            return self._sock.recv(65_536)
        except TimeoutError:
            return None

    # -- answering --------------------------------------------------------------------------------

    def _answer(self, head: Head) -> bool:
        """Run the app; True when the connection may carry another request."""
        expects = "100-continue" in head.headers.get("HTTP_EXPECT", "").lower()
        body = Body(self._sock, self._buffer, head.length, self._limits.body_stall_s, expects)
        self._buffer = self._buffer[head.length :]
        frames = FrameSocket(self._sock) if head.is_upgrade else None
        reply = Reply(self.send, head, keep_alive=head.keep_alive and self._server.has_room)
        self._run(head, self._environ(head, body, frames), reply)
        if frames is not None and frames.upgraded:
            return False
        reply.finish()
        if reply.broken:
            return False
        if not self._discard(body):
            self._linger()
            return False
        return reply.keep_alive

    def _run(self, head: Head, environ: dict[str, Any], reply: Reply) -> None:
        result: Iterable[bytes] | None = None
        try:
            result = self._server.app(environ, reply.start)
            frames = environ["werkzeug.socket"]
            if isinstance(frames, FrameSocket) and frames.upgraded:
                return  # the app's answer to an upgraded request is for nobody
            for data in result:
                reply.write(data)
        except OSError as error:
            reply.broken = True
            logger.debug("%s %s: client left: %s", head.method, head.path, error)
        except Exception:
            reply.fail()
            logger.exception("%s %s failed while it was answered", head.method, head.path)
        finally:
            if result is not None and hasattr(result, "close"):
                result.close()

    def _environ(self, head: Head, body: Body, frames: FrameSocket | None) -> dict[str, Any]:
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
            "REQUEST_METHOD": head.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": head.path,
            "QUERY_STRING": head.query,
            "REQUEST_URI": head.target,
            "REMOTE_ADDR": self._peer[0],
            "REMOTE_PORT": self._peer[1],
            "SERVER_NAME": self._server.host,
            "SERVER_PORT": str(self._server.port),
            "SERVER_PROTOCOL": head.version,
            **head.headers,
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
        phrase = HTTPStatus(status).phrase
        text = reason.encode()
        head = (
            f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        )
        try:
            self.send(head.encode("ascii"), text)
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
