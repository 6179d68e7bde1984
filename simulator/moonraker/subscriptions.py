"""notify_status_update: only what changed since the last look, at most four times a second."""

from __future__ import annotations

import time
from typing import Any

from simulator.moonraker.connections import Connection, Connections, Wanted, compact
from simulator.moonraker.printer import KlipperPrinter
from simulator.moonraker.stamped import viewer
from simulator.moonraker.status import Status


def event_time() -> float:
    """Klippy's clock: monotonic seconds."""
    return time.monotonic()


class Subscriptions:
    """One common picture of all wanted objects; every client gets its part of the changes."""

    def __init__(self, printer: KlipperPrinter, connections: Connections) -> None:
        self._printer = printer
        self._connections = connections
        self._picture: dict[str, Status] = {}
        self._moment_ns = time.time_ns()  # of the last look for changes, which is when they happen

    def query(self, wanted: Wanted) -> dict[str, Any]:
        """The answer to objects/query: fields that do not exist are null."""
        status: dict[str, Status] = {}
        look = viewer(self._printer, self._moment_ns)
        for name, fields in wanted.items():
            whole = look(name)
            known = name in self._printer.config.objects
            if fields is not None and known:
                whole = {field: whole.get(field) for field in fields}
            status[name] = whole
        return {"eventtime": event_time(), "status": status}

    def subscribe(self, connection: Connection, wanted: Wanted) -> dict[str, Any]:
        """Replace a client's subscription; the answer holds everything it wants."""
        connection.objects = wanted or None
        look = viewer(self._printer, self._moment_ns)
        for name in wanted:
            self._picture[name] = look(name)
        status = {name: _part(self._picture[name], fields) for name, fields in wanted.items()}
        return {"eventtime": event_time(), "status": status}

    def clear(self) -> None:
        """Klippy is gone: nobody is subscribed any more."""
        self._picture.clear()
        for connection in self._connections:
            connection.objects = None

    def publish(self) -> None:
        """Tell every client what changed."""
        self._moment_ns = time.time_ns()
        hearers = [one for one in self._connections if one.objects]
        if not hearers:
            self._picture.clear()
            return
        changes = self._changes({name for one in hearers for name in one.objects or ()})
        if not changes:
            return
        now = event_time()
        for one in hearers:
            parts = {
                name: part
                for name, fields in (one.objects or {}).items()
                if name in changes and (part := _part(changes[name], fields))
            }
            if parts:
                one.put(compact(_update(parts, now)))

    def _changes(self, names: set[str]) -> dict[str, Status]:
        changes: dict[str, Status] = {}
        look = viewer(self._printer, self._moment_ns)
        for name in names:
            before, now = self._picture.get(name, {}), look(name)
            changed = {k: v for k, v in now.items() if k not in before or before[k] != v}
            if changed:
                changes[name] = changed
                self._picture[name] = now
        return changes


def _part(status: Status, fields: list[str] | None) -> Status:
    return status if fields is None else {k: status[k] for k in fields if k in status}


def _update(parts: dict[str, Status], now: float) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notify_status_update", "params": [parts, now]}
