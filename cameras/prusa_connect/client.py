"""The two requests that Prusa Connect's camera interface knows (cameras-and-rig 1).

A request's end is data and never an exception: the libraries' exceptions carry the request, and
with it the token, wherever they are shown.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from cameras.prusa_connect.answers import Answer
from cameras.prusa_connect.deadline import DeadlineAdapter
from core import jsonio
from core.clock import Clock
from core.secret import Secret
from core.web_session import private_session

TIMEOUT_S = 10.0
"""For connecting, for sending, and for each wait for the answer."""
_BODY_S = 2.0
_BODY_BYTES = 16 * 1024
_INSECURE = "Over http everybody in the network could read the token; the host must be https"


class ConnectClient:
    """One server. Each thread that uses it at the same time needs one of its own."""

    def __init__(
        self, host: str, clock: Clock, *, verify: bool | str = True, timeout_s: float = TIMEOUT_S
    ) -> None:
        """``host`` as configured, "https://…"; plain http only on this machine. ``verify``: a file
        of authorities to believe in place of the public ones."""
        self._host = host.rstrip("/")
        self._clock = clock
        self._timeout_s = timeout_s
        self._session = private_session(DeadlineAdapter)
        self._session.verify = verify
        self._session.headers.update({"User-Agent": "print-farm", "Accept": "*/*"})

    @property
    def problem(self) -> str:
        """Why nothing can be sent to this host at all, "" = it can."""
        parts = urlsplit(self._host)
        if parts.scheme == "http" and not _is_here(parts.hostname or ""):
            return _INSECURE
        return ""

    def snapshot(self, token: Secret, fingerprint: str, jpeg: bytes) -> Answer:
        """PUT /c/snapshot: the picture's bytes as they are, with their length."""
        return self._put("/c/snapshot", token, fingerprint, "image/jpg", jpeg)

    def info(self, token: Secret, fingerprint: str, config: Mapping[str, Any]) -> Answer:
        """PUT /c/info: name and resolution, as Prusa's own camera names the keys."""
        body = jsonio.dumps({"config": dict(config)})
        return self._put("/c/info", token, fingerprint, "application/json", body)

    def close(self) -> None:
        self._session.close()

    def _put(self, path: str, token: Secret, fingerprint: str, kind: str, body: bytes) -> Answer:
        headers = {"Token": token.reveal(), "Fingerprint": fingerprint, "Content-Type": kind}
        try:
            with self._session.put(
                self._host + path,
                data=body,
                headers=headers,
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                _finish(response)
                asked = response.headers.get("Retry-After", "")
                return Answer(code=response.status_code, retry_after_s=self._seconds(asked))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return Answer(problem=self._why(error))

    def _seconds(self, asked: str) -> float | None:
        """Retry-After: seconds, or a date (RFC 9110 10.2.3). None: nothing usable."""
        text = asked.strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - self._clock.time())
        except (ValueError, OverflowError):  # a year of thirty digits
            return None

    def _why(self, error: Exception) -> str:
        if isinstance(error, requests.exceptions.SSLError):
            return "The server's certificate is not trusted, so nothing was sent"
        if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ReadTimeout):
            return "Prusa Connect did not answer in time"
        if isinstance(error, requests.exceptions.ConnectionError):
            return "Prusa Connect cannot be reached"
        return "Prusa Connect's answer cannot be understood"


def _is_here(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _finish(response: requests.Response) -> None:
    """Read a short answer's rest, so that its connection can serve the next picture."""
    end = time.monotonic() + _BODY_S
    got = 0
    while got < _BODY_BYTES and time.monotonic() < end:
        piece = response.raw.read1(4096, decode_content=False)
        if not piece:
            return
        got += len(piece)
