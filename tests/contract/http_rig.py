"""A rig whose server speaks HTTP: real or simulated, it is reached through the fault proxy."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from core.config import PrinterConfig
from core.secret import Secret
from tests.contract.dialects import Dialect
from tests.contract.print_files import Printed
from tests.contract.proxy import FaultProxy
from tests.contract.rig import Rig
from tests.contract.wire_log import Request


class HttpRig(Rig):
    """Adds the proxy and the make's dialect to whatever runs the server."""

    dialect: Dialect
    proxy: FaultProxy

    # what runs the server

    @abstractmethod
    def open_server(self) -> int:
        """Start it; its port."""

    @abstractmethod
    def close_server(self) -> None:
        """End it."""

    @abstractmethod
    def ask(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """One request to the server itself."""

    @abstractmethod
    def credentials(self) -> dict[str, str]:
        """api_key, or user and password."""

    # Rig

    def start(self) -> None:
        self.proxy = FaultProxy(self.open_server())
        self.proxy.start()

    def close(self) -> None:
        if hasattr(self, "proxy"):
            self.proxy.stop()
        self.close_server()

    def logs(self) -> str:
        return f"{self.server_logs()}\n--- through the proxy\n{self.proxy.log.tail()}"

    @abstractmethod
    def server_logs(self) -> str:
        """What the server itself wrote last."""

    def config(self) -> PrinterConfig:
        told = self.credentials()
        return PrinterConfig(
            id="alder",
            name="Alder",
            type=self.kind,
            model=self.model,
            url=f"http://127.0.0.1:{self.proxy.port}",
            api_key=Secret(told.get("api_key", "")),
            user=told.get("user", ""),
            password=Secret(told.get("password", "")),
        )

    @property
    def model(self) -> str:
        """As the owner writes it; "" is unknown."""
        return ""

    def secrets(self) -> list[str]:
        told = self.credentials()
        return [told[key] for key in ("api_key", "password") if told.get(key)]

    def wire(
        self, *, delay_s: float = 0.0, hole: bool = False, garbage: str = "", refuse: bool = False
    ) -> None:
        if not (delay_s or hole or garbage or refuse):
            self.proxy.heal()
        self.proxy.delay_s, self.proxy.garbage = delay_s, garbage
        self.proxy.hole = hole
        if refuse:
            self.proxy.refuse()

    def lose_start(self, *, delivered: bool) -> None:
        self.proxy.trap_delivers = delivered
        self.proxy.trap = self.dialect.is_start

    def upload_limit(self, bytes_per_s: int) -> None:
        self.proxy.upload_bytes_per_s = bytes_per_s

    def start_foreign(self, printed: Printed) -> None:
        self.dialect.start_foreign(self.ask, printed)

    def shows(self) -> str:
        return self.dialect.shows(self.ask)

    def mark(self) -> int:
        return len(self.proxy.log)

    def starts(self, since: int = 0) -> int:
        return sum(self.dialect.is_start(request) for request in self._signed(since))

    def orders(self, since: int = 0) -> list[str]:
        seen = self._signed(since)
        return [self.dialect.short(request) for request in seen if self.dialect.is_order(request)]

    def _signed(self, since: int) -> list[Request]:
        """With HTTP digest the first try of a request only fetches the challenge."""
        seen = self.proxy.log.seen(since)
        if not self.credentials().get("user"):
            return seen
        return [request for request in seen if "authorization" in request.headers]
