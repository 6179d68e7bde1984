"""What one connection sends, and when: hello, status, what waits in the outbox, preview."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import websocket

from rig.delays import Delays
from rig.dial import hang_up
from rig.feed import Feed
from rig.outbox import Outbox

logger = logging.getLogger(__name__)

FRAME_PATIENCE_S = 15.0
"""A picture that the farm has not confirmed for so long is forgotten; the next is sent."""
_LONGEST_S = 5.0
Message = dict[str, Any]


class Sender:
    """Its thread ends with the connection. The WebSocket library keeps messages apart."""

    def __init__(
        self,
        opened: websocket.WebSocket,
        *,
        outbox: Outbox,
        feed: Feed,
        delays: Delays,
        hello: Callable[[], Message],
        status: Callable[[], Message],
        stale_s: float,
    ) -> None:
        self._socket, self._outbox, self._feed, self._delays = opened, outbox, feed, delays
        self._hello, self._status, self._stale = hello, status, stale_s
        self._wake = threading.Event()
        self._stopping = False
        self._sent: set[str] = set()  # items on their way, not yet confirmed
        self._preview = False
        self._in_flight = 0  # number of the picture that waits for its confirmation
        self._frame_seq = 0
        self._frame_at = self._status_at = -1e9
        self._thread = threading.Thread(target=self._run, name="rig:send", daemon=True)

    def start(self) -> None:
        self._send(self._hello())
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def wake(self) -> None:
        self._wake.set()

    def status_changed(self) -> None:
        self._status_at = -1e9
        self._wake.set()

    def heard(self, message: Message) -> bool:
        """What concerns the sending itself; False: it is for somebody else."""
        kind = message.get("t")
        if kind == "ack" and isinstance(message.get("ids"), list):
            ids = [item for item in message["ids"] if isinstance(item, str)]
            self._outbox.confirmed(ids)
            self._sent.difference_update(ids)
        elif kind == "frame_ok":
            if message.get("seq") == self._in_flight:
                self._in_flight = 0
        elif kind == "preview":
            self._preview = message.get("wanted") is True
        else:
            return False
        self._wake.set()
        return True

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._wake.clear()
                self._items()
                wait = min(self._status_due(), self._frame_due(), _LONGEST_S)
                self._wake.wait(max(0.0, wait))
        except (websocket.WebSocketException, OSError) as error:
            logger.debug("Sending ended: %s", error)
            hang_up(self._socket)  # the listener then knows too
        except Exception:
            logger.exception("Sending failed")  # the barrier of this thread
            hang_up(self._socket)

    def _items(self) -> None:
        while not self._stopping and (batch := self._outbox.batch(self._sent)):
            for item in batch:
                self._send(item)
                self._sent.add(item["id"])

    def _status_due(self) -> float:
        """Seconds to the next; sends it when it is time."""
        now = time.monotonic()
        if now - self._status_at >= self._delays.get("status_delay"):
            self._status_at = now
            self._send(self._status())
        return self._status_at + self._delays.get("status_delay") - now

    def _frame_due(self) -> float:
        """Nothing is sent while nobody looks, nor before the last picture has arrived: a slow
        network gets fewer pictures, never older ones."""
        if not self._preview:
            return _LONGEST_S
        now, delay = time.monotonic(), self._delays.get("image_delay")
        if self._in_flight and now - self._frame_at < FRAME_PATIENCE_S:
            return _LONGEST_S
        if now - self._frame_at < delay:
            return self._frame_at + delay - now
        picture = self._feed.latest(self._stale)
        if picture is None or picture.seq == self._frame_seq:
            return min(delay, 0.1)
        self._frame_at, self._frame_seq, self._in_flight = now, picture.seq, picture.seq
        head = {"t": "frame", "seq": picture.seq, "size": len(picture.jpeg),
                "age": round(now - picture.mono, 3)}  # fmt: skip
        self._send(head)
        self._socket.send_binary(picture.jpeg)
        return delay

    def _send(self, message: Message) -> None:
        self._socket.send(json.dumps(message, ensure_ascii=False))
