"""WS /api/ws: hello, snapshot, deltas. Read-only; commands go by HTTP (ui.md section 9)."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from flask import Flask, g, request
from flask_sock import Sock

from core import jsonio
from web.browser import Browser
from web.errors import Unavailable
from web.frames import FrameSelector, FrameSocket, text_frame
from web.services import Services
from web.status_body import StatusBody

logger = logging.getLogger(__name__)

PATH = "/api/ws"
PING_S = 20
MAX_PAGES = 64
CLOSE_SIGN_IN = 4401
_MAX_MESSAGE = 4096
_MAX_SUBSCRIBED = 32


class Channel(Protocol):
    """What is used of simple_websocket.Server."""

    sock: FrameSocket
    event: Any
    connected: bool

    def receive(self, timeout: float | None = None) -> str | bytes | None: ...

    def close(self, reason: int | None = None, message: str | None = None) -> None: ...


class PanelSocket:
    """One connection: its thread sleeps until the page says something or frames wait."""

    def __init__(self, channel: Channel, services: Services, body: StatusBody) -> None:
        self._channel = channel
        self._services = services
        self._expires: float | None = g.get("session_expires")
        clock = services.clock

        def snapshot() -> tuple[int, bytes]:
            state = services.hub.state
            return state.seq, body.frame(state, clock.time())

        self._browser = Browser(channel.sock, channel.event, clock, snapshot)

    def serve(self, since: int | None) -> None:
        """Until the page leaves, stalls or its session ends."""
        browser, channel = self._browser, self._channel
        hub = self._services.hub
        try:
            self._send(self._hello())
            hub.attach(browser, since)
            browser.pump()
            while channel.connected and not browser.gone:
                channel.event.wait(browser.patience_s)
                channel.event.clear()
                while (message := channel.receive(timeout=0)) is not None:
                    self._hear(message)
                browser.pump()
                if self._session_is_over():
                    channel.close(CLOSE_SIGN_IN, "Sign in again")
                    return
        except OSError as error:
            logger.info("A page was dropped: %s", error)
        finally:
            hub.detach(browser)

    def _session_is_over(self) -> bool:
        return self._expires is not None and self._services.clock.time() >= self._expires

    def _send(self, message: dict[str, Any]) -> None:
        self._browser.send(text_frame(jsonio.dumps(message)))

    def _hello(self) -> dict[str, Any]:
        services = self._services
        return {
            "t": "hello",
            "v": 1,
            "seq": services.hub.state.seq,
            "server": {
                "version": services.version,
                "started": services.started_at,
                "now": round(services.clock.time(), 3),
            },
            "user": {"name": g.get("user", ""), "can": ["read", "control"]},
            "ws_ping": PING_S,
        }

    def _hear(self, raw: str | bytes) -> None:
        """One message of the page; what cannot be understood is ignored."""
        try:
            message = jsonio.loads(raw)
        except jsonio.JSONDecodeError:
            return
        if not isinstance(message, dict):
            return
        kind = message.get("t")
        if kind == "ping":
            self._send({"t": "pong"})
        elif kind == "vis":
            self._browser.set_hidden(message.get("hidden") is True)
        elif kind in ("resync", "snapshot"):
            self._browser.resync()
        elif kind in ("sub", "unsub"):
            self._subscribe(message, kind == "sub")

    def _subscribe(self, message: dict[str, Any], wanted: bool) -> None:
        what, names = message.get("what"), message.get("printers")
        if not isinstance(names, list) or (isinstance(what, list) and "temps" not in what):
            return
        known = self._services.hub.state.docs
        chosen = frozenset(n for n in names[:_MAX_SUBSCRIBED] if isinstance(n, str) and n in known)
        if not wanted:
            self._browser.temps = self._browser.temps - chosen
            return
        self._browser.temps = frozenset(sorted(self._browser.temps | chosen)[:_MAX_SUBSCRIBED])
        for name in sorted(chosen):
            self._send({"t": "temps", "printer": name, **self._services.history.read(name)})


def _since() -> int | None:
    value = request.args.get("since", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 17 else None


def install(app: Flask, services: Services, body: StatusBody) -> None:
    """The route. flask-sock is told to ping and to refuse long messages."""
    app.config["SOCK_SERVER_OPTIONS"] = {
        "ping_interval": PING_S,
        "max_message_size": _MAX_MESSAGE,
        "selector_class": FrameSelector,
    }
    sock = Sock(app)

    def limit() -> None:
        if request.path.rstrip("/") == PATH and services.hub.browsers >= MAX_PAGES:
            raise Unavailable("Too many pages are open at once. Close some and reload this one.")

    app.before_request(limit)

    @sock.route(PATH)  # type: ignore[untyped-decorator]
    def panel(channel: Channel) -> None:
        PanelSocket(channel, services, body).serve(_since())
