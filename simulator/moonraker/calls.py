"""One request, whether it came over HTTP or JSON-RPC."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.moonraker.connections import Connection
from simulator.moonraker.errors import ServerError

if TYPE_CHECKING:
    from simulator.moonraker.server import Moonraker


@dataclass(slots=True)
class Call:
    """``args`` by name; ``user`` who is signed in; ``connection`` the web socket, if any."""

    args: dict[str, Any] = field(default_factory=dict)
    user: str | None = None
    connection: Connection | None = None

    def text(self, key: str, default: str | None = None) -> str:
        """Raises ServerError 400 when it is missing."""
        if key not in self.args:
            if default is None:
                raise ServerError(f"No data for argument: {key}")
            return default
        value = self.args[key]
        return value if isinstance(value, str) else str(value)

    def whole(self, key: str, default: int) -> int:
        """A whole number. Raises ServerError 400 when it is none."""
        try:
            return int(self.args.get(key, default))
        except (TypeError, ValueError):
            raise ServerError(f"Unable to convert argument [{key}] to int") from None

    def flag(self, key: str) -> bool:
        """true or false; missing is false."""
        value = self.args.get(key, False)
        return value if isinstance(value, bool) else str(value).lower() == "true"


Handler = Callable[["Moonraker", Call], Any | Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``verbs`` over HTTP ("GET POST"), ``method`` over JSON-RPC. ``bare``: the HTTP answer has
    no "result" around it."""

    verbs: str
    path: str
    method: str
    handler: Handler
    bare: bool = False
