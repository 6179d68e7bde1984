"""The address of a print server, read once from the owner's ``url``."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import ConfigError

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """``base`` is "" or "/prefix" without a slash at its end, for servers behind a proxy."""

    scheme: str  # "http" or "https"
    host: str
    port: int
    base: str = ""

    @classmethod
    def parse(cls, url: str, name: str, default_port: int | None = None) -> Address:
        """From "http://host[:port][/prefix]" or a bare "host[:port]" (http).

        ``default_port``: of plain http without a port. Raises ConfigError with a sentence.
        """
        text = url.strip()
        if "://" not in text:
            text = f"http://{text}"
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f"The url {url!r} of {name} cannot be read: {error}.") from error
        _require_plain(parts.scheme, parts.hostname or "", url, name)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ConfigError(
                f"The url of {name} must be only an address, like http://192.0.2.20: keys and "
                "passwords have settings of their own."
            )
        usual = default_port if parts.scheme == "http" and default_port else None
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=port or usual or _DEFAULT_PORTS[parts.scheme],
            base=parts.path.rstrip("/"),
        )

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def url(self, path: str) -> str:
        """``path`` begins with "/" and is quoted already."""
        return f"{self.origin}{self.base}{path}"

    def target(self, path: str) -> str:
        """What the request line names."""
        return f"{self.base}{path}"

    def owns(self, url: str) -> bool:
        """Whether ``url`` is on this very server, so that its key may be sent there."""
        try:
            parts = urlsplit(url)
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            return False
        return (parts.scheme, parts.hostname, port) == (self.scheme, self.host, self.port)


def _require_plain(scheme: str, host: str, url: str, name: str) -> None:
    if scheme not in _DEFAULT_PORTS:
        raise ConfigError(f"The url {url!r} of {name} must begin with http:// or https://.")
    if not host or not host.isprintable() or " " in host:
        raise ConfigError(f"The url {url!r} of {name} names no host.")
