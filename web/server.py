"""The farm's web server: Werkzeug's threaded server with limits, on every system it runs on.

One thread per connection. A full house answers 503 at once instead of queueing.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from core.errors import ConfigError
from web.guards import Proxies, is_ip
from web.http_connection import HttpConnection

logger = logging.getLogger(__name__)

_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 2\r\n"
    b"Content-Length: 9\r\nConnection: close\r\n\r\ntoo busy\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All times in seconds."""

    slots: int = 320  # live pictures may take 200 of them (camera_api)
    per_address: int = 32
    cap_loopback: bool = False  # tests and a proxy on this machine come from there
    head_s: float = 8.0  # for a whole request head
    idle_s: float = 15.0  # between two requests
    body_stall_s: float = 10.0
    send_stall_s: float = 20.0


class FarmServer(ThreadedWSGIServer):
    """Binds in the constructor; raises ConfigError when the address cannot be had."""

    allow_reuse_address = os.name != "nt"  # on Windows it would let two servers share a port
    request_queue_size = 256

    def __init__(
        self,
        host: str,
        port: int,
        app: Any,
        *,
        limits: Limits | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._proxies = proxies or Proxies(())
        self._guard = threading.Lock()
        self._open: dict[int, tuple[socket.socket, str]] = {}
        self._addresses: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._serving = threading.Event()
        super().__init__(host, port, app, cast("type[WSGIRequestHandler]", HttpConnection))

    def server_bind(self) -> None:
        try:
            if self.allow_reuse_address:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(self.server_address)
        except OSError as error:
            raise ConfigError(
                f"The farm cannot listen on {self.host} port {self.port} "
                f"({error.strerror or error}). Stop the other program there, or choose another "
                "port with --port."
            ) from error
        self.server_address = self.socket.getsockname()

    @property
    def url(self) -> str:
        host = self.host if is_ip(self.host) else self.host or "127.0.0.1"
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def local_url(self) -> str:
        """As this very machine reaches it."""
        return self.url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")

    @property
    def has_room(self) -> bool:
        """Whether an idle connection may stay open: a quarter of the slots is for newcomers."""
        return len(self._open) <= self.limits.slots * 3 // 4

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.serve_forever, name="http:accept", daemon=True)
        self._thread.start()

    def serve_forever(self, poll_interval: float = 0.1) -> None:
        self._serving.set()
        super().serve_forever(poll_interval)

    def stop(self, timeout: float = 5.0) -> None:
        """Stop accepting and close every connection, WebSockets and camera streams too."""
        if self._serving.is_set():
            self.shutdown()
        if self._thread is not None:
            self._thread.join(timeout)
        self.server_close()
        with self._guard:
            connections = [sock for sock, _ in self._open.values()]
        for sock in connections:
            _hang_up(sock)

    # -- called by socketserver -----------------------------------------------------------------

    def process_request(self, request: Any, client_address: Any) -> None:
        """In the accepting thread: a place and a thread, or 503 without waiting."""
        address = client_address[0]
        if not self._admit(request, address):
            self._turn_away(request)
            return
        name = f"http:{client_address[1]}"
        threading.Thread(
            target=self._handle, args=(request, client_address), name=name, daemon=True
        ).start()

    def _admit(self, request: socket.socket, address: str) -> bool:
        capped = not self._proxies.trusts(address) and (
            self.limits.cap_loopback or not (address.startswith("127.") or address == "::1")
        )
        with self._guard:
            if len(self._open) >= self.limits.slots:
                return False
            if capped and self._addresses[address] >= self.limits.per_address:
                return False
            self._open[id(request)] = (request, address)
            self._addresses[address] += 1
        return True

    def _turn_away(self, request: socket.socket) -> None:
        try:
            request.setblocking(False)
            request.send(_FULL)
            request.shutdown(socket.SHUT_WR)
            request.recv(65_536)
        except OSError as error:
            logger.debug("A client left before it could be turned away: %s", error)
        finally:
            request.close()

    def _handle(self, request: socket.socket, client_address: Any) -> None:
        try:
            HttpConnection(request, client_address, self)
        except Exception:
            logger.exception("A connection from %s failed", client_address[0])
        finally:
            with self._guard:
                _, address = self._open.pop(id(request))
                self._addresses[address] -= 1
                if not self._addresses[address]:
                    del self._addresses[address]
            _hang_up(request)
            request.close()

    def log(self, _kind: str, message: str, *args: Any) -> None:
        """Werkzeug's own lines go to our log and stay quiet."""
        logger.debug(message, *args)


def _hang_up(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        logger.debug("Already closed: %s", error)
