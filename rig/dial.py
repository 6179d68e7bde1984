"""The connection to the farm: certificate first, token second.

websocket-client is used because it is maintained, works with threads and a socket of one's own
(so that a pinned certificate is compared before the token is sent), and is in Raspberry Pi OS.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
from contextlib import suppress
from urllib.parse import quote, urlsplit

import websocket

from rig.errors import RigError
from rig.settings import Settings

TIMEOUT_S = 10.0
SILENCE_S = 50.0
"""The farm pings every 20 s."""


class Refused(RigError):
    """The farm is there and says no."""


class Unreachable(RigError):
    """Nobody answers, or somebody else does."""


def dial(settings: Settings) -> websocket.WebSocket:
    """An open WebSocket. Raises Refused or Unreachable with a sentence."""
    parts = urlsplit(settings.server)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    try:
        link = socket.create_connection((host, port), TIMEOUT_S)
    except OSError as error:
        raise Unreachable(f"{settings.server} does not answer ({error})") from error
    try:
        if secure:
            link = _secured(link, host, settings.tls)
        return _upgraded(link, settings, "wss" if secure else "ws", parts.netloc)
    except BaseException:
        link.close()
        raise


def hang_up(opened: websocket.WebSocket) -> None:
    """At once, without a farewell; whoever waits in recv wakes, which closing alone does not do."""
    if opened.sock is not None:
        with suppress(OSError):  # the other side was quicker
            opened.sock.shutdown(socket.SHUT_RDWR)
    opened.shutdown()  # type: ignore[no-untyped-call]


def _secured(link: socket.socket, host: str, tls: str) -> ssl.SSLSocket:
    pin = tls.removeprefix("sha256:") if tls.startswith("sha256:") else ""
    try:
        own = None if pin or tls in ("", "system") else tls
        context = ssl.create_default_context(cafile=own)
        if pin:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE  # compared below, before a byte of ours is sent
        wrapped = context.wrap_socket(link, server_hostname=host)
    except (OSError, ssl.SSLError) as error:
        raise Unreachable(f"{host} has no certificate that we trust ({error})") from error
    shown = hashlib.sha256(wrapped.getpeercert(binary_form=True) or b"").hexdigest()
    if pin and not hmac.compare_digest(shown, pin):
        wrapped.close()
        raise Unreachable(f"{host} shows another certificate than the pinned one ({shown})")
    return wrapped


def _upgraded(
    link: socket.socket, settings: Settings, scheme: str, netloc: str
) -> websocket.WebSocket:
    url = f"{scheme}://{netloc}/ws/rig/{quote(settings.rig)}"
    try:
        opened = websocket.create_connection(
            url,
            timeout=TIMEOUT_S,
            socket=link,
            header=[f"Authorization: Bearer {settings.token.reveal()}"],
            suppress_origin=True,
            enable_multithread=True,
            redirect_limit=0,  # nobody's certificate was looked at there: no token goes elsewhere
        )
    except websocket.WebSocketBadStatusException as error:
        raise Refused(_why(error.status_code, settings.rig)) from error
    except (websocket.WebSocketException, OSError) as error:
        raise Unreachable(f"{settings.server} is no farm ({error})") from error
    opened.settimeout(SILENCE_S)
    return opened


def _why(status: int, rig: str) -> str:
    if status == 401:
        return f'The farm does not accept the token of "{rig}"; compare its "rigs" with ours'
    if status == 429:
        return "The farm has seen too many wrong tokens and wants a pause"
    return f"The farm refuses this rig (HTTP {status})"
