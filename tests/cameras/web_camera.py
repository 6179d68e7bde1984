"""A web camera on a loopback port that answers exactly what a test wants, byte by byte."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from core.secret import Secret
from printers.base import CameraSource

Serve = Callable[["Viewer"], None]


class Viewer:
    """One connection: the request's head has been read."""

    def __init__(self, link: socket.socket, head: bytes, stopping: threading.Event) -> None:
        self.link = link
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split(" ")
        self.headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        self._stopping = stopping

    def send(self, data: bytes) -> None:
        self.link.sendall(data)

    def wait(self, seconds: float) -> bool:
        """Until then; True when the test is over."""
        return self._stopping.wait(seconds)

    def answer(self, body: bytes, kind: str = "image/jpeg", status: str = "200 OK") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.send(head.encode() + body)

    def open_stream(self, kind: str = "multipart/x-mixed-replace; boundary=frame") -> None:
        self.send(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode())


class WebCamera:
    """``serve`` handles each connection in a thread of its own; its errors are the test's."""

    def __init__(self, serve: Serve, context: ssl.SSLContext | None = None) -> None:
        self.serve = serve
        self.requests: list[Viewer] = []
        self._context = context
        self._stopping = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._handle, args=(link,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _handle(self, plain: socket.socket) -> None:
        plain.settimeout(5)
        with suppress(OSError), plain:
            link = self._context.wrap_socket(plain, server_side=True) if self._context else plain
            with link:
                head = b""
                while b"\r\n\r\n" not in head:
                    data = link.recv(4096)
                    if not data:
                        return
                    head += data
                viewer = Viewer(link, head.partition(b"\r\n\r\n")[0], self._stopping)
                self.requests.append(viewer)
                self.serve(viewer)

    def close(self) -> None:
        self._stopping.set()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join(6)

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}/webcam/?action=x"


@contextmanager
def web_camera(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[WebCamera]:
    camera = WebCamera(serve, context)
    try:
        yield camera
    finally:
        camera.close()


def source_of(url: str, kind: str = "mjpeg", key: str = "") -> CameraSource:
    secret = Secret(key)
    return CameraSource(
        kind=kind, url=url, headers=lambda: {"X-Api-Key": secret.reveal()} if key else {}
    )
