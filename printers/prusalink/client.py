"""PrusaLink's calls, one method each, over one HttpClient.

API v1 of the public specification. Every reply that may be missing (older servers, firmware
without that call) is an empty object here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.config import PrinterConfig
from printers.lan.address import Address
from printers.lan.http_answers import Answered
from printers.lan.http_client import HttpClient
from printers.lan.trust import Trust
from printers.prusalink.commands import Request
from printers.prusalink.flavour import Introduction
from printers.prusalink.paths import Place

NO_CONTENT = 204
_MISSING = frozenset({404, 405, 501})


class PrusaLinkClient:
    """Thread-safe. Raises what HttpClient raises."""

    def __init__(self, config: PrinterConfig, address: Address, trust: Trust) -> None:
        self._key = config.api_key
        digest = None
        if not config.api_key and config.user:
            digest = (config.user, config.password)
        self.http = HttpClient(config.name, address, trust, headers=self.headers, digest=digest)

    def headers(self) -> Mapping[str, str]:
        """The key, for this server only."""
        return {"X-Api-Key": self._key.reveal()} if self._key else {}

    def introduction(self, timeout: float) -> Introduction:
        """The first requests of a session, one after the other."""
        version = self.http.request("GET", "/api/version", timeout=timeout).object()
        return Introduction(
            version=version,
            info=self.info(timeout),
            storage=self.storage(timeout),
            cameras=self.cameras(timeout),
        )

    def status(self, timeout: float) -> dict[str, Any]:
        return self.http.request("GET", "/api/v1/status", timeout=timeout).object()

    def job(self, timeout: float) -> dict[str, Any]:
        """Empty: no job."""
        return self._optional("/api/v1/job", timeout)

    def info(self, timeout: float, *, once: bool = False) -> dict[str, Any]:
        """Which machine this is; ``once``: that has the address now, on a new connection."""
        return self._optional("/api/v1/info", timeout, once=once)

    def storage(self, timeout: float) -> dict[str, Any]:
        return self._optional("/api/v1/storage", timeout)

    def cameras(self, timeout: float) -> dict[str, Any]:
        return self._optional("/api/v1/cameras", timeout)

    def transfer(self, timeout: float) -> dict[str, Any]:
        """The transfer into the printer that is under way; empty: none."""
        return self._optional("/api/v1/transfer", timeout)

    def file(self, place: Place, timeout: float) -> dict[str, Any] | None:
        """A file's or folder's description; None: not there (or not indexed yet)."""
        try:
            return self.http.request("GET", place.address, timeout=timeout).object()
        except Answered as error:
            if error.http_status == 404:
                return None
            raise

    def send(self, request: Request, timeout: float) -> None:
        """A command: on a new connection, so that no idle one can swallow it."""
        self.http.request(
            request.method, request.path, json=request.json, timeout=timeout, once=True
        )

    def start(self, place: Place, timeout: float) -> None:
        """Print this file: sent once, on a connection of its own."""
        self.http.request("POST", place.address, timeout=timeout, once=True)

    def delete(self, place: Place, timeout: float) -> None:
        self.http.request("DELETE", place.address, timeout=timeout)

    def _optional(self, path: str, timeout: float, *, once: bool = False) -> dict[str, Any]:
        try:
            reply = self.http.request("GET", path, timeout=timeout, once=once)
        except Answered as error:
            if error.http_status in _MISSING:
                return {}
            raise
        return {} if reply.status == NO_CONTENT or not reply.body else reply.object()
