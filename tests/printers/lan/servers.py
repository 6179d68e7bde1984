"""Small real servers on loopback that behave as badly as a test asks them to."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType

Serve = Callable[[socket.socket], None]


class LoopbackServer:
    """Accepts connections in a thread and hands each to ``serve``, which owns and closes it."""

    def __init__(self, serve: Serve, context: ssl.SSLContext | None = None) -> None:
        self._serve = serve
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._converse, args=(sock,), daemon=True)
            with self._lock:
                self.connections += 1
                self._open.append(sock)
                self._threads.append(thread)
            thread.start()

    def _converse(self, plain: socket.socket) -> None:
        sock: socket.socket = plain
        try:
            sock.settimeout(10)
            if self._context is not None:
                sock = self._context.wrap_socket(plain, server_side=True)
                with self._lock:
                    self._open.append(sock)
            self._serve(sock)
        except OSError:
            pass  # the client has gone: every test looks at what the client saw
        finally:
            sock.close()

    def __enter__(self) -> LoopbackServer:
        self._accepting.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        with self._lock:
            for sock in self._open:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        for thread in self._threads:
            thread.join(5)


def read_head(sock: socket.socket) -> bytes:
    """Up to the empty line of an HTTP request, with what came of its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65_536)
        if not piece:
            break
        data += piece
    return data


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole HTTP answer that ends the connection."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
