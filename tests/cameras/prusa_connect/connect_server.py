"""A strict Prusa Connect on a loopback port, written apart from the product.

It takes exactly what cameras-and-rig 1 describes; everything else is a fault that the test's end
reports. Answers are served as ordered, 204 else.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image

from core.clock import Clock

TOKEN = "aB3dE6gH9jK2mN5pQ8sT"
FLOOR_S = 10.0
_HEADERS = {"host", "user-agent", "accept", "accept-encoding", "connection", "content-length",
            "content-type", "token", "fingerprint"}  # fmt: skip
_INFO = {"name", "firmware", "manufacturer", "model", "resolution", "network_info"}
_REASONS = {204: "No Content", 304: "Not Modified"}


@dataclass(frozen=True)
class Order:
    """How to answer one picture: a code, "hang" (no answer), "drop" (hang up) or "trickle" (a byte
    at a time, without end)."""

    code: int | str = 204
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass
class Taken:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: bytes
    code: int | str
    at: float  # of the injected clock

    @property
    def size(self) -> tuple[int, int]:
        with Image.open(BytesIO(self.body)) as image:
            return image.size

    @property
    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["config"]
        return found


@dataclass
class ConnectServer:
    clock: Clock
    context: ssl.SSLContext | None = None
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    orders: deque[Order] = field(default_factory=deque)
    info_orders: deque[Order] = field(default_factory=deque)
    taken: list[Taken] = field(default_factory=list)
    hanging: set[str] = field(default_factory=set)
    """Tokens whose requests are never answered."""
    faults: list[str] = field(default_factory=list)
    connections: int = 0
    trickled: int = 0
    bound: dict[str, str] = field(default_factory=dict)
    arrived: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._last: dict[str, float] = {}
        self._over = threading.Event()
        self._links: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    @property
    def pictures(self) -> list[Taken]:
        return [one for one in self.taken if one.path == "/c/snapshot"]

    @property
    def infos(self) -> list[Taken]:
        return [one for one in self.taken if one.path == "/c/info"]

    def order(self, *orders: Order | int | str) -> None:
        """How to answer the next pictures, one after the other."""
        self.orders.extend(o if isinstance(o, Order) else Order(o) for o in orders)

    def close(self) -> None:
        self._over.set()
        for link in (self._server, *self._links):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
        for thread in self._threads:
            thread.join(6)

    # --- one connection --------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(link,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(15)
        self._links.add(plain)
        with suppress(OSError), plain:
            link = self.context.wrap_socket(plain, server_side=True) if self.context else plain
            with link, link.makefile("rb") as stream:
                while self._one(link, stream):
                    pass
        self._links.discard(plain)

    def _one(self, link: socket.socket, stream: Any) -> bool:
        """One request; False when the connection is over."""
        line = stream.readline()
        if not line:
            return False
        headers: dict[str, str] = {}
        while (raw := stream.readline()) not in (b"\r\n", b""):
            name, _, value = raw.decode("ascii").rstrip("\r\n").partition(": ")
            if name.lower() in headers:
                self.faults.append(f"{name} twice")
            headers[name.lower()] = value
        length = headers.get("content-length", "")
        if "transfer-encoding" in headers or not length.isdigit():
            self.faults.append("no Content-Length")
            return False
        body = stream.read(int(length))
        method, path, version = line.decode("ascii").split()
        if (method, version) != ("PUT", "HTTP/1.1"):
            self.faults.append(f"{method} {path} {version}")
        order = self._judge(path, headers, body)
        self.taken.append(Taken(path, headers, body, order.code, self.clock.monotonic()))
        self.arrived.set()
        if order.code == "hang":
            self._over.wait(15)
        while order.code == "trickle" and not self._over.wait(0.02):
            link.sendall(b"HTTP/1.1 204 No Content\r\nX: " if not self.trickled else b"x")
            self.trickled += 1
        if isinstance(order.code, str):
            return False
        link.sendall(_answer(order))
        return True

    # --- the rules -------------------------------------------------------------------------

    def _judge(self, path: str, headers: dict[str, str], body: bytes) -> Order:
        token, fingerprint = headers.get("token", ""), headers.get("fingerprint", "")
        if headers.get("host") != f"127.0.0.1:{self.port}":
            self.faults.append("wrong Host")
        if foreign := headers.keys() - _HEADERS:
            self.faults.append(f"headers nobody asked for: {sorted(foreign)}")
        if not re.fullmatch(r"[A-Za-z0-9]{20}", token):
            self.faults.append("a token of 20 letters and digits is due")
        if not re.fullmatch(r"[A-Za-z0-9-]{16,40}", fingerprint):
            self.faults.append(f"fingerprint {fingerprint!r}")
        if path == "/c/snapshot":
            self._check_picture(token, headers, body)
            order = self.orders.popleft() if self.orders else Order()
        elif path == "/c/info":
            self._check_info(headers, body)
            order = self.info_orders.popleft() if self.info_orders else Order(200, body=b"{}")
        else:
            self.faults.append(f"path {path}")
            return Order(404)
        if token in self.hanging:
            return Order("hang")
        if token not in self.tokens:
            return Order(401)
        if self.bound.setdefault(token, fingerprint) != fingerprint:
            return Order(403)
        return order

    def _check_picture(self, token: str, headers: dict[str, str], body: bytes) -> None:
        if headers.get("content-type") != "image/jpg":
            self.faults.append(f"Content-Type {headers.get('content-type')}")
        now = self.clock.monotonic()
        if now - self._last.get(token, -1e9) < FLOOR_S:
            self.faults.append(f"{now - self._last[token]:.3f} s after the picture before")
        self._last[token] = now
        if len(body) >= 1_000_000 or body[:3] != b"\xff\xd8\xff" or body[-2:] != b"\xff\xd9":
            self.faults.append(f"{len(body)} bytes, or cut off")
            return
        with Image.open(BytesIO(body)) as image:
            image.load()
            if image.format != "JPEG" or image.width > 1920:
                self.faults.append(f"{image.format} {image.size}")

    def _check_info(self, headers: dict[str, str], body: bytes) -> None:
        if headers.get("content-type") != "application/json":
            self.faults.append(f"Content-Type {headers.get('content-type')}")
        told = json.loads(body)
        if set(told) != {"config"} or not {"name"} <= set(told["config"]) <= _INFO:
            self.faults.append(f"info {told}")
        size = told["config"].get("resolution", {"width": 1, "height": 1})
        if not all(type(size[side]) is int and size[side] > 0 for side in ("width", "height")):
            self.faults.append(f"resolution {size}")


def _answer(order: Order) -> bytes:
    lines = [f"HTTP/1.1 {order.code} {_REASONS.get(int(order.code), 'Answer')}"]
    lines += [f"{name}: {value}" for name, value in order.headers]
    if order.code not in _REASONS:
        lines.append(f"Content-Length: {len(order.body)}")
    return "\r\n".join([*lines, "", ""]).encode() + order.body


@contextmanager
def connect_server(clock: Clock, context: ssl.SSLContext | None = None) -> Iterator[ConnectServer]:
    """Open; at its end every fault it saw fails the test."""
    server = ConnectServer(clock, context)
    try:
        yield server
    finally:
        server.close()
    assert server.faults == []
