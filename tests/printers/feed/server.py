"""Another farm's end of a feed, on loopback, that says what a test tells it to say."""

from __future__ import annotations

import json
import queue
import socket
import ssl
import threading
import time
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

from tests.printers.lan.servers import LoopbackServer

Json = dict[str, Any]


def doc(state: str = "printing", **more: Any) -> Json:
    """A Printer JSON as farms send it, as far as a feed looks at it."""
    online = state not in ("offline", "connecting", "auth", "identity", "misconfigured")
    base: Json = {
        "id": "alder", "name": "Alder", "kind": "bambu", "model": "P1S", "state": state, "sub": "",
        "conn": {"online": online, "seen": 1_800_000_000, "stale": False, "text": "", "since": 1.0},
        "temps": {"nozzle": [219, 220, 300], "bed": [55, 60, 110]}, "fans": {"part": 40},
        "job": {"name": "Gear.gcode.3mf", "pct": 42, "left_s": 3600, "layer": 21, "layers": 50},
        "bed": {"clear": False, "why": "", "name": "", "result": ""}, "faults": [], "message": "",
        "cam": {"mode": "jpeg", "text": ""}, "via": ["far"],
    }  # fmt: skip
    return {**base, **more}


class FeedServer:
    """Serves any number of readers. ``say`` reaches those that are there and is what a new one
    hears first."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._server = LoopbackServer(self._serve, context)
        self._lock = threading.Lock()
        self._readers: list[queue.Queue[str | None]] = []
        self._sockets: list[socket.socket] = []
        self.first: list[str] = [json.dumps(doc())]
        """What every new reader hears at once."""
        self.status = 0
        """HTTP status to refuse with; 0 = nobody is refused."""
        self.mute = False
        """Answer no ping and say nothing."""
        self.pings = 0  # answered
        self.accepted: list[float] = []  # monotonic, of every connection
        self.requests: list[tuple[str, str]] = []  # path, Authorization

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def __enter__(self) -> FeedServer:
        self._server.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.hang_up()
        self._server.__exit__(None, None, None)

    def show(self, context: ssl.SSLContext) -> None:
        """Another certificate from now on."""
        self._server._context = context

    def say(self, *messages: Json | str) -> None:
        texts = [m if isinstance(m, str) else json.dumps(m) for m in messages]
        with self._lock:
            self.first = texts
            for reader in self._readers:
                for text in texts:
                    reader.put(text)

    def hang_up(self) -> None:
        """Close every connection politely."""
        with self._lock:
            for reader in self._readers:
                reader.put(None)

    def cut(self) -> None:
        """Break every connection off."""
        with self._lock:
            for sock in self._sockets:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # gone already

    def _serve(self, sock: socket.socket) -> None:
        self.accepted.append(time.monotonic())
        protocol = WSConnection(ConnectionType.SERVER)
        request = self._request(sock, protocol)
        headers = {key.lower(): value for key, value in request.extra_headers}
        self.requests.append((request.target, headers.get(b"authorization", b"").decode()))
        if self.status:
            sock.sendall(protocol.send(RejectConnection(status_code=self.status)))
            return
        sock.sendall(protocol.send(AcceptConnection()))
        own: queue.Queue[str | None] = queue.Queue()
        with self._lock:
            for text in self.first:
                own.put(text)
            self._readers.append(own)
            self._sockets.append(sock)
        self._talk(sock, protocol, own)

    def _talk(
        self, sock: socket.socket, protocol: WSConnection, own: queue.Queue[str | None]
    ) -> None:
        sock.settimeout(0.01)
        while True:
            try:
                message = own.get_nowait()
            except queue.Empty:
                if not self._hear(sock, protocol):
                    return
                continue
            sock.settimeout(5)
            if message is None:
                sock.sendall(protocol.send(CloseConnection(code=1001)))
                return
            sock.sendall(protocol.send(TextMessage(data=message)))
            sock.settimeout(0.01)

    def _hear(self, sock: socket.socket, protocol: WSConnection) -> bool:
        """False once the reader has left."""
        try:
            data = sock.recv(65_536)
        except (TimeoutError, ssl.SSLWantReadError):
            return True
        if not data:
            return False
        protocol.receive_data(data)
        for event in protocol.events():
            if isinstance(event, CloseConnection):
                return False
            if isinstance(event, Ping) and not self.mute:
                self.pings += 1
                sock.sendall(protocol.send(event.response()))
        return True

    @staticmethod
    def _request(sock: socket.socket, protocol: WSConnection) -> Request:
        while True:
            data = sock.recv(65_536)
            if not data:
                raise ConnectionError("it only looked at the certificate")
            protocol.receive_data(data)
            for event in protocol.events():
                assert isinstance(event, Request)
                return event
