"""Where another farm's feed is: from the owner's ``url`` to a host, a port and a path."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from core.errors import ConfigError
from printers.lan.address import Address

PATH = "/ws/printer"
HERE = "{printer_id}"
_SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}


def feed_address(url: str, printer_id: str, name: str) -> tuple[Address, str]:
    """The server, and the path on it. ``printer_id``: its id there, where the url leaves it open.

    "ws://other:8000" (or without "ws://"), "…/ws/printer", "…/ws/printer/{printer_id}" and
    "…/ws/printer/alder" all work; wss:// is TLS. Raises ConfigError with a sentence.
    """
    text = url.strip()
    if "://" not in text:
        text = f"ws://{text}"
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ConfigError(f"The url of {name} cannot be read: {error}.") from error
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None:
        raise ConfigError(f"The url of {name} must begin with ws:// or wss://.")
    if "@" in parts.netloc:
        raise ConfigError(
            f"The url of {name} must hold no password: there are settings for user and password."
        )
    if parts.query or parts.fragment:
        raise ConfigError(f"The url of {name} must be only an address, without ? and #.")
    address = Address.parse(f"{scheme}://{parts.netloc}", name)
    return address, _path(parts.path, quote(printer_id, safe=""), name)


def _path(given: str, printer_id: str, name: str) -> str:
    path = given.rstrip("/")
    if not path:
        path = f"{PATH}/{HERE}"
    elif path.endswith(PATH):
        path = f"{path}/{HERE}"
    path = path.replace(HERE, printer_id)
    if not path.isascii() or not path.isprintable() or set(path) & set(' {}"<>\\'):
        raise ConfigError(f"The url of {name} has a path that cannot be sent: {path!r}.")
    return path
