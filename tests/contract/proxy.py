"""Stands between an adapter and a server and spoils the wire: late, silent, cut, garbled."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence

from tests.contract.wire_log import Ear, Request, WireLog

CHUNK = 65_536
TICK_S = 0.05
WORKS_S = 0.5  # for a server to act on a request whose answer gets lost
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST
NOT_HTTP = b"\x16\x03\x01\x00\xff\xfe garbage \x00\x00" * 8
BROKEN = b'{"state": {"text": "Oper'
TWISTED = (
    b'{"state": 7, "job": [], "progress": "much", "printer": "no", "result": ["?"], '
    b'"temperature": 3, "storage": 1, "files": {}, "server": null, "api": [], "text": 5, '
    b'"jsonrpc": 2, "method": 9, "params": 1, "current": "x", "history": 0}'
)
GARBAGE = ("bytes", "broken", "twisted")


class FaultProxy:
    """127.0.0.1:port -> 127.0.0.1:target. Set the attributes while it runs."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.log = WireLog()
        self.delay_s = 0.0
        """Every answer leaves this much later."""
        self.hole = False
        """Nothing passes, nothing is closed: half open. New connections are taken and silent."""
        self.garbage = ""
        """One of GARBAGE: what comes instead of every answer."""
        self.upload_bytes_per_s = 0
        """A limit from the client to the server; 0 = none."""
        self.trap: Callable[[Request], bool] | None = None
        """Once: the connection breaks at the first request for which this says yes."""
        self.trap_delivers = True
        """Whether the server gets that request; the client never gets an answer."""
        self._pairs: set[Pair] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.connections = 0
        """How many were opened so far."""

    def start(self) -> None:
        self.listen()

    def listen(self) -> None:
        """Take connections; after ``refuse`` on the same port again."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.settimeout(TICK_S)
        self.port = self._listener.getsockname()[1]
        name = f"proxy:{self.port}"
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), name=name)
        self._thread.start()

    def refuse(self) -> None:
        """The port is closed and every connection reset."""
        listener, self._listener = self._listener, None
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        if listener is not None:
            listener.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection now."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.reset()
        for pair in pairs:
            pair.join()

    def heal(self) -> None:
        """No faults. What fell into the hole is reset, as a rebooted server would."""
        was_hole, self.hole = self.hole, False
        self.delay_s, self.garbage, self.upload_bytes_per_s = 0.0, "", 0
        self.trap = None
        if was_hole:
            self.cut()
        if self._listener is None:
            self.listen()

    def stop(self) -> None:
        self.refuse()

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            client.settimeout(None)
            self.connections += 1
            pair = Pair(self, client)
            with self._lock:
                self._pairs.add(pair)
            pair.start()

    def springs(self, requests: Sequence[Request]) -> bool:
        """Whether the trap closes now; it does so once."""
        with self._lock:
            if self.trap is None or not any(map(self.trap, requests)):
                return False
            self.trap = None
            return True

    def forget(self, pair: Pair) -> None:
        with self._lock:
            self._pairs.discard(pair)


class Pair:
    """One connection of a client and its counterpart to the server."""

    def __init__(self, proxy: FaultProxy, client: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server: socket.socket | None = None
        self._ear = Ear(proxy.log)
        self._over = threading.Event()
        self._trapped = False
        self._told = False  # the last request is in the trace, so its answer goes there too
        name = f"proxy:{proxy.port}"
        self._up = threading.Thread(target=self._upwards, name=f"{name}:up")
        self._down = threading.Thread(target=self._downwards, name=f"{name}:down")

    def start(self) -> None:
        self._up.start()

    def join(self) -> None:
        for thread in (self._up, self._down):
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join()

    def reset(self) -> None:
        """Both ends get an RST."""
        self._over.set()
        for end in (self._client, self._server):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    end.shutdown(socket.SHUT_RDWR)

    def _end(self) -> None:
        self._over.set()
        for end in (self._client, self._server):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _upwards(self) -> None:
        try:
            self._wait_out_hole()
            self._server = socket.create_connection(("127.0.0.1", self._proxy.target))
            self._down.start()
            while not self._over.is_set() and (data := self._client.recv(CHUNK)):
                heard = self._ear.hear(data)
                self._trace(heard)
                if self._proxy.springs(heard):
                    self._break_off(data)
                    break
                if self._proxy.garbage and self._ear_is_plain():
                    self._client.sendall(_garbage(self._proxy.garbage, socket_frame=False))
                    if self._proxy.garbage == "bytes":
                        break
                    continue
                self._wait_out_hole()
                self._throttle(len(data))
                self._server.sendall(data)
        except OSError:
            self._over.set()  # either end is gone: that is what a proxy passes on
        finally:
            self._end()
            if self._down.ident is not None:
                self._down.join()
            for end in (self._client, self._server):
                if end is not None:
                    end.close()
            self._proxy.forget(self)

    def _break_off(self, data: bytes) -> None:
        """The client's end is reset; the server's stays until it has worked on the request."""
        assert self._server is not None
        self._trapped = True
        if self._proxy.trap_delivers:
            self._server.sendall(data)
            self._over.wait(WORKS_S)
        self.reset()

    def _downwards(self) -> None:
        assert self._server is not None
        try:
            while not self._over.is_set() and (data := self._server.recv(CHUNK)):
                if self._told and data.startswith(b"HTTP/"):
                    self._proxy.log.trace(f"  {data[:40].partition(bytes((13,)))[0].decode()}")
                if self._trapped:
                    continue
                self._over.wait(self._proxy.delay_s)
                self._wait_out_hole()
                if self._proxy.garbage:
                    data = _garbage(self._proxy.garbage, socket_frame=self._ear.is_socket)
                self._client.sendall(data)
        except OSError:
            self._over.set()
        finally:
            self._end()

    def _trace(self, heard: Sequence[Request]) -> None:
        self._told = any(r.method not in ("GET", "HEAD") for r in heard)
        for request in heard if self._told else ():
            body = request.body[:100].decode("utf-8", "replace")
            self._proxy.log.trace(f"{request.method} {request.path} {body!r}")

    def _ear_is_plain(self) -> bool:
        return not self._ear.is_socket

    def _wait_out_hole(self) -> None:
        while self._proxy.hole and not self._over.wait(TICK_S):
            pass

    def _throttle(self, size: int) -> None:
        limit = self._proxy.upload_bytes_per_s
        end = time.monotonic() + (size / limit if limit else 0.0)
        while (left := end - time.monotonic()) > 0 and self._proxy.upload_bytes_per_s:
            if self._over.wait(min(left, TICK_S)):
                return


def _garbage(kind: str, *, socket_frame: bool) -> bytes:
    if kind == "bytes":
        return NOT_HTTP
    body = BROKEN if kind == "broken" else TWISTED
    if socket_frame:
        return bytes((0x81, 126)) + len(body).to_bytes(2, "big") + body
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body
