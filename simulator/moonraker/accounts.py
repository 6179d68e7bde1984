"""Who may use the API: the key, one-shot tokens, users with bearer tokens, trusted clients."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from simulator.moonraker.errors import ServerError

API_USER, TRUSTED_USER = "_API_KEY_USER_", "_TRUSTED_USER_"
OPEN_PATHS = frozenset({"/access/info", "/access/login", "/access/refresh_jwt"})
OPEN_METHODS = frozenset({"access.info", "access.login", "access.refresh_jwt"})
_ONE_SHOT_S, _TOKEN_S = 5.0, 3600.0
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Accounts:
    """``key()`` is the key demanded now; "" = every client is trusted."""

    def __init__(self, key: Callable[[], str]) -> None:
        self._key = key
        self._one_shot: dict[str, float] = {}
        self._users: dict[str, str] = {}
        self._tokens: dict[str, tuple[str, float]] = {}
        self.created_on = time.time()

    @property
    def trusting(self) -> bool:
        """Whether clients need no key."""
        return not self._key()

    def who(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """The user of a request; None for nobody. A wrong key is refused even when trusting."""
        bearer = headers.get("Authorization", "")
        if bearer.startswith("Bearer "):
            return self._bearer(bearer[7:])
        if "X-Api-Key" in headers:
            return API_USER if self.key_is(headers["X-Api-Key"]) else None
        if "token" in query:
            return API_USER if self._redeem(query["token"]) else None
        return TRUSTED_USER if self.trusting else None

    def key_is(self, text: str) -> bool:
        """Whether this is the key."""
        return bool(text) and secrets.compare_digest(text.encode(), self._key().encode())

    def one_shot(self) -> str:
        """A token for one request within five seconds."""
        token = "".join(secrets.choice(_ALPHABET) for _ in range(32))
        self._one_shot[token] = time.monotonic() + _ONE_SHOT_S
        return token

    def _redeem(self, token: str) -> bool:
        return self._one_shot.pop(token, 0.0) > time.monotonic()

    def _bearer(self, token: str) -> str | None:
        name, until = self._tokens.get(token, ("", 0.0))
        return name if until > time.time() else None

    def create(self, name: str, password: str) -> dict[str, Any]:
        """A new user. Raises ServerError 400 when the name is taken."""
        if name in self._users:
            raise ServerError(f"User {name} already exists")
        self._users[name] = password
        return {**self._signed_in(name), "action": "user_created"}

    def login(self, name: str, password: str) -> dict[str, Any]:
        """Raises ServerError 400."""
        if name not in self._users:
            raise ServerError(f"Unregistered User: {name}")
        if not secrets.compare_digest(self._users[name].encode(), password.encode()):
            raise ServerError("Invalid Password")
        return {**self._signed_in(name), "action": "user_logged_in"}

    def _signed_in(self, name: str) -> dict[str, Any]:
        token = _token({"username": name, "token_type": "access", "exp": time.time() + _TOKEN_S})
        self._tokens[token] = (name, time.time() + _TOKEN_S)
        refresh = _token({"username": name, "token_type": "refresh"})
        return {"username": name, "token": token, "source": "moonraker", "refresh_token": refresh}


def _token(claims: dict[str, Any]) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = json.dumps({"alg": "EdDSA", "typ": "JWT"}).encode()
    return ".".join(part(p) for p in (head, json.dumps(claims).encode(), secrets.token_bytes(64)))
