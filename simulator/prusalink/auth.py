"""Signing in to PrusaLink: X-Api-Key, or HTTP digest (MD5-sess with qop beside an MK3, plain MD5
without qop in the firmware)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from urllib.request import parse_http_list, parse_keqv_list

from aiohttp import web

_NONCES_KEPT = 200


def md5(*parts: str) -> str:
    """Of the parts joined with ":"."""
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Digest:
    """The challenges of one server."""

    user: str
    password: str = field(repr=False)
    realm: str
    session: bool  # MD5-sess and qop=auth
    nonces: dict[str, int] = field(default_factory=dict)
    """Those given, with how often each was used."""

    def challenge(self, *, stale: bool = False) -> str:
        """A WWW-Authenticate header with a new nonce."""
        nonce = secrets.token_hex(32 if self.session else 8)
        self.nonces[nonce] = 0
        while len(self.nonces) > _NONCES_KEPT:
            del self.nonces[next(iter(self.nonces))]
        if self.session:
            opaque = md5(self.realm, "opaque") * 2
            return (
                f'Digest realm="{self.realm}",qop="auth",algorithm="MD5-sess",'
                f'nonce="{nonce}",opaque="{opaque}"'
            )
        return f'Digest realm="{self.realm}", nonce="{nonce}", stale={str(stale).lower()}'

    def accepts(self, request: web.Request, uses: int) -> bool:
        """Whether the Authorization header answers one of the challenges for this very request.

        A nonce is good for ``uses`` requests, 0 = any number.
        """
        word, _, rest = request.headers.get("Authorization", "").partition(" ")
        if word.lower() != "digest":
            return False
        said = parse_keqv_list(parse_http_list(rest))
        if said.get("nonce") not in self.nonces or said.get("username") != self.user:
            return False
        if said.get("uri") != request.raw_path:
            return False
        if not secrets.compare_digest(said.get("response", ""), self._response(said, request)):
            return False
        self.nonces[said["nonce"]] += 1
        return uses == 0 or self.nonces[said["nonce"]] <= uses

    def _response(self, said: dict[str, str], request: web.Request) -> str:
        first = md5(self.user, self.realm, self.password)
        second = md5(request.method, said["uri"])
        if not self.session:
            return md5(first, said["nonce"], second)
        cnonce = said.get("cnonce", "")
        first = md5(first, said["nonce"], cnonce)
        return md5(first, said["nonce"], said.get("nc", ""), cnonce, said.get("qop", ""), second)
