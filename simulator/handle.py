"""One printer of a running farm, for tests and rehearsals."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from simulator import actions
from simulator.host import SimulatedHost
from simulator.machine import VirtualPrinter

if TYPE_CHECKING:
    from simulator.farm import SimulatedFarm

T = TypeVar("T")


class PrinterHandle:
    """One printer of a running farm, usable from any thread."""

    def __init__(self, farm: SimulatedFarm, host: SimulatedHost) -> None:
        self._farm = farm
        self._host = host

    @property
    def machine(self) -> VirtualPrinter:
        """For looking only; the loop thread changes it. See ``peek`` for a consistent look."""
        return self._host.machine

    def peek(self, look: Callable[[VirtualPrinter], T]) -> T:
        """``look(machine)``, carried out in the loop thread."""
        return self._farm.call(lambda: look(self._host.machine))

    def set(self, **knobs: Any) -> None:
        """Set knobs (simulator.knobs). Raises KeyError or ValueError."""
        self._farm.call(lambda: self._host.set_knobs(knobs))

    def knobs(self) -> dict[str, Any]:
        """All knobs and their values."""
        return self._farm.call(lambda: asdict(self._host.knobs))

    def do(self, action: str, **arguments: Any) -> Any:
        """One action by name. Raises actions.UnknownAction or actions.BadArguments."""
        return self._farm.run(actions.perform(self._host, action, arguments))

    def drop_tcp(self) -> None:
        """Reset every connection now."""
        self.do("drop_tcp")

    def half_open(self) -> None:
        """Freeze the present connections without closing them."""
        self.do("half_open")

    def rotate_certificate(self) -> str:
        """A new leaf and key; connections are cut. Returns the new SHA-256."""
        return str(self.do("rotate_certificate"))

    def go_offline(self) -> None:
        """Switch the printer off: its ports refuse."""
        self.do("go_offline")

    def go_online(self) -> None:
        """Switch it on again, on the same ports."""
        self.do("go_online")

    def publish_raw(self, payload: bytes) -> None:
        """Send any bytes as a report (Bambu)."""
        self.do("publish_raw", base64_bytes=base64.b64encode(payload).decode())

    def clients(self) -> list[str]:
        """Client ids of the present MQTT sessions, or names of the present web sockets."""
        return self._farm.call(self._host.clients)

    def requests(self, command: str = "") -> list[dict[str, Any]]:
        """The last 500 requests, oldest first; with ``command``, the inner objects of that one."""
        seen = self._farm.call(lambda: list(self._host.requests))
        if not command:
            return seen
        inner = (body for request in seen for body in request.values() if isinstance(body, dict))
        return [body for body in inner if body.get("command") == command]

    def asked(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        """The last HTTP requests of this method whose path ends so, oldest first."""
        return [
            request
            for request in self.requests()
            if request.get("method", "").startswith(method)
            and str(request.get("path", "")).endswith(path)
        ]

    def file(self, path: str) -> bytes:
        """A file on the card. Raises StorageError."""
        return self._farm.call(lambda: self._host.storage.read(path))
