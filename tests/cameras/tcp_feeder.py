"""A TCP camera on a loopback port, as ``rpicam-vid --listen`` is one: it counts its viewers."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from tests.cameras.prusa_connect.conftest import picture


class Feeder:
    """Serves one viewer; a second one is remembered as a fault, and sent away."""

    def __init__(self, port: int = 0, every_s: float = 0.04) -> None:
        self.every_s = every_s
        self.viewers = 0  # now
        self.most = 0  # at once, ever
        self.came = 0
        self.sent = 0
        self.silent = threading.Event()
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", port))
        self.port: int = self._server.getsockname()[1]
        self._pictures = [picture(color, comment=b"\xff\xd8\xff\xd9") for color in ("red", "teal")]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.over.set()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join(6)

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                self.came += 1
                self.viewers += 1
                self.most = max(self.most, self.viewers)
            thread = threading.Thread(target=self._feed, args=(link,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _feed(self, link: socket.socket) -> None:
        link.settimeout(5)
        with suppress(OSError), link:
            while self.viewers == 1 and not self.over.wait(self.every_s):
                if not self.silent.is_set():
                    link.sendall(self._pictures[self.sent % 2])
                    self.sent += 1
                elif link.recv(1, socket.MSG_DONTWAIT) == b"":
                    break
        with self._lock:
            self.viewers -= 1
