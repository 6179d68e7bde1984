"""The web socket clients of a Moonraker, and what each wants to hear."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

Wanted = dict[str, list[str] | None]


def compact(message: Any) -> str:
    """JSON without spaces, as Moonraker writes it on a web socket."""
    return json.dumps(message, separators=(",", ":"))


class Connection:
    """``user`` None: not signed in, hears nothing. ``objects`` None: no subscription."""

    def __init__(self, number: int, put: Callable[[str], None], user: str | None) -> None:
        self.id = number
        self.put = put
        self.user = user
        self.identity: dict[str, Any] | None = None
        self.objects: Wanted | None = None

    @property
    def name(self) -> str:
        """As it introduced itself, or its number."""
        known = self.identity or {}
        return str(known.get("name", self.id))


class Connections:
    """All of them, and notifications to those that are signed in."""

    def __init__(self) -> None:
        self._open: dict[int, Connection] = {}
        self._next = 140_000_000_000_000

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def add(self, put: Callable[[str], None], user: str | None) -> Connection:
        """A new client."""
        self._next += 16
        connection = self._open[self._next] = Connection(self._next, put, user)
        return connection

    def remove(self, connection: Connection) -> None:
        """It is gone."""
        self._open.pop(connection.id, None)

    def notify(self, method: str, *params: Any) -> None:
        """One notification to everybody who is signed in."""
        hearers = [one for one in self._open.values() if one.user is not None]
        if not hearers:
            return
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params:
            message["params"] = list(params)
        text = compact(message)
        for one in hearers:
            one.put(text)
