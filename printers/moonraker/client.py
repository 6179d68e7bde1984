"""One WebSocket session with Moonraker: opens it, keeps asking whether it lives, hands on news.

``run`` is the printer's own thread; ``ask`` and ``call`` may be used from any.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from core.errors import PrinterOffline, PrinterTimeout
from core.secret import Secret
from printers.lan.address import Address
from printers.lan.dialer import Dialer
from printers.lan.http_answers import Answered, Malformed
from printers.lan.http_client import HttpClient
from printers.lan.trust import Trust
from printers.lan.web_socket import Closed, WebSocket
from printers.moonraker import words
from printers.moonraker.rpc import Answer, Calls, Notification, Then, decode, encode

WEBSOCKET = "/websocket"
ONE_SHOT = "/access/oneshot_token"
CLIENT_NAME = "printfarm"
CLIENT_VERSION = "1.0"
_TOKEN_TIMEOUT_S = 4.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. Tests use shorter ones."""

    tick: float = 1.0  # longest wait for a message before the clocks are looked at
    tick_soon: float = 0.05  # shortest
    ask: float = 5.0  # between questions on a quiet session
    ask_starting: float = 1.0  # while Klipper is not ready: its errors are not announced
    silent: float = 12.0  # nothing heard, or a question unanswered: the link is dead
    klipper_silent: float = 15.0  # Moonraker lives, Klipper answers nothing
    publish: float = 0.5  # ordinary news are gathered for so long
    moving: float = 0.7  # motion without a job that lasts longer is shown
    cancelled: float = 12.0  # how long a cancel counts as just seen
    restart: float = 20.0  # a restart that was asked for may take so long
    notice: float = 120.0  # a late refusal is shown for so long
    retry: tuple[float, float] = (1.0, 8.0)
    auth_retry: float = 60.0


class Listener(Protocol):
    """All but nothing: called in the session's thread."""

    def session_up(self, session: Session) -> None: ...
    def notified(self, news: Notification) -> None: ...
    def tick(self, now: float) -> float:
        """Look at the clocks; the monotonic s at which to do so again, message or not."""
        ...


class Session:
    """One conversation, from the upgrade to its end."""

    def __init__(self, name: str, sock: WebSocket, timing: Timing) -> None:
        self._name = name
        self._sock = sock
        self._timing = timing
        self._ending = ""
        self.calls = Calls()
        self.received = 0
        self.dropped = 0  # messages nobody could read or nobody asked for

    # -- for any thread ------------------------------------------------------------------------

    def end(self, kind: str) -> None:
        """Break it off: "asked", "silent" or "auth"."""
        self._ending = self._ending or kind
        self._sock.abort()

    def ask(self, method: str, params: Mapping[str, Any] | None = None, *, then: Then) -> None:
        """``then`` is called with the answer, in the session's thread (or at once when it ended).

        A session that breaks while sending ends by itself; ``then`` gets a lost answer.
        """
        call = self.calls.open(method, then)
        try:
            self._sock.send(encode(call.id, method, params))
        except Closed:
            self.end("lost")

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        timeout: float,
        late: Then | None = None,
    ) -> Answer | None:
        """Send once and wait; None after ``timeout`` s (``late`` gets an answer that comes then).

        Raises PrinterTimeout when the connection breaks before the answer: it may have been sent.
        """
        call = self.calls.open(method)
        try:
            self._sock.send(encode(call.id, method, params))
        except Closed as error:
            self.calls.forget(call)
            self.end("lost")
            raise PrinterTimeout(words.broken(self._name)) from error
        answer = call.wait(timeout, late)
        if answer is not None and answer.lost:
            raise PrinterTimeout(words.broken(self._name))
        return answer

    # -- the printer's thread ------------------------------------------------------------------

    def run(self, listener: Listener) -> str:
        """Converse until it ends; why: "lost", "silent", "auth" or "asked"."""
        try:
            listener.session_up(self)
            again = 0.0
            while not self._ending:
                again = self._turn(listener, again)
        except Closed:
            self._ending = self._ending or "lost"
        finally:
            self.calls.end()
            self._sock.close()
        return self._ending

    def _turn(self, listener: Listener, until: float) -> float:
        """One message, or none by ``until``; the next such moment."""
        timing = self._timing
        left = until - time.monotonic()
        message = self._sock.receive(min(timing.tick, max(timing.tick_soon, left)))
        if message is not None:
            self._take(message, listener)
        now = time.monotonic()
        self._look_at_clocks(now)
        return listener.tick(now)

    def _take(self, message: str, listener: Listener) -> None:
        self.received += 1
        news = decode(message)
        if isinstance(news, Notification):
            listener.notified(news)
        elif news is None or not self.calls.settle(*news):
            self.dropped += 1

    def _look_at_clocks(self, now: float) -> None:
        """A half-open link is silent; a stuck server leaves the simplest question unanswered."""
        asked = self.calls.oldest("server.info")
        unanswered = asked is not None and now - asked > self._timing.silent
        if unanswered or now - self._sock.heard_at > self._timing.silent:
            self.end("silent")


class Connector:
    """Opens sessions. The key goes to the configured server only."""

    def __init__(
        self,
        name: str,
        address: Address,
        trust: Trust,
        web: HttpClient,
        key: Secret,
    ) -> None:
        self._name = name
        self._address = address
        self._trust = trust
        self._web = web
        self._key = key

    def open(self, dialer: Dialer, timing: Timing) -> Session:
        """Raises OSError (ssl errors included), HandshakeRefused, Closed, FarmError; Answered
        with code "auth" when the key is refused."""
        self._trust.check(dialer)
        path = WEBSOCKET + (self._token() if self._key else "")
        sock = WebSocket.open(dialer, self._address, self._trust, path, {})
        return Session(self._name, sock, timing)

    def forget(self) -> None:
        """Idle HTTP connections: they may be as dead as the session that was lost."""
        self._web.close()

    def _token(self) -> str:
        """A one-shot token, so that the key itself is in no upgrade request. Servers without the
        way to get one are signed in to by identify alone."""
        try:
            token = (
                self._web.request("GET", ONE_SHOT, timeout=_TOKEN_TIMEOUT_S).object().get("result")
            )
        except Answered as error:
            if error.http_status in (401, 403):
                raise
            return ""
        except Malformed:
            return ""
        return f"?token={quote(token, safe='')}" if isinstance(token, str) and token else ""

    def identity(self) -> dict[str, str]:
        """The parameters of server.connection.identify."""
        params = {
            "client_name": CLIENT_NAME,
            "version": CLIENT_VERSION,
            "type": "other",
            "url": "http://localhost/",
        }
        if self._key:
            params["api_key"] = self._key.reveal()
        return params


def require(session: Session | None, name: str) -> Session:
    """Raises PrinterOffline: certainly nothing was sent."""
    if session is None:
        raise PrinterOffline(words.not_sent(name))
    return session
