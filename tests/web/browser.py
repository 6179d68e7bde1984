"""A browser's end of the farm: its password and its live line."""

from __future__ import annotations

import base64
import json
import socket
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

from tests.web.whole_farm import Farm

PASSWORD = "canary-password-0815"


def basic(user: str = "owner", password: str = PASSWORD) -> dict[str, str]:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


class Page:
    """A browser's end of /api/ws over wsproto: it reads only when told to."""

    def __init__(self, farm: Farm, query: str = "", headers: dict[str, str] | None = None) -> None:
        server = farm.servers[0] if farm.servers else farm.serve()
        self.sock = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        self._ws = WSConnection(ConnectionType.CLIENT)
        extra = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        target = f"/api/ws{query}"
        host = f"127.0.0.1:{server.port}"
        self.sock.sendall(self._ws.send(Request(host=host, target=target, extra_headers=extra)))
        self._texts: list[str] = []
        self._text = ""
        self.status = 0
        self.closed: int | None = None
        while not self.status:
            self._read()

    def _read(self) -> None:
        data = self.sock.recv(65_536)
        if not data:
            self.closed = self.closed or 1006
            self.status = self.status or -1
            return
        self._ws.receive_data(data)
        for event in self._ws.events():
            if isinstance(event, AcceptConnection):
                self.status = 101
            elif isinstance(event, RejectConnection):
                self.status = event.status_code
            elif isinstance(event, Ping):
                self.sock.sendall(self._ws.send(event.response()))
            elif isinstance(event, CloseConnection):
                self.closed = int(event.code)
            elif isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    self._texts.append(self._text)
                    self._text = ""

    def read(self, timeout: float = 20.0) -> dict[str, Any]:
        """The next message; {} when none came in time or the socket was closed."""
        self.sock.settimeout(timeout)
        try:
            while not self._texts and self.closed is None:
                self._read()
        except TimeoutError:
            return {}
        return dict(json.loads(self._texts.pop(0))) if self._texts else {}

    def until(self, kind: str, timeout: float = 20.0) -> dict[str, Any]:
        """The next message of this kind; others are dropped."""
        while message := self.read(timeout):
            if message["t"] == kind:
                return message
        raise AssertionError(f"no {kind} came")

    def send(self, message: dict[str, Any]) -> None:
        self.send_text(json.dumps(message))

    def send_text(self, text: str) -> None:
        self.sock.sendall(self._ws.send(TextMessage(text)))

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()
