"""GET /api/status and the snapshot frame, serialised once per change and per printer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import current_app

from core import jsonio
from web.frames import text_frame
from web.state import State

EXTENSION = "farm.body"


class StatusBody:
    """Keeps the bytes of each unchanged printer. Safe from any thread: at worst, work is doubled.

    Every slot holds a pair that belongs together and is replaced as a whole.
    """

    def __init__(self, server: Mapping[str, Any]) -> None:
        self._server = dict(server)
        self._pieces: dict[str, tuple[Any, bytes]] = {}
        self._status: tuple[State | None, bytes] = (None, b"")
        self._frame: tuple[State | None, bytes] = (None, b"")

    def _piece(self, key: str, value: Any) -> tuple[Any, bytes]:
        kept = self._pieces.get(key)
        if kept is not None and kept[0] is value:
            return kept
        return value, jsonio.dumps(value)

    def _parts(self, state: State) -> bytes:
        printers = {name: self._piece(name, doc) for name, doc in state.docs.items()}
        jobs = {f"job {i}": self._piece(f"job {i}", job) for i, job in state.jobs.items()}
        farm = self._piece("farm of all", state.farm)
        queue = self._piece("queue of all", state.queue)
        self._pieces = {**printers, **jobs, "farm of all": farm, "queue of all": queue}
        head = queue[1][1:-1]  # what is gone is forgotten
        lists = b'"alerts":%b,"rigs":%b' % (
            jsonio.dumps(list(state.alerts.values())),
            jsonio.dumps(list(state.rigs.values())),
        )
        return b'"seq":%d,"printers":[%b],"queue":{%b"jobs":[%b]},%b,"farm":%b' % (
            state.seq,
            b",".join([piece for _, piece in printers.values()]),
            head + b"," if head else b"",
            b",".join([piece for _, piece in jobs.values()]),
            lists,
            farm[1],
        )

    def status(self, state: State) -> bytes:
        """The body of GET /api/status."""
        kept, body = self._status
        if kept is not state:
            body = b"{%b}" % self._parts(state)
            self._status = (state, body)
        return body

    def snapshot(self, state: State, now: float) -> bytes:
        """The snapshot message as JSON; also what index.html carries."""
        server = jsonio.dumps({**self._server, "now": round(now, 3)})
        return b'{"t":"snapshot",%b,"server":%b}' % (self._parts(state), server)

    def frame(self, state: State, now: float) -> bytes:
        """The snapshot as a WebSocket frame, the same for all pages that ask at this state."""
        kept, frame = self._frame
        if kept is not state:
            frame = text_frame(self.snapshot(state, now))
            self._frame = (state, frame)
        return frame


def status_body() -> StatusBody:
    """The bytes of the app that handles this request."""
    return cast(StatusBody, current_app.extensions[EXTENSION])
