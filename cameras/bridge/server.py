"""The listening side: a bounded number of connections, each in a thread of its own."""

from __future__ import annotations

import logging
import secrets
import socket
import socketserver
import sys
import threading
import time
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import Any

from cameras.bridge.handler import Handler
from cameras.bridge.settings import CAMERA
from cameras.frames import Frame
from cameras.hub import CameraHub
from core.clock import Clock

logger = logging.getLogger(__name__)

HEAD_S = 10.0
"""A request that has not come whole by then is cut off, however slowly it trickles."""
SNAPSHOT_PLACES = 16
"""Connections besides the viewers'."""
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 21\r\n\r\nToo many connections\n"
)


class BridgeServer(ThreadingHTTPServer):
    """Serves one camera of ``hub``; ``start`` and ``stop`` around its life."""

    daemon_threads = True
    request_queue_size = 32

    def __init__(
        self, host: str, port: int, hub: CameraHub, clock: Clock, max_streams: int
    ) -> None:
        """Raises OSError when the address is taken or not this machine's."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.hub = hub
        self.clock = clock
        self.run = secrets.token_hex(4)
        """Of this process: the numbers of its pictures begin anew with each."""
        self.stopping = threading.Event()
        self.streams = threading.BoundedSemaphore(max_streams)
        self._places = threading.BoundedSemaphore(max_streams + SNAPSHOT_PLACES)
        self._lock = threading.Lock()
        self._reading: dict[socket.socket, float] = {}
        self._thread = threading.Thread(
            target=self.serve_forever, name="bridge:accept", daemon=True
        )
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        """Without the name look-up of HTTPServer, which may hang on a Pi without a network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    @property
    def url(self) -> str:
        name = f"[{self.server_name}]" if ":" in str(self.server_name) else self.server_name
        return f"http://{name}:{self.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No new connection; streams end with their next picture."""
        self.stopping.set()
        self.shutdown()
        self.server_close()

    # --- the camera ------------------------------------------------------------------------

    def live(self) -> Frame | None:
        """The newest picture, None while there is none fresh enough to be shown."""
        return self.hub.frame(CAMERA)

    def why_none(self) -> str:
        return self.hub.status(CAMERA).text or "Waiting for the first picture"

    # --- connections -----------------------------------------------------------------------

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        with suppress(OSError):
            request.setblocking(False)
            request.sendall(_FULL)
            request.recv(4096)  # closing with its request unread would take the answer back
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def head_awaited(self, link: socket.socket) -> None:
        with self._lock:
            self._reading[link] = time.monotonic()

    def head_over(self, link: socket.socket) -> None:
        with self._lock:
            self._reading.pop(link, None)

    def service_actions(self) -> None:
        """Twice a second: cut off whoever has not finished asking."""
        limit = time.monotonic() - HEAD_S
        with self._lock:
            overdue = [link for link, since in self._reading.items() if since < limit]
        for link in overdue:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Viewers leave in many ways; only a fault of ours is worth a line."""
        del request, client_address
        if not isinstance(sys.exc_info()[1], OSError):
            logger.exception("a request failed")
