"""HTTP Basic and a session cookie in front of every route. Default: deny.

The cookie exists because browsers do not send Basic credentials with every WebSocket handshake
(Safari) and image. It is an HMAC over its expiry, bound to the configured user and password.
The slicers' routes also open to a send key, which opens nothing else and never gets a cookie.
A rig's line opens to that rig's token and to nothing else; /metrics opens to its own token too.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from pathlib import Path

from flask import Flask, Response, g, request

from core.clock import Clock
from core.config import FarmConfig, ServerConfig
from core.errors import FarmError
from core.files import write_durably
from web.attempts import Attempts
from web.errors import Forbidden, TooManyRequests, Unauthorized, Unavailable
from web.guards import Proxies, is_ip
from web.rig_keys import ENDPOINT as RIG_ENDPOINT
from web.rig_keys import RigKeys
from web.scrape_token import ENDPOINT as METRICS_ENDPOINT
from web.scrape_token import ScrapeToken
from web.send_keys import BLUEPRINT, SendKeys

logger = logging.getLogger(__name__)

PUBLIC = frozenset({"/healthz"})
"""Paths without authentication. Anything else is denied by default."""
OPEN = frozenset({"defects.picture"})
"""Endpoints without authentication: their random address is the key."""
COOKIE = "farm_session"
SESSION_S = 30 * 86_400
_RENEW_S = 86_400


def refuse_wide_bind(config: FarmConfig) -> str | None:
    """The sentence why this configuration must not listen, None when it may."""
    server = config.server
    if bool(server.user) != bool(server.password):
        missing = "DASH_PASS" if server.user else "DASH_USER"
        return f"Only one of DASH_USER and DASH_PASS is set. Set {missing} too, or neither."
    if server.auth_required or server.no_auth or _is_loopback(server.host):
        return None
    return (
        f"Refusing to listen on {server.host} without a password: anyone on the network could "
        "move your printers. Set DASH_USER and DASH_PASS, or start with --no-auth-i-know."
    )


def _is_loopback(host: str) -> bool:
    import ipaddress

    name = host.strip("[]").lower()
    return name == "localhost" or (is_ip(name) and ipaddress.ip_address(name).is_loopback)


class Sessions:
    """Makes and reads cookies "expiry.signature"."""

    def __init__(self, key: bytes, server: ServerConfig) -> None:
        identity = f"{server.user}\0{server.password.reveal()}".encode()
        self._key = hmac.digest(key, identity, hashlib.sha256)

    def _sign(self, expiry: str) -> str:
        return hmac.new(self._key, expiry.encode(), hashlib.sha256).hexdigest()

    def make(self, now: float) -> str:
        expiry = str(int(now) + SESSION_S)
        return f"{expiry}.{self._sign(expiry)}"

    def expiry(self, cookie: str, now: float) -> float | None:
        """Epoch seconds until which the cookie holds, None when it does not."""
        expiry, _, signature = cookie.partition(".")
        genuine = hmac.compare_digest(self._sign(expiry).encode(), signature.encode())
        if not genuine or not expiry.isascii() or not expiry.isdigit():
            return None
        return float(expiry) if now < int(expiry) else None


def session_key(folder: Path) -> bytes:
    """The signing key of this data folder (0600), made on first use; survives restarts."""
    path = folder / "session.key"
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = b""
    if len(key) < 32:
        key = secrets.token_bytes(32)
        write_durably(path, key)
    return key


class Auth:
    """before_request and after_request of every route."""

    def __init__(
        self, config: FarmConfig, clock: Clock, proxies: Proxies, send_keys: SendKeys
    ) -> None:
        self._server = config.server
        self._clock = clock
        self._proxies = proxies
        self._send_keys = send_keys
        self._attempts = Attempts(clock)
        self._key_attempts = Attempts(clock)  # a slicer with an old key must not lock people out
        self._rig_keys = RigKeys(config.rigs)
        self._rig_attempts = Attempts(clock)  # nor a rig with an old token
        self._scrape_token = ScrapeToken(config.metrics.token, clock)
        self._sessions: Sessions | None = None
        if self._server.auth_required:
            self._sessions = Sessions(session_key(config.data_dir), self._server)

    def install(self, app: Flask) -> None:
        app.before_request(self.require)
        app.after_request(self.remember)

    def require(self) -> None:
        """Deny unless proven otherwise; a fault in here denies too."""
        g.user, g.session_expires, g.session_wanted, g.send_key = "", None, False, ""
        if request.path in PUBLIC or request.endpoint in OPEN:
            return
        try:
            self._authenticate()
        except FarmError:
            raise
        except Exception as error:
            logger.exception("Authentication failed with an error, request denied")
            raise Unavailable("Signing in does not work at the moment.", code="auth") from error

    def _authenticate(self) -> None:
        if self._sessions is None and (self._server.user or self._server.password):
            raise Unauthorized("The farm's user or password is not set completely.")
        if request.endpoint == RIG_ENDPOINT:
            self._check_rig()
        elif request.endpoint == METRICS_ENDPOINT and self._scrape_token.given(_authorization()):
            self._scrape_token.check(_authorization(), self._proxies.client())
        elif request.blueprint == BLUEPRINT and (key := _given_key()):
            self._check_key(key)
        elif self._sessions is not None:
            self._sign_in(self._sessions)

    def _check_key(self, key: bytes) -> None:
        """Right or refused, whatever else the request carries; also where no password is set."""
        address = self._proxies.client()
        if self._key_attempts.exceeded(address):
            raise TooManyRequests("Too many wrong keys. Wait a minute and try again.")
        found = self._send_keys.find(key)
        if found is None:
            self._key_attempts.note(address)
            logger.warning("Wrong send key from %s", address)
            raise Forbidden(
                "The farm does not know this API key. Make a new one in the farm's settings.",
                code="wrong_key",
            )
        g.send_key = found.name

    def _check_rig(self) -> None:
        """The rigs' line opens to their tokens only, also where no password is set."""
        address = self._proxies.client()
        rig_id = str((request.view_args or {}).get("rig_id", ""))
        try:
            self._rig_keys.check(
                rig_id,
                request.headers.get("Authorization", ""),
                exceeded=self._rig_attempts.exceeded(address),
            )
        except Unauthorized:
            self._rig_attempts.note(address)
            logger.warning("Wrong token of a rig from %s", address)
            raise

    def _sign_in(self, sessions: Sessions) -> None:
        now = self._clock.time()
        cookie = request.cookies.get(COOKIE, "")
        expiry = sessions.expiry(cookie, now) if cookie else None
        if expiry is not None:
            g.user, g.session_expires = self._server.user, expiry
            g.session_wanted = expiry - now < SESSION_S - _RENEW_S and self._basic() is True
            return
        address = self._proxies.client()
        if self._attempts.exceeded(address):
            raise TooManyRequests("Too many wrong passwords. Wait a minute and try again.")
        answer = self._basic()
        if answer:
            g.user, g.session_wanted = self._server.user, True
            return
        if answer is False:
            self._attempts.note(address)
            logger.warning("Wrong user or password from %s", address)
        raise Unauthorized("Sign in with the farm's user name and password.")

    def _basic(self) -> bool | None:
        """Whether the Basic credentials are right; None without any. Both are always compared."""
        try:
            given = request.authorization
        except ValueError:  # werkzeug raises for a header that is not ASCII
            return False
        if given is None or given.type != "basic":
            return None
        user = (given.username or "").encode()
        right_user = hmac.compare_digest(user, self._server.user.encode())
        right_password = self._server.password.matches(given.password or "")
        return right_user & right_password

    def remember(self, response: Response) -> Response:
        if self._sessions is not None and g.get("session_wanted") and response.status_code < 400:
            response.set_cookie(
                COOKIE,
                self._sessions.make(self._clock.time()),
                max_age=SESSION_S,
                httponly=True,
                samesite="Strict",
                secure=self._proxies.scheme() == "https",
                path="/",
            )
        return response


def _authorization() -> str:
    return request.headers.get("Authorization", "")


def _given_key() -> bytes:
    """The key of X-Api-Key or "Authorization: Bearer", as the bytes that were sent; b"" = none."""
    given = request.headers.get("X-Api-Key", "").strip()
    if not given:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else ""
    return given.encode("latin-1", "replace")
