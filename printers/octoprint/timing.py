"""How patient the conversation with OctoPrint is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds."""

    tick: float = 1.0
    first: float = 10.0  # no report so long after the websocket opened: a proxy swallows it
    ping: float = 5.0  # quiet so long: ask whether anybody is there
    dead: float = 14.0  # quiet so long: nobody is
    stale: float = 8.0  # no frame so long: ask by REST
    chore: float = 10.0  # a question that failed is asked again after this
    poll: float = 2.0
    websocket_again: float = 60.0
    steady: float = 10.0  # a session this old was a good one
    throttle: int = 1  # frames at most every throttle/2 s
