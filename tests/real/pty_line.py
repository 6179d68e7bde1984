"""A pseudo terminal with a board behind it, and a line on which a test gives the board orders.

The order line is a unix socket: one order a line, one JSON answer a line.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import tty
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Protocol


class Board(Protocol):
    """What stands at the far end of the pseudo terminal."""

    tx: bytearray

    def feed(self, data: bytes) -> None:
        """Bytes from the host."""

    def run(self) -> float:
        """Do what is due; seconds until the next thing is."""

    def order(self, words: list[str]) -> dict[str, Any]:
        """An order of the test. Raises ValueError or IndexError for a wrong one."""


class PtyLine:
    """Serves one board until SIGTERM. ``link`` is what the host opens as its serial port."""

    def __init__(self, board: Board, link: Path, orders: Path) -> None:
        self._board = board
        self._link = link
        self._orders = orders
        self._selector = selectors.DefaultSelector()

    def serve(self) -> None:
        """Runs until the process is told to end, and takes the link away again."""
        signal.signal(signal.SIGTERM, _leave)
        master, slave = os.openpty()  # our own slave handle stays open: no hang-ups
        tty.setraw(slave)
        tty.setraw(master)
        os.set_blocking(master, False)
        self._orders.unlink(missing_ok=True)
        self._link.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self._orders))
            listener.listen()
            self._watch(listener, lambda: self._accept(listener))
            self._watch(master, lambda: self._read(master))
            self._link.symlink_to(os.ttyname(slave))
            try:
                self._loop(master)
            finally:
                self._link.unlink(missing_ok=True)
                self._orders.unlink(missing_ok=True)

    def _watch(self, source: Any, act: Callable[[], None]) -> None:
        self._selector.register(source, selectors.EVENT_READ, act)

    def _loop(self, master: int) -> None:
        while True:
            wait = max(0.0, min(self._board.run(), 1.0))
            self._write(master)
            for key, _ in self._selector.select(wait):
                key.data()

    def _read(self, master: int) -> None:
        self._board.feed(os.read(master, 4096))

    def _write(self, master: int) -> None:
        tx = self._board.tx
        while tx:
            try:
                del tx[: os.write(master, tx)]
            except BlockingIOError:
                return

    def _accept(self, listener: socket.socket) -> None:
        peer, _ = listener.accept()
        self._watch(peer, lambda: self._answer(peer))

    def _answer(self, peer: socket.socket) -> None:
        data = peer.recv(4096)
        for line in data.decode("utf-8", "replace").splitlines():
            try:
                answer = self._board.order(line.split())
            except (IndexError, ValueError, KeyError) as error:
                answer = {"error": repr(error)}
            peer.sendall((json.dumps(answer) + "\n").encode())
        if not data:
            self._selector.unregister(peer)
            peer.close()


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def give_order(orders: Path, line: str, timeout: float = 5.0) -> dict[str, Any]:
    """The other end: send one order and return the answer. Raises OSError, ValueError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(timeout)
        peer.connect(str(orders))
        peer.sendall(line.encode() + b"\n")
        with peer.makefile() as reader:
            answer: dict[str, Any] = json.loads(reader.readline() or "{}")
    if "error" in answer:
        raise ValueError(f"the board refuses {line!r}: {answer['error']}")
    return answer
