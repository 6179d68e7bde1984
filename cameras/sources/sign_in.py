"""Answers a camera that wants a user and password: Digest (RFC 2617) or Basic, by the standard
library's own arithmetic."""

from __future__ import annotations

import base64
from typing import Any, cast
from urllib.error import URLError
from urllib.request import (
    AbstractDigestAuthHandler,
    HTTPPasswordMgr,
    parse_http_list,
    parse_keqv_list,
)

from core.secret import Secret


class SignIn:
    """Remembers the camera's last challenge, so that only the first request is refused."""

    def __init__(self, user: str, secret: Secret) -> None:
        self._user = user
        self._secret = secret
        self._digest: dict[str, str] | None = None
        self._handler = AbstractDigestAuthHandler(_Passwords(user, secret))
        self._basic = False

    def learn(self, challenges: list[str]) -> bool:
        """The WWW-Authenticate headers of a refusal; False when none of them can be answered."""
        self._digest, self._basic = None, False
        if not self._user and not self._secret:
            return False
        for challenge in challenges:
            scheme, _, rest = challenge.partition(" ")
            if scheme.lower() == "digest":
                self._digest = _fields(rest)
            self._basic = self._basic or scheme.lower() == "basic"
        if self._digest is not None and not self._answer("OPTIONS", "*"):
            self._digest = None  # an arithmetic that nobody here knows
        return self._digest is not None or self._basic

    def header(self, method: str, uri: str) -> str:
        """The Authorization for this request, "" while the camera has asked for none."""
        if self._digest is not None:
            return f"Digest {self._answer(method, uri)}"
        if self._basic:
            pair = f"{self._user}:{self._secret.reveal()}"
            return "Basic " + base64.b64encode(pair.encode()).decode()
        return ""

    def _answer(self, method: str, uri: str) -> str:
        try:
            request = cast(Any, _Request(method, uri))
            return self._handler.get_authorization(request, self._digest or {}) or ""
        except (ValueError, URLError):
            return ""


class _Passwords(HTTPPasswordMgr):
    """One user for every realm and address: the relay talks to one camera only."""

    def __init__(self, user: str, secret: Secret) -> None:
        super().__init__()
        self._user = user
        self._secret = secret

    def find_user_password(self, realm: str, authuri: str) -> tuple[str | None, str | None]:
        del realm, authuri
        return self._user, self._secret.reveal()


class _Request:
    """The little of a urllib Request that the handler looks at."""

    data = None

    def __init__(self, method: str, uri: str) -> None:
        self._method = method
        self.selector = self.full_url = uri

    def get_method(self) -> str:
        return self._method


def _fields(text: str) -> dict[str, str]:
    try:
        fields = parse_keqv_list(parse_http_list(text))
    except (ValueError, IndexError):
        return {}
    if "algorithm" in fields:
        fields["algorithm"] = fields["algorithm"].upper()
    return fields
