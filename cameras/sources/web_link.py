"""One HTTP question to a camera, whose waiting anybody can end within half a second.

urllib3 and requests cannot go on reading after a time-out, so a cancel would have to wait for it;
here the standard library's HTTP parser reads from a socket that is polled instead.
"""

from __future__ import annotations

import base64
import http.client
import io
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO
from urllib.parse import urljoin

from cameras.frames import CameraFailed
from cameras.sources import dialing
from cameras.sources.dialing import Polled
from cameras.sources.patience import POLL_S, Patience
from cameras.sources.sign_in import SignIn
from cameras.sources.web_target import Target, parse_target
from core.errors import FarmError
from printers.base import CameraSource

MAX_REDIRECTS = 3
_SEND_S = 2.0
_BUFFER_BYTES = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@contextmanager
def ask(
    source: CameraSource, url: str, patience: Patience, sign_in: SignIn | None = None
) -> Iterator[http.client.HTTPResponse]:
    """The camera's answer, its body not yet read; leaving the block hangs up.

    A refusal that can be answered with the source's user and password is answered once; a
    ``sign_in`` that lives on spares the next question the refusal. The source's keys go to
    ``url``'s own server and nowhere else: a redirect away is refused.
    Raises CameraFailed with a sentence, or patience.Left.
    """
    first = target = parse_target(url)
    sign_in = sign_in or SignIn(source.user, source.secret)
    for _ in range(MAX_REDIRECTS + 1):
        with _signed(source, target, patience, sign_in) as response:
            if response.status not in _REDIRECTS:
                yield response
                return
            url = _joined(url, response.headers.get("Location", ""))
        target = parse_target(url)
        if target.origin != first.origin:
            raise CameraFailed(
                "Camera's server points to another address; set that one as the camera's",
                code="redirected",
            )
    raise CameraFailed("Camera's server points from address to address", code="redirected")


@contextmanager
def _signed(
    source: CameraSource, target: Target, patience: Patience, sign_in: SignIn
) -> Iterator[http.client.HTTPResponse]:
    with _one(source, target, patience, sign_in) as response:
        challenges = response.headers.get_all("WWW-Authenticate") or []
        if response.status != 401 or not sign_in.learn(challenges):
            yield response
            return
    with _one(source, target, patience, sign_in) as response:
        yield response


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise CameraFailed(
            "Camera's server points to what is no address", code="redirected"
        ) from error


@contextmanager
def _one(
    source: CameraSource, target: Target, patience: Patience, sign_in: SignIn
) -> Iterator[http.client.HTTPResponse]:
    context, headers = _secrets(source, target)
    if answer := sign_in.header("GET", target.path):
        headers["Authorization"] = answer
    link = dialing.connect(target.host, target.port, patience, context)
    try:
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = _Link(link, patience)
        _send(connection, link, target.path, headers)
        yield connection.getresponse()
    except (ConnectionError, http.client.IncompleteRead) as error:
        raise CameraFailed("Camera connection was lost", code="lost") from error
    except http.client.HTTPException as error:
        raise CameraFailed("Camera's address does not speak HTTP", code="protocol") from error
    except OSError as error:
        raise CameraFailed("Camera connection was lost", code="lost") from error
    finally:
        link.close()


def _send(
    connection: http.client.HTTPConnection, link: socket.socket, path: str, headers: dict[str, str]
) -> None:
    link.settimeout(_SEND_S)
    try:
        connection.request("GET", path, headers=headers)
    except (ValueError, http.client.InvalidURL):
        # not chained: the library's words would show the key
        raise CameraFailed(
            "Camera's address or key holds characters that cannot be sent", code="address"
        ) from None
    link.settimeout(POLL_S)


def _secrets(source: CameraSource, target: Target) -> tuple[ssl.SSLContext | None, dict[str, str]]:
    """What the adapter lends for this question; it may not have it yet."""
    try:
        context = source.tls() if source.tls and target.scheme == "https" else None
        given: Mapping[str, str] = source.headers()
    except FarmError as error:
        raise CameraFailed(error.message, code="not_ready") from error
    if context is None and target.scheme == "https":
        context = ssl.create_default_context()
    headers = {"Accept": "*/*", "Connection": "close", **given}
    if target.sign_in:
        code = base64.b64encode(target.sign_in.encode()).decode()
        headers.setdefault("Authorization", f"Basic {code}")
    return context, headers


class _Link:
    """The little of a socket that http.client needs, reading with patience."""

    def __init__(self, link: socket.socket, patience: Patience) -> None:
        self._link = link
        self._patience = patience

    def sendall(self, data: bytes) -> None:
        self._link.sendall(data)

    def makefile(self, mode: str) -> IO[bytes]:
        """Only ever "rb"."""
        del mode
        return io.BufferedReader(Polled(self._link, self._patience), _BUFFER_BYTES)

    def close(self) -> None:
        """http.client lets go before the body is read; whoever dialled hangs up."""
