"""A camera's address, taken apart once."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

from cameras.frames import CameraFailed

_SAFE = "/%:@!$&'()*+,;=~-._?"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a picture is."""

    scheme: str
    host: str
    port: int
    path: str  # with its query, quoted
    sign_in: str = field(repr=False)  # user:password of the address, "" = none

    @property
    def origin(self) -> tuple[str, str, int]:
        return (self.scheme, self.host, self.port)


def parse_target(url: str) -> Target:
    """Raises CameraFailed (address)."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, SplitResult("", "", "", "", "")
    if parts.scheme not in ("http", "https") or not host:
        raise CameraFailed("Camera's address is no http or https address", code="address")
    query = "?" + quote(parts.query, safe=_SAFE) if parts.query else ""
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Target(
        scheme=parts.scheme,
        host=host,
        port=port or (443 if parts.scheme == "https" else 80),
        path=quote(parts.path or "/", safe=_SAFE) + query,
        sign_in=f"{user}:{password}" if user else "",
    )
