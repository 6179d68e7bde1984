"""Secrets that nothing else looks like, and where they turn up all the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

MARK = "7Q3xCan4"
"""In every canary that may be longer than an access code."""


def canary(name: str) -> str:
    """ "7Q3xCan4-mqtt/ü+": with characters that every encoding writes otherwise."""
    return f"{MARK}-{name}/+=&"


def forms(secret: str) -> Iterator[bytes]:
    """As it may be written: plain, in an address, in JSON, in base64 behind any other text."""
    raw = secret.encode()
    yield raw
    yield from (quote(secret, safe="").encode(), quote_plus(secret).encode())
    yield quote(secret).encode()
    yield json.dumps(secret)[1:-1].encode()
    yield raw.hex().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            coded = encode(b"\0" * before + raw)
            yield coded[4 * (before > 0) : len(coded) // 4 * 4 - 4]


class Secrets:
    """Name -> secret; ``found_in`` tells which of them some bytes give away."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}

    def __call__(self, name: str, secret: str = "") -> str:
        """The canary of that name, kept to be looked for."""
        return self._secrets.setdefault(name, secret or canary(name))

    def __len__(self) -> int:
        return len(self._secrets)

    def found_in(self, haystack: bytes) -> list[str]:
        return [
            name
            for name, secret in self._secrets.items()
            if any(form in haystack for form in forms(secret))
        ]
