"""One open page: what it has been sent, and what waits while it is slow or hidden."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from core.clock import Clock
from web.frames import FrameSocket

QUEUE_FRAMES = 64
HIDDEN_EVERY_S = 10.0
STALL_S = 20.0

Frame = tuple[int, bytes]
"""(number of the delta, 0 for what has none; the frame)"""
TakeSnapshot = Callable[[], Frame]


class Browser:
    """``offer`` is called by the hub's thread only and never waits; the rest by its own thread.

    A frame goes straight to the socket when nothing is in its way (no hand-off between threads),
    else into a bounded queue; when that is full it is dropped and a fresh snapshot follows.
    """

    def __init__(
        self, sock: FrameSocket, wake: threading.Event, clock: Clock, snapshot: TakeSnapshot
    ) -> None:
        self._sock = sock
        self._wake = wake
        self._clock = clock
        self._snapshot = snapshot
        self._queue: deque[Frame] = deque()
        self._seq = -1  # the last one begun
        self._lost = True  # needs a snapshot before any delta
        self._hidden = False
        self._sent_at = 0.0
        self.temps: frozenset[str] = frozenset()  # printers whose samples this page wants
        self.gone = False
        sock.wake = wake.set

    # -- the hub's thread -----------------------------------------------------------------------

    def offer(self, seq: int, frame: bytes) -> None:
        """Take the next frame."""
        if self._lost or self.gone:
            return
        if self._hidden:
            self._lost = True
            self._wake.set()  # its thread now has a time to be back at
            return
        if not self._queue and self._sock.lock.acquire(blocking=False):
            try:
                if seq <= self._seq or self._begin(seq, frame):
                    return
            finally:
                self._sock.lock.release()
        if len(self._queue) >= QUEUE_FRAMES:
            self._lost = True
        else:
            self._queue.append((seq, frame))
        self._wake.set()

    def notify(self, frame: bytes) -> None:
        """Take a frame without a number (an event, a sample); lost when the queue is full."""
        if self.gone or len(self._queue) >= QUEUE_FRAMES:
            return
        self._queue.append((0, frame))
        self._wake.set()

    def catch_up(self, seq: int, frames: bytes) -> None:
        """Called once, before any offer: the page has all but ``frames``, which end at ``seq``."""
        self._lost = False
        if frames:
            self._queue.append((seq, frames))
        else:
            self._seq = seq

    def _begin(self, seq: int, frame: bytes) -> bool:
        try:
            begun = self._sock.offer(frame)
        except OSError:
            self.gone = True
            self._wake.set()
            return True
        if begun:
            self._seq = seq
            if self._sock.unsent:
                self._wake.set()
        return begun

    # -- the connection's own thread --------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """An answer to this page alone. Raises OSError when it does not read."""
        with self._sock.lock:
            self._sock.flush(frame, STALL_S)

    def pump(self) -> None:
        """Send what waits. Raises OSError when the page does not read for STALL_S."""
        with self._sock.lock:
            self._sock.flush(b"", STALL_S)
            if self._lost and self._snapshot_is_due():
                self._queue.clear()
                self._lost = False  # from here on the hub queues again
                seq, frame = self._snapshot()
                self._sock.flush(frame, STALL_S)
                self._seq = max(self._seq, seq)
                self._sent_at = self._clock.monotonic()
        while self._queue:
            with self._sock.lock:
                seq, frame = self._queue[0]
                if not seq or (seq > self._seq and not self._lost):
                    self._sock.flush(frame, STALL_S)
                    self._seq = max(self._seq, seq)
                self._queue.popleft()

    def _snapshot_is_due(self) -> bool:
        return not self._hidden or self._clock.monotonic() - self._sent_at >= HIDDEN_EVERY_S

    def resync(self) -> None:
        """The page asks for a snapshot."""
        self._lost = True

    def set_hidden(self, hidden: bool) -> None:
        self._hidden = hidden
        if hidden:
            self._sent_at = self._clock.monotonic()

    @property
    def patience_s(self) -> float:
        """How long the connection's thread may sleep without missing a duty."""
        if not (self._hidden and self._lost):
            return 20.0
        return max(0.05, self._sent_at + HIDDEN_EVERY_S - self._clock.monotonic())
