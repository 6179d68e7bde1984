"""Digest authentication of RTSP as live555 does it: RFC 2617 with MD5 and without qop."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.request import parse_http_list, parse_keqv_list

from simulator.bambu.rtsp.messages import Request

USER = "bblp"
REALM = "LIVE555 Streaming Media"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class DigestGate:
    """The sign-in of one connection. Each refusal comes with a nonce of its own."""

    def __init__(self) -> None:
        self._nonce = ""

    def challenge(self) -> str:
        """The value of WWW-Authenticate; earlier answers are worthless from now on."""
        self._nonce = secrets.token_hex(16)
        return f'Digest realm="{REALM}", nonce="{self._nonce}"'

    def accepts(self, request: Request, code: str) -> bool:
        """Whether the request proves that its sender knows the access code."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "digest" or not self._nonce:
            return False
        try:
            given = parse_keqv_list(parse_http_list(rest))
        except ValueError:
            return False
        if given.get("username") != USER or given.get("nonce") != self._nonce:
            return False
        secret = _md5(f"{USER}:{REALM}:{code}")
        asked = _md5(f"{request.method}:{given.get('uri', '')}")
        wanted = _md5(f"{secret}:{self._nonce}:{asked}")
        return hmac.compare_digest(wanted.encode(), given.get("response", "").encode())
